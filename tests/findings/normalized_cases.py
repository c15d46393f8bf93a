"""For every rule on normalized services the smallest traffic that raises it, and some that just does not."""

from collections.abc import Callable

import build
from findings.traffic import associate_ac, associate_rq, opened, released
from network import ARCHIVE, CLIENT, Network, release

Elements = dict[int, "bytes | list[Elements]"]
"""A data set by tag: values as sent, of a sequence its items."""
Turn = tuple[int, bytes]
"""Who sends (0 the requestor, 1 the acceptor), and what."""

MPPS, COMMITMENT = "1.2.840.10008.3.1.2.3.3", "1.2.840.10008.1.20.1"
FILM_SESSION, FILM_BOX, IMAGE_BOX = "1.2.840.10008.5.1.1.1", "1.2.840.10008.5.1.1.2", "1.2.840.10008.5.1.1.4"
MEDIA = "1.2.840.10008.5.1.1.33"
PRINT, PRINT_JOB = "1.2.840.10008.5.1.1.9", "1.2.840.10008.5.1.1.14"
PUSH, WATCH, PULL, EVENT = (f"1.2.840.10008.5.1.4.34.6.{number}" for number in range(1, 5))
CREATE, SET, GET, ACTION, REPORT, DELETE = 0x0140, 0x0120, 0x0110, 0x0130, 0x0100, 0x0150
SUCCESS, NO_SUCH_INSTANCE, MISSING, INVALID, UNRECOGNIZED = 0x0000, 0x0112, 0x0120, 0x0106, 0x0211
STATUS, STATE, TRANSACTION, REFERENCED, FAILED = 0x00400252, 0x00741000, 0x00081195, 0x00081199, 0x00081198
STEP, UID = "1.2.3.4", b"1.2.3.9\0"
WELL_KNOWN = "1.2.840.10008.1.20.1.1"
"""The instance of storage commitment."""

MPPS_STEP: Elements = {
    0x00080060: b"CT",
    0x00400241: b"CT1 ",
    0x00400244: b"20260101",
    0x00400245: b"1200",
    STATUS: b"IN PROGRESS ",
    0x00400253: b"PPS1",
    0x00400270: [{0x0020000D: UID}],
    0x00400340: [],
}
"""What an N-CREATE of a procedure step must hold (PS3.4 Table F.7.2-1)."""
UPS_STEP: Elements = {
    STATE: b"SCHEDULED ",
    0x00741200: b"MEDIUM",
    0x00741204: b"Label ",
    0x00404005: b"20260101120000",
    0x00404041: b"READY ",
}
COPIES: Elements = {0x20000010: b"1 "}
CLAIM: Elements = {TRANSACTION: UID, STATE: b"IN PROGRESS "}
FILM: Elements = {0x20100010: b"STANDARD\\1,1", 0x20100500: [{0x00081155: b"1.2\0"}]}


def data_set(elements: Elements) -> bytes:
    """A data set in implicit VR little endian."""
    return b"".join(build.element(tag, encoded(value)) for tag, value in sorted(elements.items()))


def encoded(value: "bytes | list[Elements]") -> bytes:
    if isinstance(value, bytes):
        return value
    return b"".join(build.element(0xFFFEE000, data_set(item)) for item in value)


def command(field: int, values: dict[int, int | str | bytes], data: Elements | None) -> bytes:
    said = build.command_set({0x0100: field, 0x0800: 0x0101 if data is None else 1} | values)
    return build.message(1, said, None if data is None else data_set(data))


def request(
    service: int,
    sop_class: str,
    data: Elements | None,
    *,
    instance: str | None = STEP,
    number: int = 1,
    kind: int | None = None,
) -> bytes:
    """A request; `kind` is its action or event type."""
    affected = service in (CREATE, REPORT)
    named = {0x1000 if affected else 0x1001: instance} if instance is not None else {}
    typed = {0x1002 if service == REPORT else 0x1008: kind} if kind is not None else {}
    return command(service, {0x0002 if affected else 0x0003: sop_class, 0x0110: number} | named | typed, data)


def response(
    service: int,
    sop_class: str,
    status: int = SUCCESS,
    *,
    data: Elements | None = None,
    instance: str | None = STEP,
    number: int = 1,
    more: dict[int, int | str | bytes] | None = None,
) -> bytes:
    named = {0x1000: instance} if instance is not None else {}
    values = {0x0002: sop_class, 0x0120: number, 0x0900: status} | named | (more or {})
    return command(service | 0x8000, values, data)


def talk(context: str, *turns: Turn, calling: str = "SCU", called: str = "SCP") -> build.Talk:
    """An association for one SOP class, and what was said on it."""
    begun = opened(
        associate_rq(build.proposal(1, context), calling=calling, called=called),
        associate_ac(build.answer(1), calling=calling, called=called),
    )
    for side, data in turns:
        (begun.server if side else begun.client)(data)
    return begun


def exchange(context: str, *turns: Turn) -> list[build.Packet]:
    return released(talk(context, *turns))


def asked(
    service: int,
    sop_class: str,
    data: Elements | None,
    status: int = SUCCESS,
    *,
    number: int = 1,
    kind: int | None = None,
    instance: str = STEP,
    answer: Elements | None = None,
    more: dict[int, int | str | bytes] | None = None,
) -> tuple[Turn, Turn]:
    """A request of the requestor, and its response."""
    said = response(service, sop_class, status, data=answer, instance=instance, number=number, more=more)
    return (0, request(service, sop_class, data, instance=instance, number=number, kind=kind)), (1, said)


def reported(sop_class: str, data: Elements, kind: int, *, number: int = 1, instance: str = STEP) -> tuple[Turn, Turn]:
    """An N-EVENT-REPORT of the acceptor, and its response."""
    return (
        (1, request(REPORT, sop_class, data, instance=instance, number=number, kind=kind)),
        (0, response(REPORT, sop_class, instance=instance, number=number)),
    )


def created(left: str | None, given: str | None, status: int = SUCCESS) -> list[build.Packet]:
    """An N-CREATE of a step that the request names so, and the response so."""
    turns = (0, request(CREATE, MPPS, MPPS_STEP, instance=left)), (1, response(CREATE, MPPS, status, instance=given))
    return exchange(MPPS, *turns)


def ups(context: str, service: int, kind: int | None = None, status: int = SUCCESS) -> list[build.Packet]:
    """A UPS message on a context of one of its SOP classes."""
    data = {ACTION: CLAIM, CREATE: UPS_STEP}.get(service, {0x00741204: b"Label "})
    return exchange(context, *asked(service, PUSH, None if service == GET else data, status, kind=kind))


def without(elements: Elements, *tags: int) -> Elements:
    return {tag: value for tag, value in elements.items() if tag not in tags}


def mpps(*steps: tuple[int, Elements, int]) -> list[build.Packet]:
    """Operations on one procedure step: service, data set, status."""
    turns = [turn for number, (service, data, status) in enumerate(steps, start=1)
             for turn in asked(service, MPPS, data, status, number=number)]  # fmt: skip
    return exchange(MPPS, *turns)


def claimed(transaction: bytes, status: int = 0xC301) -> list[build.Packet]:
    """A UPS that one performer claims, and that is then set under this Transaction UID."""
    change: Elements = {TRANSACTION: transaction, 0x00741204: b"Label "}
    return exchange(PULL, *asked(ACTION, PUSH, CLAIM, kind=1), *asked(SET, PUSH, change, status, number=2))


def renamed(given: str) -> list[build.Packet]:
    """A step to which the receiver gives this UID, and that is then changed by the UID of its creator, in vain."""
    created = (0, request(CREATE, MPPS, MPPS_STEP)), (1, response(CREATE, MPPS, instance=given))
    return exchange(MPPS, *created, *asked(SET, MPPS, CHANGED, NO_SUCH_INSTANCE, number=2))


def completed(*, filled_in: bool = False) -> list[build.Packet]:
    """A UPS that is claimed, filled in or not, and then to be COMPLETED in vain."""
    done: Elements = {TRANSACTION: UID, STATE: b"COMPLETED "}
    filling = asked(SET, PUSH, {TRANSACTION: UID, 0x00741204: b"Label "}, number=2) if filled_in else ()
    last = asked(ACTION, PUSH, done, 0xC304, number=3, kind=1)
    return exchange(PULL, *asked(ACTION, PUSH, CLAIM, kind=1), *filling, *last)


def references(*instances: int) -> "list[Elements]":
    return [{0x00081150: UID, 0x00081155: f"1.2.{number}".encode().ljust(6, b"\0")} for number in instances]


def committed(
    wanted: "list[Elements]", *lists: "tuple[list[Elements], list[Elements]]", kind: int = 1, uid: bytes = UID
) -> list[build.Packet]:
    """A storage commitment of these instances, and reports that list (committed, failed) ones."""
    turns = [*asked(ACTION, COMMITMENT, {TRANSACTION: UID, REFERENCED: wanted}, kind=1, instance=WELL_KNOWN)]
    for number, (good, bad) in enumerate(lists, start=1):
        said: Elements = {TRANSACTION: uid, REFERENCED: good} | ({FAILED: bad} if bad else {})
        turns += reported(COMMITMENT, said, kind, number=number, instance=WELL_KNOWN)
    return exchange(COMMITMENT, *turns)


def film(answer: Elements, *more: Turn) -> list[build.Packet]:
    """A Film Box that is created with this answer."""
    return exchange(PRINT, *asked(CREATE, FILM_BOX, FILM, answer=answer), *more)


def set_at(position: bytes, status: int = 0x0106) -> list[build.Packet]:
    """The one image box of a film, set at a position, which is answered with this status."""
    image: Elements = {0x20200010: position, 0x20200110: []}
    return film(IMAGES, *asked(SET, IMAGE_BOX, image, status, number=2, instance="1.2.3.4.1"))


NORMAL: Elements = {0x21100010: b"NORMAL"}
WANTED: Elements = {TRANSACTION: UID, REFERENCED: references(1)}
IMAGES: Elements = {0x20100510: [{0x00081155: b"1.2.3.4.1\0"}]}
JOB: Elements = {0x21200070: [{0x00081155: b"1.2.3.5\0"}]}


def printed(*events: Turn) -> list[build.Packet]:
    """A film that is printed under a print job, whose SOP class was agreed on too."""
    contexts = build.proposal(1, PRINT), build.proposal(3, PRINT_JOB)
    begun = opened(associate_rq(*contexts), associate_ac())
    for side, data in (*asked(ACTION, FILM_BOX, None, kind=1, answer=JOB), *events):
        (begun.server if side else begun.client)(data)
    return released(begun)


PRINTER, THE_PRINTER = "1.2.840.10008.5.1.1.16", "1.2.840.10008.5.1.1.17"


def printer(status: bytes, information: bytes) -> list[build.Packet]:
    """A printer that is asked for its status."""
    said: Elements = {0x21100010: status, 0x21100020: information}
    return exchange(PRINT, *asked(GET, PRINTER, None, instance=THE_PRINTER, answer=said))


def subscribed(*events: Turn, instance: str = STEP) -> list[build.Packet]:
    """A subscription to the events of a step."""
    wish: Elements = {0x00741230: b"FALSE ", 0x00741234: b"SCU "}
    return exchange(WATCH, *asked(ACTION, PUSH, wish, kind=3, instance=instance), *events)


def steps_apart(*steps: tuple[int, Elements, int]) -> list[build.Packet]:
    """Operations on one procedure step, each on an association of its own."""
    network = Network()
    for number, (service, data, status) in enumerate(steps):
        begun = network.associate(CLIENT, ARCHIVE, "CT1", "RIS", MPPS, after=1000 * number)
        for side, said in asked(service, MPPS, data, status):
            (begun.server if side else begun.client)(said)
        release(begun)
    return network.packets


DONE: Elements = {STATUS: b"COMPLETED ", 0x00400340: [{0x0020000E: UID, 0x00181030: b"Head"}]}
"""What an N-SET that ends a step says."""
CHANGED: Elements = {0x00400254: b"Text"}
STATE_REPORT: Elements = {STATE: b"SCHEDULED ", 0x00404041: b"READY "}


def laid_out(layout: bytes, boxes: int) -> list[build.Packet]:
    """A Film Box of a layout, whose response names so many image boxes."""
    named: Elements = {0x20100510: [{0x00081155: f"1.2.3.4.{each}".encode() + b"\0"} for each in range(boxes)]}
    return exchange(PRINT, *asked(CREATE, FILM_BOX, FILM | {0x20100010: layout}, answer=named))


def box_used(deleted: str | None, *, sop_class: str = FILM_BOX) -> list[Turn]:
    """A film session and its film box, what is deleted of it, and a box that is used after that and not known."""
    turns = [*asked(CREATE, FILM_SESSION, COPIES, instance="1.2.1")]
    turns += asked(CREATE, FILM_BOX, FILM, number=2, instance="1.2.2", answer={0x20100510: [{0x00081155: b"1.2.3\0"}]})
    if deleted is not None:
        turns += asked(DELETE, deleted, None, number=3, instance="1.2.1" if deleted == FILM_SESSION else "1.2.2")
    if sop_class == FILM_BOX:
        return [*turns, *asked(ACTION, FILM_BOX, None, NO_SUCH_INSTANCE, number=4, kind=1, instance="1.2.2")]
    return [*turns, *asked(SET, sop_class, COPIES, NO_SUCH_INSTANCE, number=4, instance="1.2.3")]


CASES: dict[str, tuple[Callable[[], list[build.Packet]], Callable[[], list[build.Packet]]]] = {
    "create-without-instance": (lambda: created(None, None), lambda: created(None, "1.2.9")),
    "service-not-of-class": (
        lambda: exchange(PRINT, *asked(CREATE, PRINTER, {0x20000010: b"1 "}, 0x0118)),
        lambda: exchange(PRINT, *asked(GET, PRINTER, None, instance=THE_PRINTER, answer=NORMAL)),
    ),
    "type-not-defined": (lambda: ups(PULL, ACTION, 9), lambda: ups(PULL, ACTION, 1)),
    "ups-service-of-other-class": (lambda: ups(PUSH, ACTION, 1, UNRECOGNIZED), lambda: ups(PULL, ACTION, 1)),
    "instance-not-well-known": (
        lambda: exchange(COMMITMENT, *asked(ACTION, COMMITMENT, WANTED, NO_SUCH_INSTANCE, kind=1)),
        lambda: exchange(COMMITMENT, *asked(ACTION, COMMITMENT, WANTED, NO_SUCH_INSTANCE, kind=1, instance=WELL_KNOWN)),
    ),
    "meta-class-named": (
        lambda: exchange(PRINT, *asked(CREATE, PRINT, {0x20000010: b"1 "}, 0x0118)),
        lambda: exchange(PRINT, *asked(CREATE, FILM_SESSION, {0x20000010: b"1 "}, 0x0118)),
    ),
    "ups-class-not-push": (
        lambda: exchange(PULL, *asked(ACTION, PULL, CLAIM, 0x0119, kind=1)),
        lambda: exchange(PULL, *asked(ACTION, PULL, CLAIM, kind=1)),
    ),
    "attribute-missing": (
        lambda: mpps((CREATE, without(MPPS_STEP, 0x00400253), MISSING)),
        lambda: mpps((CREATE, without(MPPS_STEP, 0x00400253), SUCCESS)),
    ),
    "attribute-value-not-allowed": (
        lambda: mpps((CREATE, MPPS_STEP | {STATUS: b"COMPLETED "}, INVALID)),
        lambda: mpps((CREATE, MPPS_STEP, INVALID)),
    ),
    "attribute-not-settable": (
        lambda: mpps((CREATE, MPPS_STEP, SUCCESS), (SET, {0x00100020: b"ID"}, INVALID)),
        lambda: mpps((CREATE, MPPS_STEP, SUCCESS), (SET, CHANGED, INVALID)),
    ),
    "image-box-position": (lambda: set_at(b"\2\0"), lambda: set_at(b"\1\0")),
    "film-box-without-image-boxes": (lambda: film({}), lambda: film(IMAGES)),
    "image-boxes-differ": (lambda: laid_out(b"STANDARD\\2,2", 1), lambda: laid_out(b"STANDARD\\2,2", 4)),
    "print-failed": (
        lambda: printed(*reported(PRINT_JOB, {0x21000030: b"CHECK PRINTER "}, 4, instance="1.2.3.5")),
        lambda: printed(*reported(PRINT_JOB, {0x21000030: b"NORMAL"}, 3, instance="1.2.3.5")),
    ),
    "printer-status": (
        lambda: printer(b"FAILURE ", b"SUPPLY EMPTY"),
        lambda: printer(b"NORMAL", b"NORMAL"),
    ),
    "print-job-not-followed": (
        lambda: printed(),
        lambda: printed(*reported(PRINT_JOB, {0x21000030: b"NORMAL"}, 3, instance="1.2.3.5")),
    ),
    "instance-not-created": (
        lambda: mpps((SET, CHANGED, NO_SUCH_INSTANCE)),
        lambda: steps_apart((CREATE, MPPS_STEP, SUCCESS), (SET, CHANGED, NO_SUCH_INSTANCE)),
    ),
    "instance-named-otherwise": (lambda: renamed("1.2.77"), lambda: renamed(STEP)),
    "instance-deleted": (
        lambda: exchange(PRINT, *box_used(deleted=FILM_BOX)),
        lambda: exchange(PRINT, *box_used(deleted=None)),
    ),
    "instance-created-twice": (
        lambda: steps_apart((CREATE, MPPS_STEP, SUCCESS), (CREATE, MPPS_STEP, 0x0111)),
        lambda: mpps((CREATE, MPPS_STEP, 0x0111)),
    ),
    "step-already-ended": (
        lambda: steps_apart((CREATE, MPPS_STEP, SUCCESS), (SET, DONE, SUCCESS), (SET, CHANGED, SUCCESS)),
        lambda: steps_apart((CREATE, MPPS_STEP, SUCCESS), (SET, DONE, INVALID), (SET, DONE, SUCCESS)),
    ),
    "step-already-claimed": (
        lambda: exchange(
            PULL, *asked(ACTION, PUSH, CLAIM, kind=1), *asked(ACTION, PUSH, CLAIM, 0xC302, number=2, kind=1)
        ),
        lambda: exchange(PULL, *asked(ACTION, PUSH, CLAIM, 0xC302, kind=1)),
    ),
    "step-not-filled-in": (lambda: completed(), lambda: completed(filled_in=True)),
    "transaction-of-other-claim": (lambda: claimed(b"1.2.3.7\0"), lambda: claimed(UID)),
    "commitment-incomplete": (
        lambda: committed(references(1, 2, 3), (references(1), references(2)), kind=2),
        lambda: committed(references(1, 2, 3), (references(3, 1), references(2)), kind=2),
    ),
    "commitment-transaction-differs": (
        lambda: committed(references(1), (references(1), []), uid=b"1.2.3.8\0"),
        lambda: committed(references(1), (references(1), [])),
    ),
    "commitment-transaction-unknown": (
        lambda: committed(references(1), (references(2), []), uid=b"1.2.3.8\0"),
        lambda: committed(references(1), (references(1), [])),
    ),
    "commitment-event-type": (
        lambda: committed(references(1), ([], references(1)), kind=1),
        lambda: committed(references(1), ([], references(1)), kind=2),
    ),
    "commitment-uid-reused": (
        lambda: exchange(COMMITMENT, *(turn for number in (1, 2) for turn in asked(
            ACTION, COMMITMENT, {TRANSACTION: UID, REFERENCED: references(1)}, number=number, kind=1))),
        lambda: committed(references(1), (references(1), [])),
    ),
    "step-beginning-not-seen": (
        lambda: mpps((SET, CHANGED, SUCCESS)),
        lambda: steps_apart((CREATE, MPPS_STEP, SUCCESS), (SET, CHANGED, SUCCESS)),
    ),
    "subscription-without-event": (
        lambda: subscribed(),
        lambda: subscribed(*reported(PUSH, STATE_REPORT, 1)),
    ),
}  # fmt: skip
"""By code: traffic that raises the rule, and traffic that all but does."""
