"""Files that are no captures: what each is said to be, and the command that helps."""

import io
import struct
import tarfile
from shlex import quote

import pytest

import build
from compressions import COMPRESSIONS
from data_sets import bare, short
from dicomsniff.capture.packets import CaptureError
from dicomsniff.capture.reader import CaptureReader


def tar(format_: int) -> bytes:
    """An archive of one file, as `tar` makes it."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=format_) as archive:
        archive.addfile(tarfile.TarInfo("capture.pcap"))
    return file.getvalue()


OLD_TAR = bytearray(tar(tarfile.USTAR_FORMAT)[:512])
OLD_TAR[257:265] = bytes(8)  # the magic number, which the oldest kind does not have
OLD_TAR[148:156] = b"%06o\0 " % (sum(OLD_TAR[:148]) + sum(OLD_TAR[156:]) + 8 * 32)

EVENT_TRACE = (
    struct.pack("<LLLLQQ", 65536, 1216, 1216, 1, 133_000_000_000_000_000, 0)  # size, saved and current offset, …
    + bytes(40)
    + b"\x02\x00\x02\xc0"  # version, header of a 64-bit system, marker
    + bytes(200)
)

EDITCAP = "`editcap -F pcapng FILE new.pcapng` makes a capture of it"
DCMDUMP = "dicomsniff reads what is sent over networks, `dcmdump FILE` what is in such files"
BARE_DUMP = DCMDUMP.replace("dcmdump", "dcmdump -f")

FILES: dict[str, tuple[bytes, str, str]] = {
    "zip": (b"PK\x03\x04\x14\0\0\0", "a zip archive", "unpack it: `unzip FILE`"),
    "an empty zip": (b"PK\x05\x06" + bytes(18), "a zip archive", "unpack it: `unzip FILE`"),
    "tar": (tar(tarfile.PAX_FORMAT), "a tar archive", "unpack it: `tar -xf FILE`"),
    "GNU tar": (tar(tarfile.GNU_FORMAT), "a tar archive", "unpack it: `tar -xf FILE`"),
    "tar without magic number": (bytes(OLD_TAR), "a tar archive", "unpack it: `tar -xf FILE`"),
    "7z": (b"7z\xbc\xaf\x27\x1c\0\x04", "a 7z archive", "unpack it: `7z x FILE`"),
    "rar": (b"Rar!\x1a\x07\x01\0", "a rar archive", "unpack it: `unrar x FILE`"),
    "cab": (b"MSCF\0\0\0\0", "a cabinet", "unpack it: `cabextract FILE`"),
    "compress": (b"\x1f\x9d\x90\xd4", "a file compressed by compress", "unpack it: `gzip -d FILE`"),
    "Part 10": (bytes(128) + b"DICM\x02\0\0\0UL\x04\0", "a DICOM file", DCMDUMP),
    "explicit": (
        short(0x00080005, "CS", b"ISO_IR 100") + short(0x00080016, "UI", b"1.2.3\0"),
        "a DICOM data set without file header",
        BARE_DUMP,
    ),
    "implicit": (
        bare(0x00080000, bytes(4)) + bare(0x00080016, b"1.2.3\0"),
        "a DICOM data set without file header",
        BARE_DUMP,
    ),
    "explicit, big endian": (
        b"\0\x08\0\x05CS\0\x0aISO_IR 100\0\x08\0\x16UI\0\x061.2.3\0",
        "a DICOM data set without file header",
        BARE_DUMP,
    ),
    "a TCP stream": (
        build.associate_rq(),
        "a stream of DICOM without packets",
        "`od -Ax -tx1 -v FILE | text2pcap -T 40000,104 - new.pcap` puts them into packets",
    ),
    "ETL": (EVENT_TRACE, "a Windows event trace (ETL)", "`etl2pcapng.exe FILE new.pcapng` makes a capture of it"),
    "Network Monitor 1": (b"RTSS\x03\x01\x01\x01", "a Microsoft Network Monitor capture", EDITCAP),
    "Network Monitor 2": (b"GMBU\x00\x02\x01\x01", "a Microsoft Network Monitor capture", EDITCAP),
    "Sniffer": (b"TRSNIFF data    \x1a\x01\0\x12", "a Sniffer capture", EDITCAP),
    "Windows Sniffer": (b"XCP\x00002.001\0", "a NetXRay or Windows Sniffer capture", EDITCAP),
    "LANalyzer": (b"\x01\x10\x4c\0\x01\x05Trace Display Trace File", "a LANalyzer capture", EDITCAP),
    "Observer": (b"ObserverPktBufferVersion=15.00", "a Network Instruments Observer capture", EDITCAP),
    "OmniPeek": (b"\x7fver\0\0\0\x18<?xml", "an OmniPeek capture", EDITCAP),
    "K12 text": (b"+---------+---------------+----------+\r\n", "a K12 text file", EDITCAP),
    "Visual Networks": (b"\x05VNF\x14\0\0\0", "a Visual Networks capture", EDITCAP),
    "5Views": (b"\xaa\xaa\xaa\xaa\x20\0\0\0", "a 5Views capture", EDITCAP),
    "nettl": (b"TR\x00d\x00\0\0\0\x80", "an HP-UX nettl trace", EDITCAP),
    "xxd of a capture": (
        b"00000000: d4c3 b2a1 0200 0400 0000 0000 0000 0000  ................\n",
        "a hex dump of a capture",
        "`xxd -r FILE new.pcap` brings the capture back",
    ),
    "hexdump -C of a capture": (
        b"00000000  0a 0d 0d 0a 1c 00 00 00  4d 3c 2b 1a 01 00 00 00  |........M<+.....|\n",
        "a hex dump of a capture",
        "`sed 's/^[^ ]*//; s/|.*//' FILE | xxd -r -p - new.pcap` brings the capture back",
    ),
    "xxd of a packet": (
        b"00000000: 620a 478e 96d0 1e34 853e ae3a 0800 4500  b.G....4.>.:..E.\n",
        "a hex dump",
        "`xxd -r FILE | od -Ax -tx1 -v | text2pcap - new.pcap` makes a capture of a packet in hex",
    ),
    "tshark -x": (
        b"0000  62 0a 47 8e 96 d0 1e 34 85 3e ae 3a 08 00 45 00   b.G....4.>.:..E.\n",
        "a hex dump",
        "`text2pcap FILE new.pcap` makes a capture of packets in hex",
    ),
    "tcpdump": (
        b"01:18:31.035430 IP 10.20.0.1.53408 > 10.20.0.2.acr-nema: Flags [S], seq 1331524623",
        "what tcpdump prints",
        "it has no packets; record packets instead: `tcpdump -w new.pcap`",
    ),
    "tcpdump -tttt -e": (
        b"2026-11-21 01:18:31.035430 1e:34:85:3e:ae:3a > 62:0a:47:8e:96:d0, ethertype IPv4",
        "what tcpdump prints",
        "`tcpdump -w new.pcap`",
    ),
    "tcpdump -i any": (b"01:18:31.035430 lo    In  IP 127.0.0.1.53408 > ", "what tcpdump prints", "`tcpdump -w"),
    "tshark": (
        "    1   0.000000    10.20.0.1 → 10.20.0.2    TCP 74 53408 → 104 [SYN] Seq=0".encode(),
        "what tshark prints",
        "open the capture that tshark read, or record packets: `tshark -w new.pcapng`",
    ),
    "tshark -V": (b"Frame 1: 74 bytes on wire (592 bits), 74 bytes captured", "what tshark prints", "`tshark -w"),
    "tshark -T json": (b'[\n  {\n    "_index": "packets-2026-11-21",', "what tshark prints", "`tshark -w"),
    "tshark -T ek": (b'{"index":{"_index":"packets-2026-11-21","_type":"doc"}}', "what tshark prints", "`tshark -w"),
    "tshark -T pdml": (b'<?xml version="1.0"?>\n<!-- -->\n<pdml version="0">', "what tshark prints", "`tshark -w"),
    "our JSON": (
        b'{\n "schema": "dicomsniff.transcript/1",\n "tool": {',
        "what dicomsniff exported",
        "open the capture that it was made from",
    ),
    "our lines": (b'{"kind": "transcript", "schema": "dicomsniff.transcript/1"', "what dicomsniff exported", "open"),
    "our findings": (b'{"kind": "finding", "index": 0, "code": "', "what dicomsniff found", "open the capture"),
    "HAR": (b'{\n  "log": {\n    "version": "1.2",', "a browser's HTTP archive (HAR)", "it has no packets; record"),
    "HTML": (
        b"\xef\xbb\xbf\r\n<!DOCTYPE html>\r\n<html>",
        "a web page",
        "a download that has failed, or wants a login: open it in a browser",
    ),
    "Git LFS": (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer", "`git lfs pull`"),
    "PDF": (b"%PDF-1.7\n", "a PDF document", "ask for the capture itself"),
    "a screenshot": (b"\x89PNG\r\n\x1a\n", "a picture", "ask for the capture itself"),
    "XML": (b'<?xml version="1.0"?><a/>', "an XML document", "ask for the capture itself"),
    "JSON": (b'{"a": 1}', "a JSON document", "ask for the capture itself"),
    "zeros": (bytes(100), "nothing but zeros at its beginning", "copying or recording it has failed"),
}


def said_of(path, data: bytes) -> str:
    path.write_bytes(data)
    with pytest.raises(CaptureError) as error:
        CaptureReader(str(path))
    return str(error.value).replace(quote(str(path)), "FILE")


@pytest.mark.parametrize(("data", "what", "advice"), FILES.values(), ids=FILES)
def test_a_file_is_told_by_its_first_bytes(tmp_path, data, what, advice):
    said = said_of(tmp_path / "file", data)
    assert said.startswith(f"file: it is {what}, which dicomsniff does not read; ")
    assert advice in said


@pytest.mark.parametrize("name", COMPRESSIONS)
def test_what_is_in_a_compressed_file_counts(tmp_path, name):
    compress = COMPRESSIONS[name]
    assert said_of(tmp_path / "file", compress(tar(tarfile.PAX_FORMAT))) == (
        f"file: it is a tar archive, compressed by {name}, which dicomsniff does not read; unpack it: `tar -xf FILE`"
    )
    assert said_of(tmp_path / "file", compress(FILES["Part 10"][0])) == (
        f"file: it is a DICOM file, compressed by {name}, which dicomsniff does not read; "
        f"first `{name} -d FILE`, then {DCMDUMP}"
    )
    assert "decompress it once" in said_of(tmp_path / "file", compress(compress(b"1")))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"hello",
        b"P",
        b"\x08\0\x16\0",
        short(0x00080005, "CS", b"ISO_IR 100"),
        short(0x00080016, "UI", b"1.2.3\0") + short(0x00080005, "CS", b"ISO_IR 100"),
        b"\x7fELF\x02\x01\x01\0",
        b"12:00 the meeting",
        b"dead beef",
        b"[section]",
    ],
)
def test_nothing_is_guessed(tmp_path, data):
    assert "which dicomsniff does not read" not in said_of(tmp_path / "file", data)


def test_a_name_with_blanks_stays_one_word_in_the_command(tmp_path):
    path = tmp_path / "John Doe.zip"
    path.write_bytes(b"PK\x03\x04")
    with pytest.raises(CaptureError, match=f"`unzip '{path}'`"):
        CaptureReader(str(path))
