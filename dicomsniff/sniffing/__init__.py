"""Sniffing interfaces: a process that only captures, a spool it fills, and a source of packets that reads behind it.

```
 dumpcap | tcpdump | our own sockets  →  capturer.py  →  spool.py  →  source.py  →  the analyzer
 tools.py            ring.py sockets.py  writer.py                     (same as a file)
```

The capturer is a process of its own, so that nothing it must do waits for the analysis: what the analysis does not get
to at once lies in the spool. Both talk over one connection (`notes.py`); where that ends, the capturer ends.
"""
