"""The command line: each command, the options they share, and how captures are read, shown and followed for them."""
