"""TLS: the bytes of both sides of a connection and the secrets of its sessions come in, authenticated plaintext out."""
