"""An exchange over TLS, made by Python's ssl in memory: what both sides send, record for record, and the key log."""

import contextlib
import ssl
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import build

CERTIFICATES = Path(__file__).parent / "certificates"
"""Those of `pacs.example`, by an authority, and of `expired.example`, self-signed; with their keys."""


def exchange(pixels: bytes) -> list[tuple[int, bytes]]:
    """One of DICOM, in turns of (side, bytes): a C-ECHO, and a C-STORE of a data set."""
    return [
        (0, build.associate_rq(build.proposal(1), build.proposal(3, build.CT_IMAGE_STORAGE))),
        (1, build.associate_ac(build.answer(1), build.answer(3))),
        (0, build.message(1, build.echo_rq(1))),
        (1, build.message(1, build.echo_rsp(1))),
        (0, build.message(3, build.store_rq(2), pixels)),
        (1, build.message(3, build.store_rsp(2))),
        (0, build.release_rq()),
        (1, build.release_rp()),
    ]


EXCHANGE = exchange(build.pixels(1000))
"""A small one."""


class Session(NamedTuple):
    """What was sent, in turns of (side, bytes), and what it can be decrypted with."""

    turns: list[tuple[int, bytes]]
    key_log: bytes


class _End:
    """One side of a connection."""

    def __init__(self, context: ssl.SSLContext, *, is_server: bool, name: str | None, session: object = None) -> None:
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(
            self.incoming, self.outgoing, server_side=is_server, server_hostname=name, session=session
        )
        self.is_done = False

    def shake(self) -> None:
        try:
            self.tls.do_handshake()
            self.is_done = True
        except ssl.SSLWantReadError:
            pass


def contexts(
    version: ssl.TLSVersion, suites: str = "", certificate: str = "pacs"
) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A client that trusts anybody, and a server."""
    client, server = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    server.load_cert_chain(CERTIFICATES / f"{certificate}.pem", CERTIFICATES / f"{certificate}.key")
    for context in (client, server):
        context.minimum_version = context.maximum_version = version
        if suites or version < ssl.TLSVersion.TLSv1_2:
            context.set_ciphers(f"{suites or 'ALL'}:@SECLEVEL=0")
    return client, server


def spoken(
    plain: Iterable[tuple[int, bytes]],
    version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
    suites: str = "",
    *,
    name: str | None = "pacs.example",
    certificate: str = "pacs",
    prepare: Callable[[ssl.SSLContext, ssl.SSLContext], None] | None = None,
    resumes: bool = False,
    ends_damaged: bool = False,
) -> Session:
    """Put an exchange of (side, bytes) in TLS; the client is side 0.

    `prepare` is given the contexts of the client and of the server; where it `resumes`, a session was held before, and
    where it `ends_damaged`, the last thing that the client sends does not authenticate, and the server says so.
    """
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "keys"
        ends = contexts(version, suites, certificate)
        if prepare is not None:
            prepare(*ends)
        before = _held_before(ends, name) if resumes else None
        ends[0].keylog_filename = str(log)
        client = _End(ends[0], is_server=False, name=name, session=before)
        server = _End(ends[1], is_server=True, name=None)
        turns: list[tuple[int, bytes]] = []

        def passed(side: int) -> None:
            source, sink = (client, server) if side == 0 else (server, client)
            if data := source.outgoing.read():
                turns.append((side, data))
                sink.incoming.write(data)

        while not (client.is_done and server.is_done):
            for side, end in enumerate((client, server)):
                if not end.is_done:
                    end.shake()
                passed(side)
        for side, data in plain:
            (client, server)[side].tls.write(data)
            passed(side)
            received = b""
            while len(received) < len(data):
                received += (server, client)[side].tls.read(1 << 20)
            assert received == data
        if ends_damaged:
            client.tls.write(b"-")
            sent = client.outgoing.read()
            turns.append((0, sent[:-1] + bytes([sent[-1] ^ 1])))
            server.incoming.write(turns[-1][1])
            with contextlib.suppress(ssl.SSLError):
                server.tls.read()
            passed(1)
        return Session(turns, log.read_bytes())


def _held_before(ends: tuple[ssl.SSLContext, ssl.SSLContext], name: str | None) -> ssl.SSLSession:
    """Hold a session, and return what its client needs to resume it."""
    client, server = _End(ends[0], is_server=False, name=name), _End(ends[1], is_server=True, name=None)
    while not (client.is_done and server.is_done):
        client.shake()
        server.incoming.write(client.outgoing.read())
        server.shake()
        client.incoming.write(server.outgoing.read())
    server.tls.write(b"-")
    client.incoming.write(server.outgoing.read())
    assert client.tls.read() == b"-"  # what lets a client of TLS 1.3 resume comes after the handshake
    held = client.tls.session
    assert held is not None
    with contextlib.suppress(ssl.SSLWantReadError):
        client.tls.unwrap()
    server.incoming.write(client.outgoing.read())
    server.tls.unwrap()  # a server forgets the ids of sessions that were not closed
    return held


def refused_late(data: bytes, certificate: str | None) -> Session:
    """A server of TLS 1.3 refuses the client's certificate, or that there is none, while `data` is on its way to it."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "keys"
        for_client, for_server = contexts(ssl.TLSVersion.TLSv1_3)
        for_client.keylog_filename = str(log)
        for_server.verify_mode = ssl.CERT_REQUIRED
        for_server.load_verify_locations(CERTIFICATES / "expired.pem")
        if certificate is not None:
            for_client.load_cert_chain(CERTIFICATES / f"{certificate}.pem", CERTIFICATES / f"{certificate}.key")
        client, server = _End(for_client, is_server=False, name=None), _End(for_server, is_server=True, name=None)
        client.shake()
        hello = client.outgoing.read()
        server.incoming.write(hello)
        server.shake()
        answer = server.outgoing.read()
        client.incoming.write(answer)
        client.shake()
        finished = client.outgoing.read()
        client.tls.write(data)
        server.incoming.write(finished)
        with contextlib.suppress(ssl.SSLError):
            server.tls.do_handshake()
        turns = [(0, hello), (1, answer), (0, finished), (1, server.outgoing.read()), (0, client.outgoing.read())]
        return Session(turns, log.read_bytes())


def packets(session: Session, *, port: int = 2762, segment: int = 1460) -> list[build.Packet]:
    """The session in TCP, from its handshake to its end."""
    talk = build.Talk(server=("10.0.0.2", port), tick=1000).open()
    for side, data in session.turns:
        talk.pieces(side, [data[at : at + segment] for at in range(0, len(data), segment)])
    return talk.close().packets
