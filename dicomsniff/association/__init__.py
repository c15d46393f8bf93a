"""Associations: PDUs and messages of one connection -> who negotiated what, exchanged what, and how it ended.

`conversation` drives the stages below for one connection and fills an `association`: its `state`, `negotiation`
(in words: `agreement`), `timeline`, `tally`, and `timing`, of which `clock` keeps account. `links` finds what belongs
together, once associations are over: `moves`, `gets`, and `instances` of normalized services.
"""
