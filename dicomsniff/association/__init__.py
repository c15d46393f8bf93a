"""Associations: PDUs and messages of one connection -> who negotiated what, exchanged what, and how it ended."""
