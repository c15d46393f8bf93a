"""Other protocols are named by the first bytes of either side."""

import pytest

from dicomsniff.association.protocols import find_protocol

BEGINNINGS = [
    (b"GET / HTTP/1.1\r\nHost: pacs\r\n\r\n", "HTTP"),
    (b"POST /dicom-web/studies HTTP/1.1\r\n", "HTTP"),
    (b"HTTP/1.1 200 OK\r\n\r\n", "HTTP"),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "TLS"),
    (b"\x17\x03\x03\x00\x20", "TLS"),
    (b"SSH-2.0-OpenSSH_9.6\r\n", "SSH"),
    (b"\x0bMSH|^~\\&|", "HL7 (MLLP)"),
    (b"\xde\xad\xbe\xef", ""),
    (b"", ""),
]


@pytest.mark.parametrize(("data", "name"), BEGINNINGS)
def test_a_protocol_is_named_where_it_is_known(data, name):
    assert find_protocol(data).name == name
