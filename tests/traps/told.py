"""Traffic that is remembered as it was sent, and all that the program says of it: library, transcript, lines, text."""

import hashlib
import json
import re
from base64 import b64decode
from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from click.testing import CliRunner
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pynetdicom.dimse_messages import _MESSAGE_TYPES

import build
from dicomsniff.association.association import Association
from dicomsniff.commands.cli import cli
from dicomsniff.library import Capture
from dicomsniff.side import Side
from traps.objects import identity

CT = build.CT_IMAGE_STORAGE
DIRECTIONS = {Side.REQUESTOR: "requestor-to-acceptor", Side.ACCEPTOR: "acceptor-to-requestor"}
ARROWS = {Side.REQUESTOR: "-->", Side.ACCEPTOR: "<--"}


class Sent(NamedTuple):
    """A message as it was sent; `side` also in the reversed association of a second A-ASSOCIATE-RQ."""

    side: Side
    context: int
    command: bytes
    data: bytes | None = None

    @property
    def elements(self) -> Dataset:
        """The command set as pydicom reads it."""
        return read_dataset(BytesIO(self.command), is_implicit_VR=True, is_little_endian=True)

    @property
    def name(self) -> str:
        """The message's name by pynetdicom's table."""
        return _MESSAGE_TYPES[self.elements.CommandField][0]

    @property
    def label(self) -> str:
        """What `show` calls it: name and message ID, the answered one in responses and C-CANCEL-RQ."""
        elements = self.elements
        return f"{self.name} {elements.get('MessageIDBeingRespondedTo', elements.get('MessageID'))}"


class Exchange(build.Talk):
    """A connection with one association; what `say` sends is remembered."""

    def __init__(self, *contexts: tuple[int, str, str], max_length: int = 16384, **options: Any) -> None:
        super().__init__(**options)
        self.sent: list[Sent] = []
        self.open()
        self.associate(*contexts, max_length=max_length)

    def associate(self, *contexts: tuple[int, str, str], max_length: int = 16384) -> None:
        """Negotiate (context ID, abstract syntax, transfer syntax), all accepted."""
        user = build.user_information(max_length)
        self.client(build.associate_rq(*(build.proposal(n, abstract, [t]) for n, abstract, t in contexts), user=user))
        self.server(build.associate_ac(*(build.answer(n, 0, t) for n, _, t in contexts), user=user))

    def say(self, side: int, context: int, command: bytes, data: bytes | None = None, fragment: int = 16372) -> None:
        """Send a message: side 0 is the requestor."""
        self._send_whole(side, build.message(context, command, data, fragment))
        self.remember(side, context, command, data)

    def remember(self, side: int, context: int, command: bytes, data: bytes | None = None) -> None:
        """Note a message that is sent otherwise, at the time of its last fragment."""
        self.sent.append(Sent(Side.ACCEPTOR if side else Side.REQUESTOR, context, command, data))

    def _send_whole(self, side: int, data: bytes) -> None:
        (self.client, self.server)[side](data)

    def store(self, number: int, context: int, data: bytes, fragment: int = 16372, status: int = 0) -> None:
        """C-STORE-RQ and -RSP."""
        sop_class, instance = identity(data)
        self.say(0, context, build.store_rq(number, instance, sop_class), data, fragment)
        self.say(1, context, build.store_rsp(number, status, instance, sop_class))

    def echo(self, number: int, context: int = 1) -> None:
        """C-ECHO-RQ and -RSP."""
        self.say(0, context, build.echo_rq(number))
        self.say(1, context, build.echo_rsp(number))

    def release(self) -> "Exchange":
        """A-RELEASE-RQ and -RP; the connection stays open."""
        self.client(build.release_rq())
        self.server(build.release_rp())
        return self


class Told:
    """What the program says of a capture file, each view on demand."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self._capture: Capture | None = None

    @property
    def capture(self) -> Capture:
        """The library's front door."""
        if self._capture is None:
            self._capture = Capture(self.path)
        return self._capture

    @property
    def associations(self) -> list[Association]:
        """What the library found."""
        return self.capture.associations

    def run(self, *args: str, status: int = 0) -> str:
        """Run a command on the capture; return its standard output."""
        done = CliRunner().invoke(cli, [args[0], self.path, *args[1:]], catch_exceptions=False)
        assert done.exit_code == status, done.output
        return done.stdout

    def transcript(self, *args: str) -> dict[str, Any]:
        """`export --format json`, with protected health information."""
        return json.loads(self.run("export", "--keep-phi", *args))

    def lines(self) -> list[dict[str, Any]]:
        """`export --format jsonl`, with protected health information."""
        return [json.loads(line) for line in self.run("export", "--format", "jsonl", "--keep-phi").splitlines()]

    def shown(self) -> str:
        """`show`."""
        return self.run("show")

    def close(self) -> None:
        """Let go of the file."""
        if self._capture is not None:
            self._capture.close()

    def messages(self, association: int = 0) -> list[dict[str, Any]]:
        """The transcript's messages of one association."""
        return self.transcript()["associations"][association]["messages"]

    def codes(self, association: int = 0, *severities: str) -> list[str]:
        """Codes of one association's findings, of some severities or all."""
        found = self.transcript()["associations"][association]["findings"]
        return [each["code"] for each in found if not severities or each["severity"] in severities]

    def complaints(self, association: int = 0) -> list[str]:
        """Codes of errors and warnings."""
        return self.codes(association, "error", "warning")

    def assert_said(self, *sent: list[Sent], outcomes: list[str] | None = None) -> None:
        """Every view tells every message of every association, byte for byte, in order, and answers paired."""
        self._assert_library(sent)
        transcript = self.transcript()
        if outcomes is not None:
            assert [each["outcome"] for each in transcript["associations"]] == outcomes
        said = [each["messages"] for each in transcript["associations"]]
        assert len(said) == len(sent)
        for messages, wanted in zip(said, sent, strict=True):
            assert_messages(messages, wanted)
        lines: dict[int, list[dict[str, Any]]] = {}
        for line in self.lines():
            if line["kind"] == "message":
                lines.setdefault(line["association"], []).append(line)
        for number, wanted in enumerate(sent, start=1):
            assert_messages(lines.get(number, []), wanted)
        self._assert_text(sent)

    def _assert_library(self, sent: tuple[list[Sent], ...]) -> None:
        assert len(self.associations) == len(sent)
        for association, wanted in zip(self.associations, sent, strict=True):
            assert [(m.side, m.context_id, m.command.raw) for m in association.messages] == [
                (each.side, each.context, each.command) for each in wanted
            ]
            for message, each in zip(association.messages, wanted, strict=True):
                assert (message.complete, message.command.problem) == (True, "")
                found = self.capture.message_bytes(message)
                assert found.command == each.command
                assert (found.data_set.read() if found.data_set is not None else None) == each.data
                if message.command.is_response:
                    assert message.request is not None
                    asked = message.request
                    assert asked.side is message.side.other
                    assert asked.command.message_id == message.command.message_id_being_responded_to

    def _assert_text(self, sent: tuple[list[Sent], ...]) -> None:
        wanted = Counter((ARROWS[each.side], each.label) for said in sent for each in said)
        found = re.findall(r"^ +\d+\.\d{6}  (-->|<--) ([CN]-[A-Z-]+ \d+)\b", self.shown(), re.MULTILINE)
        assert Counter(found) == wanted


def assert_messages(said: list[dict[str, Any]], wanted: list[Sent]) -> None:
    """The transcript's messages are those that were sent."""
    assert [(each["direction"], each["command"]) for each in said] == [
        (DIRECTIONS[each.side], each.name) for each in wanted
    ]
    for found, sent in zip(said, wanted, strict=True):
        elements = sent.elements
        assert found["presentation_context_id"] == sent.context
        assert found["message_id"] == elements.get("MessageID")
        assert found["message_id_being_responded_to"] == elements.get("MessageIDBeingRespondedTo")
        assert found["status"] == elements.get("Status")
        assert found["affected_sop_class_uid"] == elements.get("AffectedSOPClassUID")
        assert found["affected_sop_instance_uid"] == elements.get("AffectedSOPInstanceUID")
        assert found["requested_sop_class_uid"] == elements.get("RequestedSOPClassUID")
        assert found["requested_sop_instance_uid"] == elements.get("RequestedSOPInstanceUID")
        assert found["command_set"]["length"] == len(sent.command)
        assert set(found["command_set"]["elements"]) == {f"{element.tag:08X}" for element in elements}
        assert found["complete"] is True
        if sent.data is None:
            assert found["data_set"] is None
        else:
            digest = hashlib.sha256(sent.data).hexdigest()
            assert (found["data_set"]["length"], found["data_set"]["sha256"]) == (len(sent.data), digest)
        answers = "RSP" in sent.name and "MessageIDBeingRespondedTo" in elements
        assert (found["latency"] is not None) == answers


def assert_elements(said: dict[str, Any], wanted: Dataset) -> None:
    """The transcript's elements are pydicom's: same tags, VRs and values; bulk values by length and digest."""
    assert set(said) == {f"{element.tag:08X}" for element in wanted}
    for element in wanted:
        found = said[f"{element.tag:08X}"]
        assert found["vr"] == element.VR, element.tag
        if isinstance(element.value, bytes):
            assert_bytes(found, element.value)
        elif element.VR == "SQ":
            assert len(found.get("Value", [])) == len(element.value)
            for inner, item in zip(found.get("Value", []), element.value, strict=True):
                assert_elements(inner, item)
        else:
            model = element.to_json_dict(None, 1 << 30)
            assert _plain(found.get("Value", [])) == _plain(model.get("Value", [])), element


def assert_bytes(found: dict[str, Any], value: bytes) -> None:
    """A binary value is given in full, or by its length and digest."""
    if "sha256" in found:
        assert (found["length"], found["sha256"]) == (len(value), hashlib.sha256(value).hexdigest())
    else:
        assert b64decode(found.get("InlineBinary", "")) == value


def _plain(values: list[Any]) -> list[Any]:
    """Numbers as such however they are written; text without padding."""
    plain: list[Any] = []
    for value in values:
        if isinstance(value, str):
            try:
                plain.append(float(value))
            except ValueError:
                plain.append(value.rstrip(" \0"))
        else:
            plain.append(float(value) if isinstance(value, int | float) else value)
    return plain
