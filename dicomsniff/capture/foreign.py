"""Files that are no captures, told by their first bytes, and the one thing to do about each."""

import re
import shlex
import tarfile
from collections.abc import Callable
from typing import Literal, NamedTuple

from dicomsniff.capture.compression import COMPRESSIONS

HEAD = 1024
"""Bytes of a file that tell what it is."""
_EDITCAP = "`editcap -F pcapng {file} new.pcapng` makes a capture of it"
_UNTAR = "unpack it: `tar -xf {file}`"
_RECORD = "record packets instead: `tcpdump -w new.pcap`"
_DUMP = "dicomsniff reads what is sent over networks, `dcmdump {option}{{file}}` what is in such files"
_DIRECT = "open the capture that it was made from"

_EXPLICIT_VRS = frozenset(
    b"AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN UR US UT UV".split()
)
_LONG_VRS = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
_FIRST_GROUPS = (2, 8)
"""Groups that data sets begin with."""
_MAX_FIRST = 512
"""Bytes of an element that a data set begins with."""
_Order = Literal["little", "big"]


class Foreign(NamedTuple):
    """A kind of file that people take for a capture."""

    name: str
    """What it is, with its article."""
    matches: Callable[[bytes], bool]
    advice: str
    """What to do; `{file}` stands for its name."""

    def explanation(self, file: str, compressed_by: str) -> str:
        """Say what a file is, and what to do, where it is so compressed; an empty name where it is not."""
        if not compressed_by:
            return f"it is {self.name}, which dicomsniff does not read; {self.advice.format(file=file)}"
        what = f"it is {self.name}, compressed by {compressed_by}, which dicomsniff does not read"
        if self.advice in (_EDITCAP, _UNTAR):  # which decompress by themselves
            return f"{what}; {self.advice.format(file=file)}"
        return f"{what}; first `{compressed_by} -d {file}`, then {self.advice.format(file='FILE')}"


def _begins(*magics: bytes, at: int = 0) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(magics, at)


def _reads(pattern: bytes) -> Callable[[bytes], bool]:
    """Match text, behind a byte order mark and white space."""
    compiled = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:" + pattern + rb")", re.IGNORECASE)
    return lambda head: compiled.match(head) is not None


def _is_tar(head: bytes) -> bool:
    """Whether it begins with a tar header whose checksum is right: the oldest kind has no magic number."""
    try:
        return bool(tarfile.TarInfo.frombuf(head[: tarfile.BLOCKSIZE], "utf-8", "replace").name)
    except tarfile.HeaderError:
        return False


def _is_event_trace(head: bytes) -> bool:
    """Whether it begins with an ETW buffer (72 bytes) and the system header of the first event, for 32 or 64 bits."""
    size, saved = (int.from_bytes(head[at : at + 4], "little") for at in (0, 4))
    return head[74:76] in (b"\x01\xc0", b"\x02\xc0") and size % 1024 == 0 and 0 < saved <= size


def _is_data_set(head: bytes) -> bool:
    """Whether it begins with two elements of a data set, explicit or implicit, of either byte order."""
    orders: tuple[_Order, ...] = ("little", "big")
    for order in orders:
        for read in (_explicit_length, _implicit_length):
            first, behind = read(head, 0, order)
            second, end = read(head, behind, order) if behind else (0, 0)
            if end and first < second and first >> 16 in _FIRST_GROUPS and second >> 16 in _FIRST_GROUPS:
                return True
    return False


def _implicit_length(head: bytes, at: int, order: _Order) -> tuple[int, int]:
    """Return the tag of an element without VR, and where it ends; 0 where there is none."""
    length = int.from_bytes(head[at + 4 : at + 8], order)
    return _tag(head, at, order), _end(head, at + 8, length)


def _explicit_length(head: bytes, at: int, order: _Order) -> tuple[int, int]:
    """Return the tag of an element with a VR, and where it ends; 0 where there is none."""
    vr = head[at + 4 : at + 6]
    if vr not in _EXPLICIT_VRS:
        return 0, 0
    long = vr in _LONG_VRS
    length = int.from_bytes(head[at + 8 : at + 12] if long else head[at + 6 : at + 8], order)
    return _tag(head, at, order), _end(head, at + (12 if long else 8), length)


def _tag(head: bytes, at: int, order: _Order) -> int:
    return int.from_bytes(head[at : at + 2], order) << 16 | int.from_bytes(head[at + 2 : at + 4], order)


def _end(head: bytes, at: int, length: int) -> int:
    return at + length if length <= _MAX_FIRST and at + length <= len(head) else 0


_HEX = rb"[0-9a-f]"
_PLACE = rb"(?:0x)?" + _HEX + rb"{3,8}"
_MAGIC = rb" +(?:d4 ?c3 ?b2 ?a1|a1 ?b2 ?c3 ?d4|4d ?3c ?b2 ?a1|a1 ?b2 ?3c ?4d|0a ?0d ?0d ?0a|73 ?6e ?6f ?6f) "
_CLOCK = rb"(?:\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d\.\d{3,9}"
FOREIGN = (
    Foreign("a zip archive", _begins(b"PK\x03\x04", b"PK\x05\x06"), "unpack it: `unzip {file}`"),
    Foreign("a tar archive", _is_tar, _UNTAR),
    Foreign("a 7z archive", _begins(b"7z\xbc\xaf\x27\x1c"), "unpack it: `7z x {file}`"),
    Foreign("a rar archive", _begins(b"Rar!\x1a\x07"), "unpack it: `unrar x {file}`"),
    Foreign("a file compressed by compress", _begins(b"\x1f\x9d"), "unpack it: `gzip -d {file}`"),
    Foreign("a cabinet", _begins(b"MSCF\0\0\0\0"), "unpack it: `cabextract {file}`"),
    *(
        Foreign(f"a {each.name} file", _begins(each.magic), "it is compressed twice: decompress it once")
        for each in COMPRESSIONS
    ),
    Foreign("a DICOM file", _begins(b"DICM", at=128), _DUMP.format(option="")),
    Foreign("a DICOM data set without file header", _is_data_set, _DUMP.format(option="-f ")),
    Foreign(
        "a stream of DICOM without packets",
        lambda head: head.startswith(b"\x01\x00") and head[6:10] == b"\x00\x01\x00\x00",
        "`od -Ax -tx1 -v {file} | text2pcap -T 40000,104 - new.pcap` puts them into packets",
    ),
    Foreign("a Windows event trace (ETL)", _is_event_trace, "`etl2pcapng.exe {file} new.pcapng` makes a capture of it"),
    Foreign("a Microsoft Network Monitor capture", _begins(b"GMBU", b"RTSS"), _EDITCAP),
    Foreign("a Sniffer capture", _begins(b"TRSNIFF data    \x1a"), _EDITCAP),
    Foreign("a NetXRay or Windows Sniffer capture", _begins(b"XCP\0", b"VL\0\0"), _EDITCAP),
    Foreign("a LANalyzer capture", _begins(b"Trace Display ", at=6), _EDITCAP),
    Foreign("a Network Instruments Observer capture", _begins(b"ObserverPktBufferVersion="), _EDITCAP),
    Foreign("an OmniPeek capture", _begins(b"\x7fver"), _EDITCAP),
    Foreign("a NetScaler trace", lambda head: b"NetScaler" in head[:64], _EDITCAP),
    Foreign("a K12 capture", _begins(b"\x00\x00\x02\x00\x12\x05\x00\x10"), _EDITCAP),
    Foreign("a K12 text file", _begins(b"+---------+---------------+----------+"), _EDITCAP),
    Foreign("a Visual Networks capture", _begins(b"\x05VNF"), _EDITCAP),
    Foreign("a 5Views capture", _begins(b"\xaa\xaa\xaa\xaa"), _EDITCAP),
    Foreign("a RADCOM capture", _begins(b"\x42\xd2\x00\x34\x12\x66\x22\x88"), _EDITCAP),
    Foreign("an AIX iptrace capture", _begins(b"iptrace 1.0", b"iptrace 2.0"), _EDITCAP),
    Foreign("an HP-UX nettl trace", _begins(b"TR\x00d\x00"), _EDITCAP),
    Foreign("a Bluetooth log", _begins(b"btsnoop\0"), "there is no DICOM over Bluetooth"),
    Foreign(
        "a hex dump of a capture",
        _reads(_PLACE + rb":" + _MAGIC),
        "`xxd -r {file} new.pcap` brings the capture back",
    ),
    Foreign(
        "a hex dump of a capture",
        _reads(_PLACE + _MAGIC),
        "`sed 's/^[^ ]*//; s/|.*//' {file} | xxd -r -p - new.pcap` brings the capture back",
    ),
    Foreign(
        "a hex dump",
        _reads(_PLACE + rb": +(?:" + _HEX + rb"{4} +){2}"),
        "`xxd -r {file} | od -Ax -tx1 -v | text2pcap - new.pcap` makes a capture of a packet in hex",
    ),
    Foreign(
        "a hex dump",
        _reads(_PLACE + rb":?\s+(?:" + _HEX + rb"{2}\s+){2}"),
        "`text2pcap {file} new.pcap` makes a capture of packets in hex",
    ),
    Foreign(
        "what tcpdump prints",
        _reads(_CLOCK + rb" (?:IP6? |ARP|\S+ +(?:In|Out) |" + _HEX + rb"{2}:" + _HEX + rb"{2}:)"),
        "it has no packets; " + _RECORD,
    ),
    Foreign(
        "what tshark prints",
        _reads(
            rb"\d+\s+\d+\.\d+\s+\S+\s+(?:\xe2\x86\x92|->)\s|Frame \d+: \d+ bytes on wire|"
            rb'\[\s*\{\s*"_index": ?"packets-|\{"index": ?\{"_index": ?"packets-|'
            rb"<\?xml[^>]*\?>[\s\S]{0,400}<p[ds]ml|<p[ds]ml"
        ),
        "open the capture that tshark read, or record packets: `tshark -w new.pcapng`",
    ),
    Foreign("what dicomsniff exported", _reads(rb'\{\s*(?:"kind": "transcript",\s*)?"schema": "dicomsniff\.'), _DIRECT),
    Foreign("what dicomsniff found", _reads(rb'\{"kind": "finding"'), _DIRECT),
    Foreign("a browser's HTTP archive (HAR)", _reads(rb'\{\s*"log"\s*:\s*\{'), "it has no packets; " + _RECORD),
    Foreign(
        "a web page",
        _reads(rb"<!doctype html|<html"),
        "a download that has failed, or wants a login: open it in a browser",
    ),
    Foreign("a Git LFS pointer", _reads(rb"version https://git-lfs"), "get the file itself: `git lfs pull`"),
    Foreign("a PDF document", _begins(b"%PDF-"), "ask for the capture itself"),
    Foreign("a picture", _begins(b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8"), "ask for the capture itself"),
    Foreign("an XML document", _reads(rb"<\?xml"), "ask for the capture itself"),
    Foreign("a JSON document", _reads(rb'[\[{]\s*["{\[]'), "ask for the capture itself"),
    Foreign(
        "nothing but zeros at its beginning",
        lambda head: len(head) >= 16 and not head.strip(b"\0"),
        "copying or recording it has failed",
    ),
)
"""Every kind that is told, those that others look like first."""


def explain(head: bytes, path: str, compressed_by: str) -> str:
    """Say what a file is that is no capture, by its first HEAD bytes, and what to do about it.

    `compressed_by` is the compression whose content the bytes are; empty where there is none.
    """
    file = shlex.quote(path) if path != "-" else "FILE"
    for kind in FOREIGN:
        if kind.matches(head):
            return kind.explanation(file, compressed_by)
    what = f"not a capture (begins with {head[:4].hex(' ')}"
    return f"{what}{', compressed by ' * bool(compressed_by)}{compressed_by}); expected pcap, pcapng or snoop"
