"""Addresses that stand for those of a network, of cards and of hosts: the same for the same one, as long."""

from dicomsniff.capture.headers import TAGS

MAX_ADDRESSES = 1 << 20
"""Addresses told apart; later ones share one."""
_ETHERNET, _LINUX_COOKED, _LINUX_COOKED_2, _WIRELESS, _RADIOTAP = 1, 113, 276, 105, 127
_ETHERTYPES = (0x0800, 0x86DD)
_PREFIXES = {4: b"\x0a", 6: b"\x02", 16: b"\xfd"}
"""What stand-ins begin with: a private network, a card's local address, a unique local address (RFC 1918, RFC 4193)."""


class Addresses:
    """Gives addresses stand-ins, numbered as they come; those of groups stand for themselves."""

    def __init__(self) -> None:
        self._known: dict[bytes, bytes] = {}

    def of(self, address: bytes) -> bytes:
        """Return what stands for an address of 4, 6 or 16 bytes."""
        if not any(address) or set(address) == {0xFF} or (len(address) == 6 and address[0] & 1):
            return address
        found = self._known.get(address)
        if found is None:
            number = min(len(self._known) + 1, MAX_ADDRESSES)
            prefix = _PREFIXES[len(address)]
            found = prefix + number.to_bytes(len(address) - 1, "big")
            if len(self._known) < MAX_ADDRESSES:
                self._known[address] = found
        return found

    def hide_link(self, link_type: int, frame: bytearray) -> None:
        """Overwrite the addresses before the IP packet."""
        if link_type == _ETHERNET:
            self._replace(frame, 0, 6)
            self._replace(frame, 6, 6)
        elif link_type == _LINUX_COOKED:
            self._hide_cooked(frame, int.from_bytes(frame[4:6], "big"), 6)
        elif link_type == _LINUX_COOKED_2:
            self._hide_cooked(frame, frame[11], 12)
        elif link_type in (_WIRELESS, _RADIOTAP):
            begin = int.from_bytes(frame[2:4], "little") if link_type == _RADIOTAP else 0
            both_ways = frame[begin + 1] & 3 == 3
            for place in (4, 10, 16, *([24] if both_ways else [])):
                self._replace(frame, begin + place, 6)

    def hide_inner_link(self, frame: bytearray, least: int, ip: int) -> None:
        """Overwrite the addresses of an Ethernet header right before an IP header, if one is there from `least` on."""
        begin = ip - 2
        while begin >= least + 4 and int.from_bytes(frame[begin - 4 : begin - 2], "big") in TAGS:
            begin -= 4
        if begin >= least + 12 and int.from_bytes(frame[ip - 2 : ip], "big") in _ETHERTYPES:
            self._replace(frame, begin - 12, 6)
            self._replace(frame, begin - 6, 6)

    def hide_ip(self, frame: bytearray, ip: int) -> None:
        """Overwrite the addresses of an IP header; the checksum of that of IPv4 is put right by who knows it."""
        width, place = (4, 12) if frame[ip] >> 4 == 4 else (16, 8)
        self._replace(frame, ip + place, width)
        self._replace(frame, ip + place + width, width)

    def _hide_cooked(self, frame: bytearray, length: int, place: int) -> None:
        """Overwrite an address in a field of 8 bytes; of a length that no card has, with zeros."""
        address = bytes(frame[place : place + 6])
        frame[place : place + 8] = (self.of(address) if length == 6 else b"").ljust(8, b"\0")

    def _replace(self, frame: bytearray, place: int, width: int) -> None:
        frame[place : place + width] = self.of(bytes(frame[place : place + width]))
