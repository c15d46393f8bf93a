"""What stands for a deflated data set."""

import zlib
from io import BytesIO

from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread

from dicomsniff.scrubbing.deflated import stand_in_stream


def stream(size: int) -> bytes:
    out = bytearray(size)
    for start, value in stand_in_stream(size, b"1.2.840.10008.5.1.4.1.1.2", b"1.2.3.4"):
        out[start : start + len(value)] = value
    assert len(out) == size
    return bytes(out)


@given(st.integers(80, 300_000))
def test_it_is_a_stream_of_any_size_with_the_uids_of_the_command(size: int) -> None:
    inflater = zlib.decompressobj(-15)
    content = inflater.decompress(stream(size))
    assert inflater.eof
    assert inflater.unused_data in (b"", b"\0")
    read = dcmread(BytesIO(b"\0" * 128 + b"DICM" + META + content), force=True)
    assert (read.SOPClassUID, read.SOPInstanceUID) == ("1.2.840.10008.5.1.4.1.1.2", "1.2.3.4")
    assert set(read[0xFFFCFFFC].value) <= {0}


META = b"\2\0\x10\0UI\x14\x001.2.840.10008.1.2.1\0"


def test_for_a_few_bytes_there_is_none() -> None:
    assert stand_in_stream(20, b"1.2.840.10008.5.1.4.1.1.2", b"1.2.3.4") == []
