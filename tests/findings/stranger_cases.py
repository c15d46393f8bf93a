"""For every rule on those who speak no DICOM, or nothing: the smallest traffic that raises it, some that does not."""

from collections.abc import Callable

import build
from findings.connection_traffic import beside_a_sound_one
from findings.traffic import SECOND, associate_ac, associate_rq, echoed, released, talked

HL7 = b"\x0bMSH|^~\\&|HIS|H|RIS|R|20240101||ADT^A01|1|P|2.3\r\x1c\r"
PROXY_LINE = b"PROXY TCP4 10.9.9.9 10.0.0.2 51111 104\r\n"
PROXY_BYTES = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes([10, 9, 9, 9, 10, 0, 0, 2, 1, 1, 1, 1])


def stranger(said: bytes = HL7, *, answer: bytes = b"", port: int = 104, number: int = 0) -> build.Talk:
    """A connection whose opener says this; the other side answers, or does not."""
    start = build.START + number * SECOND
    talk = build.Talk(client=("10.0.0.9", 50_000 + number), server=("10.0.0.2", port), start=start).open()
    return talked((0, said), *([(1, answer)] if answer else []), talk=talk)


def opened_in_silence(wait: int = 30 * SECOND, *, number: int = 0) -> build.Talk:
    """A connection on which nobody says anything for some time."""
    start = build.START + number * SECOND
    talk = build.Talk(client=("10.0.0.9", 50_000 + number), server=("10.0.0.2", 104), start=start).open()
    talk.wait(wait)
    return talk


def behind(header: bytes, *answers: bytes) -> build.Talk:
    """A requestor whose load balancer puts a header before the A-ASSOCIATE-RQ."""
    return talked((0, header + associate_rq()), *((1, answer) for answer in answers), talk=build.Talk().open())


CASES: dict[str, tuple[Callable[[], list[build.Packet]], Callable[[], list[build.Packet]]]] = {
    "foreign-protocol": (
        lambda: stranger(b"GET / HTTP/1.1\r\n\r\n", port=8080).close().packets,
        lambda: stranger(b"GET / HTTP/1.1\r\n\r\n").end(1).packets,
    ),
    "other-protocol-unanswered": (
        lambda: stranger().end(1).packets,
        lambda: stranger(port=2575).end(1).packets,
    ),
    "connection-silent": (
        lambda: opened_in_silence().end(1).packets,
        lambda: beside_a_sound_one(opened_in_silence().close().packets),
    ),
    "proxy-header": (
        lambda: behind(PROXY_LINE, build.abort(2, 1)).end(1).packets,
        lambda: released(echoed(talked((0, associate_rq()), (1, associate_ac()), talk=build.Talk().open()))),
    ),
}
