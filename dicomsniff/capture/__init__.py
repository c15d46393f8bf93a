"""Packets: where they come from (files, pipes, interfaces) and the TCP segments in them."""
