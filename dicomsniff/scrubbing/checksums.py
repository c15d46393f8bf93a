"""The checksum of the Internet, put right where bytes under it change (RFC 1071, RFC 1624)."""

_MODULUS = 0xFFFF


def word_sum(data: bytes | bytearray | memoryview, at: int = 0) -> int:
    """Return the sum of 16-bit words of bytes that begin at offset `at` of what is summed up, modulo 65535."""
    odd = at & 1
    return (int.from_bytes(data, "big") << (8 if (len(data) + odd) & 1 else 0)) % _MODULUS


def is_right(total: int) -> bool:
    """Whether a sum of words, the checksum among them, says that the checksum is right."""
    return total % _MODULUS == 0


def adjusted(checksum: int, before: int, after: int) -> int:
    """Return a checksum when words that had the sum `before` have the sum `after`."""
    total = (_MODULUS - checksum - before + after) % _MODULUS
    return _MODULUS - (total or _MODULUS)
