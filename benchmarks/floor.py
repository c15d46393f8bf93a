"""The floor for plain Python: read a classic pcap's record, IP and TCP headers with struct, and nothing else."""

import struct
import sys

BLOCK = 1 << 20


def read_headers(path: str) -> tuple[int, int]:
    """Return how many TCP packets a little-endian Ethernet/IPv4 capture has, and their payload bytes."""
    record_header = struct.Struct("<8xL4x").unpack_from
    frame_header = struct.Struct(">12xHBxH5xB2xLL").unpack_from
    tcp_header = struct.Struct(">HHLLBB").unpack_from
    packets = payload = 0
    with open(path, "rb", buffering=0) as file:
        magic = file.read(24)[:4]
        if magic != b"\xd4\xc3\xb2\xa1":
            sys.exit("floor: only a little-endian pcap with microseconds")
        rest = b""
        while block := file.read(BLOCK):
            data, at = rest + block, 0
            limit = len(data) - 16
            while at <= limit:
                (length,) = record_header(data, at)
                frame = at + 16
                if frame + length > len(data):
                    break
                at = frame + length
                ether_type, version, total, protocol, _source, _target = frame_header(data, frame)
                if ether_type == 0x0800 and protocol == 6:
                    header = (version & 15) * 4
                    _from, _to, _position, _acked, offset, _flags = tcp_header(data, frame + 14 + header)
                    payload += total - header - (offset >> 4) * 4
                    packets += 1
            rest = data[at:]
    return packets, payload


if __name__ == "__main__":
    print(*read_headers(sys.argv[1]))
