"""Which interfaces there are, and who may sniff them."""

import os
import socket
import sys
from typing import Any, NamedTuple


class InterfaceInfo(NamedTuple):
    """An interface that can be named to `live`, and its addresses."""

    name: str
    addresses: list[str]


def list_interfaces() -> list[InterfaceInfo]:
    """Return the interfaces of this machine."""
    found = []
    for interface in scapy_conf().ifaces.values():
        addresses = [str(address) for addresses in interface.ips.values() for address in addresses]
        found.append(InterfaceInfo(str(interface.name), addresses))
    return sorted(found)


def interface_names() -> list[str]:
    """Return their names."""
    return [interface.name for interface in list_interfaces()]


def is_down(name: str) -> bool:
    """Whether an interface is there and is down; nobody else says so of one that is listened to on Linux."""
    try:
        with open(f"/sys/class/net/{name}/flags") as file:
            return not int(file.read(), 16) & 1
    except (OSError, ValueError):
        return False


def is_up(name: str) -> bool:
    """Whether there is an interface of that name, and it is not down."""
    try:
        socket.if_nametoindex(name)
    except OSError:
        return False
    return not is_down(name)


def missing_permission() -> str:
    """Say what keeps this user from sniffing, and what to do; empty where nothing does."""
    try:
        scapy_conf().L2listen().close()
    except PermissionError:
        return permission_text()
    except Exception as error:  # noqa: BLE001  scapy raises anything where the platform lacks something
        return f"packets cannot be sniffed here: {error}"
    return ""


def permission_text() -> str:
    """Say what sniffing needs on this system."""
    if sys.platform.startswith("linux"):
        python = os.path.realpath(sys.executable)
        return f"sniffing needs the capability CAP_NET_RAW: run with sudo, or once: sudo setcap cap_net_raw+ep {python}"
    if sys.platform == "darwin":
        return "sniffing needs read access to /dev/bpf*: run with sudo"
    return "sniffing needs administrator rights"


def scapy_conf() -> Any:
    """Return scapy's configuration; importing it takes a while, and is done only where it is needed."""
    import logging

    logging.getLogger("scapy").setLevel(logging.CRITICAL)
    from scapy.all import conf

    return conf
