"""PS3.8: the bytes of a stream -> PDUs and PDVs."""
