"""Associations: PDUs and messages of one connection -> who negotiated what, exchanged what, and how it ended.

`conversation` drives the stages below for one connection and fills an `association`: its `state`, `negotiation`
(in words: `agreement`), `timeline`, `message_counts`, and `timing`, which `time_account` works out. `links` finds what
belongs together, once associations are over: `moves`, `gets`, and `normalized_links`.
"""
