"""Associations between several hosts, and the messages of retrievals on them."""

import build
from dicomsniff.engine.analyzer import Analyzer
from pipeline import analyze

CT, MOVE_CLASS = build.CT_IMAGE_STORAGE, "1.2.840.10008.5.1.4.1.2.2.2"
MS = 1_000_000
CLIENT, ARCHIVE, VIEWER = "10.0.0.1", "10.0.0.2", "10.0.0.3"


class Network:
    """Associations between three hosts, one after the other or nested; packets in the order of their time."""

    def __init__(self) -> None:
        self.talks: list[build.Talk] = []
        self.port = 40000

    def talk(self, source: str, target: str, *, after: int = 0) -> build.Talk:
        self.port += 1
        talk = build.Talk(client=(source, self.port), server=(target, 104))
        talk.wait(after * MS)
        self.talks.append(talk)
        return talk.open()

    def refuse(self, source: str, target: str, *, after: int = 0) -> None:
        """A connection that TCP refuses: nothing listens there."""
        self.port += 1
        talk = build.Talk(client=(source, self.port), server=(target, 104))
        talk.wait(after * MS)
        self.talks.append(talk)
        talk.call().reset(1)

    def call(self, source: str, target: str, calling: str, called: str, abstract: str, *, after: int = 0) -> build.Talk:
        """An association that is asked for, and not answered yet."""
        talk = self.talk(source, target, after=after)
        talk.client(build.associate_rq(build.proposal(1, abstract), calling=calling, called=called))
        return talk

    def associate(
        self, source: str, target: str, calling: str, called: str, abstract: str, *, after: int = 0, result: int = 0
    ) -> build.Talk:
        talk = self.call(source, target, calling, called, abstract, after=after)
        talk.server(build.associate_ac(build.answer(1, result), calling=calling, called=called))
        return talk

    @property
    def packets(self) -> list[build.Packet]:
        """What all of them sent, in the order of time."""
        return sorted((packet for talk in self.talks for packet in talk.packets), key=lambda packet: packet.time)

    def analyze(self) -> Analyzer:
        return analyze(self.packets)


def release(talk: build.Talk) -> None:
    talk.client(build.release_rq())
    talk.server(build.release_rp())
    talk.close()


def move_rq(number: int = 7, destination: str = "VIEWER") -> bytes:
    values = {0x0002: MOVE_CLASS, 0x0100: 0x0021, 0x0110: number, 0x0600: destination, 0x0700: 0, 0x0800: 1}
    return build.message(1, build.command_set(values), build.element(0x00080052, b"STUDY "))


def move_rsp(status: int, number: int = 7, **counters: int) -> bytes:
    tags = {"remaining": 0x1020, "completed": 0x1021, "failed": 0x1022, "warning": 0x1023}
    values = {0x0002: MOVE_CLASS, 0x0100: 0x8021, 0x0120: number, 0x0800: 0x0101, 0x0900: status}
    return build.message(1, build.command_set(values | {tags[name]: count for name, count in counters.items()}))


def store(talk: build.Talk, originator: str | None, asked_by: int = 7, status: int = 0, number: int = 1) -> None:
    values = {0x0002: CT, 0x0100: 0x0001, 0x0110: number, 0x0700: 0, 0x0800: 1, 0x1000: f"1.2.{number}"}
    if originator is not None:
        values |= {0x1030: originator, 0x1031: asked_by}
    talk.client(build.message(1, build.command_set(values), build.pixels(16)))
    talk.server(build.message(1, build.store_rsp(number, status, f"1.2.{number}")))
