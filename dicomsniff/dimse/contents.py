"""What the data sets of normalized services say, as far as rules judge it: read as they come, within limits (PS3.4)."""

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct, field

from dicomsniff.dictionary.attribute_demands import (
    DEMANDS,
    IMAGE_BOX_SEQUENCE,
    MPPS_ENDED,
    PRINT_JOB_SEQUENCES,
    STEP_STATUS,
    Demand,
    Path,
)
from dicomsniff.dictionary.commands import ACTION_TYPE_ID, EVENT_TYPE_ID
from dicomsniff.dictionary.normalized import FILM_BOX, FILM_SESSION, PRINT_JOB, PRINTER
from dicomsniff.dimse.identifier import Identifier, Key, read_identifier
from dicomsniff.dimse.message import Message
from dicomsniff.pdu.fields import plain_text

HAVE_CONTENTS = frozenset([0x0100, 0x0120, 0x0130, 0x0140, 0x8110, 0x8120, 0x8130, 0x8140])
"""Command Fields of the messages whose data sets may be read: requests, and the responses that return attributes."""
MAX_READ = 1 << 20
"""Bytes of data sets that are read of one association."""
_ANSWERS = {  # the sequence that the response gives where it succeeds
    (FILM_BOX, "N-CREATE"): (IMAGE_BOX_SEQUENCE,),  # PS3.4 Table H.4-6
    (FILM_BOX, "N-ACTION"): PRINT_JOB_SEQUENCES,  # PS3.4 Table H.4-8
    (FILM_SESSION, "N-ACTION"): PRINT_JOB_SEQUENCES,  # PS3.4 Table H.4-3
}


_RETURNS_VALUES = (0x0106, 0x0116)
"""Invalid attribute value, attribute value out of range: the data set holds what is meant (PS3.7 §C.4.3, §C.5.10)."""
IMAGE_DISPLAY_FORMAT = 0x20100010
IMAGE_BOX_POSITION = 0x20200010
_US = 2
"""Bytes of a number of VR US."""
PRINTER_STATUS = (0x21100010, 0x21000020)
"""Printer Status; Execution Status of a print job."""
STATUS_INFORMATION = (0x21100020, 0x21000030)
"""Printer Status Info, Execution Status Info."""
_TOLD: dict[tuple[str, str], tuple[int, ...]] = dict.fromkeys(
    [(PRINTER, "N-GET"), (PRINT_JOB, "N-GET")], (*PRINTER_STATUS, *STATUS_INFORMATION)
)
_TOLD |= dict.fromkeys([(PRINTER, "N-EVENT-REPORT"), (PRINT_JOB, "N-EVENT-REPORT")], STATUS_INFORMATION)
"""What a printer says, in the response or the event."""


class Content(Struct):
    """What one operation's data sets lack and say; `read` is False where the request's could not be read.

    Of what is asked of the request, `absent` attributes are missing or without a value, `left_out` ones are missing and
    might be empty, `odd` ones have a value that is not allowed, each with the first such value; `barred` ones must not
    be there. `values` are those of attributes of the data set itself that have allowed values, of the status of a
    printer, and of the layout of a film, as sent.
    `ends` says whether the request ends a step. `given` counts the items of the sequence that the response is there to
    give: None where it was not read.
    """

    demand: Demand | None
    """What is asked of the request; None where only the response is looked at."""
    read: bool = False
    absent: tuple[Path, ...] = ()
    left_out: tuple[Path, ...] = ()
    odd: tuple[tuple[Path, str], ...] = ()
    barred: tuple[int, ...] = ()
    values: dict[int, str] = field(default_factory=dict)
    given: int | None = None
    ends: bool = False
    returned: tuple[int, ...] = ()
    """The attributes whose values were refused, where the response returns those."""
    position: int | None = None
    """Image Box Position of an image box; None where it has none."""


class ContentReader:
    """Reads the data sets of the normalized services of one association."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = MAX_READ

    def ask(self, request: Message) -> Content | None:
        """Take a request; return what its data set says, None where nothing is asked of that."""
        command = request.command
        sop_class, service = command.sop_class_uid or "", command.service
        if (sop_class, service) in _TOLD:
            content = Content(None)
            if service == "N-EVENT-REPORT":
                self._listen(content, request, _TOLD[sop_class, service])
            return content
        if command.field not in HAVE_CONTENTS:
            return None
        tag = {"N-ACTION": ACTION_TYPE_ID, "N-EVENT-REPORT": EVENT_TYPE_ID}.get(service)
        demand = DEMANDS.get((sop_class, service, command.uint(tag) if tag is not None else None))
        if demand is None and (sop_class, service) not in _ANSWERS:
            return None
        content = Content(demand)
        found = self._read(request)
        if demand is not None and found is not None:
            _compare(content, demand, found)
            if (layout := found.elements.get(IMAGE_DISPLAY_FORMAT)) is not None:
                content.values[IMAGE_DISPLAY_FORMAT] = plain_text(layout.value)
            if (place := found.elements.get(IMAGE_BOX_POSITION)) is not None and len(place.value) == _US:
                order: Literal["little", "big"] = "little" if found.encoding.little else "big"
                content.position = int.from_bytes(place.value, order)
        return content

    def answer(self, content: Content, response: Message) -> None:
        """Take the final response to what `content` is of."""
        asked = response.request
        key = (asked.command.sop_class_uid or "", asked.command.service) if asked is not None else ("", "")
        if key[1] == "N-GET":
            self._listen(content, response, _TOLD.get(key, ()))
        if response.command.status in _RETURNS_VALUES and response.command.announces_data_set:
            refused = self._read(response)
            content.returned = tuple(refused.elements) if refused is not None else ()
        sequences = _ANSWERS.get(key)
        if sequences is not None:
            found = self._read(response)
            if found is not None:
                content.given = sum(len(found.elements[tag].items) for tag in sequences if tag in found.elements)

    def _listen(self, content: Content, message: Message, tags: tuple[int, ...]) -> None:
        """Take what a printer says of itself."""
        found = self._read(message)
        there = found.elements if found is not None else {}
        content.values.update({tag: plain_text(there[tag].value) for tag in tags if tag in there})

    def _read(self, message: Message) -> Identifier | None:
        """Read a data set; one that was not sent holds nothing. None where it cannot be read."""
        data = message.data_set
        nothing = not message.command.announces_data_set if data is None else not data.length
        if nothing and message.complete:
            from dicomsniff.dimse.scan.syntax import Encoding

            return Identifier({}, Encoding(), None)
        if data is None or data.identifier is None or not message.complete:
            return None
        self._left -= len(data.identifier.content)
        return read_identifier(data.identifier) if self._left >= 0 else None


def _compare(content: Content, demand: Demand, found: Identifier) -> None:
    content.read, odd = True, []
    for path, allowed in demand.allowed.items():
        given = [plain_text(key.value) for key in _at(found.elements, path) if key is not None and not key.is_empty]
        if len(path) == 1 and given:
            content.values[path[0]] = given[0]
        odd += [(path, value) for value in given if value not in allowed][:1]
    content.odd = tuple(odd)
    content.ends = content.values.get(STEP_STATUS) in MPPS_ENDED
    required = demand.required + (demand.final if content.ends else ())
    content.absent = tuple(path for path in required if _lacks(found, path))
    content.left_out = tuple(path for path in demand.present if _lacks(found, path, empty=False))
    content.barred = tuple(tag for tag in demand.barred if tag in found.elements)


def _lacks(found: Identifier, path: Path, *, empty: bool = True) -> bool:
    """Whether an attribute is missing, or empty; one of items where any item lacks it, never where there are none."""
    return any(key is None or (empty and key.is_empty) for key in _at(found.elements, path))


def _at(elements: dict[int, Key], path: Path) -> Iterator[Key | None]:
    """Yield an attribute, None where it is missing; one of items for every item there is."""
    key = elements.get(path[0])
    if len(path) == 1:
        yield key
        return
    for item in key.items if key is not None else ():
        yield from _at({each.tag: each for each in item}, path[1:])
