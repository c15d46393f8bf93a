"""Captures that only these tests need."""

from pathlib import Path

import pytest
from textual import constants

import build


@pytest.fixture(autouse=True)
def many_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show all colours, whatever the terminal that the tests run in has."""
    monkeypatch.setattr(constants, "COLOR_SYSTEM", "truecolor")


@pytest.fixture
def long_capture(tmp_path: Path) -> Path:
    """One association with 500 C-ECHOs, the last of them refused."""
    talk = build.Talk().open()
    talk.client(build.associate_rq())
    talk.server(build.associate_ac())
    for number in range(1, 501):
        talk.client(build.message(1, build.echo_rq(number)))
        talk.server(build.message(1, build.echo_rsp(number, status=0x0122 if number == 500 else 0)))
    talk.client(build.release_rq())
    talk.server(build.release_rp())
    return write(tmp_path / "long.pcap", talk)


@pytest.fixture
def hostile_capture(tmp_path: Path) -> Path:
    """AE titles that look like markup, and data set text with escape sequences."""
    talk = build.Talk().open()
    contexts = (build.proposal(1, build.CT_IMAGE_STORAGE, (build.EXPLICIT,)),)
    talk.client(build.associate_rq(*contexts, called="[bold]PACS[/]", calling="[/red]"))
    talk.server(build.associate_ac(build.answer(1, transfer=build.EXPLICIT)))
    data = build.explicit_data_set((0x00100010, b"PN", b"[red]A^\x1b[2JB"), (0x00104000, b"LT", b"one\r\ntwo"))
    talk.client(build.message(1, build.store_rq(), data))
    talk.server(build.message(1, build.store_rsp(status=0xA700, comment="[blink]full")))
    talk.close()
    return write(tmp_path / "hostile.pcap", talk)


@pytest.fixture
def stored_capture(tmp_path: Path) -> Path:
    """Three objects for a C-MOVE: the second is refused, the third gets no answer."""
    return write(tmp_path / "stored.pcap", build.stores())


@pytest.fixture
def slow_capture(tmp_path: Path) -> Path:
    """Twelve associations with two C-ECHOs each; in the seventh, the second one is answered after 30.2 s."""
    packets = []
    for number in range(1, 13):
        talk = build.Talk(("10.0.0.1", 40_000 + number), start=build.START + number * 1_000_000_000).open()
        talk.client(build.associate_rq())
        talk.server(build.associate_ac())
        for message in (1, 2):
            talk.client(build.message(1, build.echo_rq(message)))
            talk.wait(30_200_000_000 if (number, message) == (7, 2) else 2_000_000)
            talk.server(build.message(1, build.echo_rsp(message)))
        talk.client(build.release_rq())
        talk.server(build.release_rp())
        packets += talk.close().packets
    path = tmp_path / "slow.pcap"
    path.write_bytes(build.pcap(build.frames(sorted(packets, key=lambda packet: packet.time))))
    return path


@pytest.fixture
def paired_capture(tmp_path: Path) -> Path:
    """A CT stores an object at a PACS, then another CT does, then the first one tries again and is refused."""
    packets = []
    for number, (calling, status) in enumerate((("CT1", 0), ("CT2", 0), ("CT1", 0xA700)), start=1):
        talk = build.Talk(("10.0.0.1", 40_000 + number), start=build.START + number * 1_000_000_000).open()
        context = build.proposal(1, build.CT_IMAGE_STORAGE, (build.EXPLICIT,))
        talk.client(build.associate_rq(context, calling=calling, called="PACS"))
        talk.server(build.associate_ac(build.answer(1, transfer=build.EXPLICIT)))
        data = build.explicit_data_set((0x00100010, b"PN", b"Doe^Jane"))
        talk.client(build.message(1, build.store_rq(1, f"1.2.3.{number}"), data))
        talk.server(build.message(1, build.store_rsp(1, status, f"1.2.3.{number}")))
        talk.client(build.release_rq())
        talk.server(build.release_rp())
        packets += talk.close().packets
    path = tmp_path / "paired.pcap"
    path.write_bytes(build.pcap(build.frames(packets)))
    return path


def write(path: Path, talk: build.Talk) -> Path:
    path.write_bytes(build.pcap(build.frames(talk.packets)))
    return path


@pytest.fixture
def mixed_capture(tmp_path: Path) -> Path:
    """An association that went well, three objects of which one is refused, and a connection that carries HTTP."""
    second = 1_000_000_000
    well = build.Talk(("10.0.0.1", 40_003), start=build.START - second).open()
    well.client(build.associate_rq())
    well.server(build.associate_ac())
    well.client(build.message(1, build.echo_rq(1)))
    well.server(build.message(1, build.echo_rsp(1)))
    well.client(build.release_rq())
    well.server(build.release_rp())
    http = build.Talk(("10.0.0.1", 40_002), ("10.0.0.9", 80), start=build.START + second).open()
    http.client(b"GET / HTTP/1.1\r\nHost: pacs\r\n\r\n")
    http.server(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    packets = [*well.close().packets, *build.stores().packets, *http.close().packets]
    path = tmp_path / "mixed.pcap"
    path.write_bytes(build.pcap(build.frames(packets)))
    return path
