"""Which tests can sniff on this machine."""

import socket
import sys

import pytest


def may_sniff() -> str:
    """Say why this machine's tests cannot sniff; empty where they can."""
    if not sys.platform.startswith("linux"):
        return "live tests use Linux's packet sockets"
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close()
    except PermissionError:
        return "sniffing needs CAP_NET_RAW"
    return ""


needs_sniffing = pytest.mark.skipif(bool(may_sniff()), reason=may_sniff() or "allowed")
