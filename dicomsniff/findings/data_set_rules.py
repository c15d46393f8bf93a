"""Rules on data sets: what their outline shows to be wrong (PS3.5). They are asked where data sets are scanned."""

from collections.abc import Callable, Iterator
from typing import Unpack

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry
from dicomsniff.dimse.message import Message
from dicomsniff.dimse.outlines import C_STORE_RQ, other_object
from dicomsniff.dimse.scan.element_kinds import CHARACTER_SET
from dicomsniff.dimse.scan.outline import DataSetOutline, DataSetProblem, named
from dicomsniff.findings.codes import FRAMING, NOT_CAPTURED, by
from dicomsniff.findings.early_rules import CUT_SHORT, refused_early
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.parts import the_class, the_uid, the_value
from dicomsniff.findings.rule import Described, EntryCheck, Hit, entry_rule

_PREFIX = "data-set-"
MAX_BESIDE = 3
"""Further problems of a kind, of which the first is named; more are only counted."""


def outline_of(message: Message) -> DataSetOutline | None:
    """Return what the structure of a message's data set tells; None where it was not scanned, or is sound."""
    return message.data_set.outline if message.data_set is not None else None


def is_outlined(_: Association, message: Message) -> bool:
    """Whether its data set was scanned and is not plainly sound."""
    return outline_of(message) is not None


def problems_of(kind: str) -> EntryCheck:
    """Return a check for one kind of problem: the first one of a data set is told, further ones are counted."""
    code = _PREFIX + kind

    def check(_: Association, entry: Entry) -> Iterator[Hit]:
        match entry.event:
            case Message() as message if outline := outline_of(message):
                if code in CUT_SHORT and refused_early(message):
                    return  # its sender was free to stop (PS3.7 §9.3.1.3)
                found = [each for each in outline.problems if each.code == code]
                if found:
                    yield _hit(message, f"{message.name}: {_said(found[0])}{further(found, outline)}")

    return check


def further(found: list[DataSetProblem], outline: DataSetOutline) -> str:
    """Name the second problem of a kind by its attribute and count the others; empty where there is one only."""
    others = len(found) - 1 + outline.unlisted.get(found[0].code, 0)
    if not others:
        return ""
    second = found[1].tag if len(found) > 1 else None
    if second is None or second == found[0].tag or others > MAX_BESIDE:
        return f"; {others} more like it"
    return f"; also {named(second)}" + (f" and {others - 1} more" if others > 1 else "")


def _rule(
    *, code: str, after: tuple[str, ...] = (), causes: tuple[str, ...] = (), **row: Unpack[Described]
) -> Callable[[EntryCheck], EntryCheck]:
    """Declare a rule on outlines: `after` are the kinds of problems of a data set that lead to it, `causes` codes."""
    follows = (*by("own", *causes, *FRAMING, *(_PREFIX + each for each in after)), *NOT_CAPTURED)
    return entry_rule(code=_PREFIX + code, on=Message, condition=is_outlined, follows=follows, **row)


_SYNTAX = ("wrong-syntax", "deflate", "command-element")

_STRUCTURE = (*_SYNTAX, "bad-vr", "overrun")


_rule(
    code="wrong-syntax",
    severity=Severity.ERROR,
    title="A data set is not in the transfer syntax negotiated",
    meaning="The bytes do not fit the transfer syntax accepted for the context, and fit another one. The receiver "
    "reads them wrongly, or not at all; dicomsniff decodes with what fits and says so.",
    remedy="Look at the sender: it must convert to the accepted transfer syntax, or use another context.",
    after=("command-element", "file-meta"),
)(problems_of("wrong-syntax"))


_rule(
    code="file-meta",
    severity=Severity.ERROR,
    title="A data set holds file meta information",
    meaning="Group 0002 belongs in files only. A receiver takes it for the beginning of the object, or refuses it.",
    remedy="Let the sender strip preamble and group 0002 from the file before it sends it.",
)(problems_of("file-meta"))


_rule(
    code="command-element",
    severity=Severity.ERROR,
    title="A data set holds elements of a command set",
    meaning="Group 0000 belongs in command sets only. The sender marked a part of the command as data set, or wrote it "
    "twice; receivers refuse the data set, or read on in the wrong transfer syntax.",
    remedy="Look at how the sender separates command and data set: bit 0 of the message control header marks a "
    "command.",
)(problems_of("command-element"))


_rule(
    code="deflate",
    severity=Severity.ERROR,
    title="A deflated data set cannot be inflated correctly",
    meaning="The deflate stream is broken, cut off, wrapped in another format, or followed by other bytes.",
    remedy="Look at the sender's compression; it must be raw deflate (RFC 1951).",
)(problems_of("deflate"))


_rule(
    code="truncated-element",
    severity=Severity.ERROR,
    title="An element is longer than what is left of its data set",
    meaning="The element announces more bytes than the data set has. Either its length is wrong, or the data set was "
    "cut off before it was sent.",
    remedy="Compare with the object at the sender. Receivers refuse it or keep a damaged object.",
    after=(*_STRUCTURE,),
)(problems_of("truncated-element"))


_rule(
    code="overrun",
    severity=Severity.ERROR,
    title="An element runs over the end of its sequence or item",
    meaning="The lengths of an element and of the item or sequence that holds it contradict each other.",
    remedy="Look at how the sender computes lengths of sequences; explicit lengths go stale when elements change.",
    after=(*_SYNTAX,),
)(problems_of("overrun"))


_rule(
    code="undelimited",
    severity=Severity.ERROR,
    title="A sequence or item of undefined length has no delimiter",
    meaning="What has an undefined length ends with a delimitation item. Without one, the receiver reads on to the "
    "end of the data set, or beyond.",
    remedy="Look at the sender's encoder, or at whether the data set was cut off.",
    after=(
        *_STRUCTURE,
        "truncated-element",
    ),
)(problems_of("undelimited"))


_rule(
    code="stray-delimiter",
    severity=Severity.WARNING,
    title="A delimiter ends nothing",
    meaning="A delimitation item occurs where no sequence or item of undefined length is open. Some receivers stop "
    "there.",
    remedy="Look at the sender's encoder.",
    after=(*_STRUCTURE,),
)(problems_of("stray-delimiter"))


_rule(
    code="item",
    severity=Severity.ERROR,
    title="A sequence holds something other than items",
    meaning="Sequences and encapsulated pixel data consist of items. From here on, structure and values are a guess.",
    remedy="Look at the sender's encoder.",
    after=(*_STRUCTURE,),
)(problems_of("item"))


_rule(
    code="bad-vr",
    severity=Severity.ERROR,
    title="An element has a VR that does not exist",
    meaning="In explicit VR the VR tells how long the length field is. With an unknown one, the receiver may lose its "
    "place in the data set.",
    remedy="Look at the sender's encoder, and at whether the data set is really in explicit VR.",
    after=(*_SYNTAX,),
)(problems_of("bad-vr"))


_rule(
    code="too-deep",
    severity=Severity.NOTE,
    title="Sequences are nested very deeply",
    meaning="There are more than 64 sequences inside each other. Real objects stay far below that depth, and "
    "receivers may fail on it. Deeper elements are judged, but not listed.",
    remedy="Look at whether the data set is damaged.",
    after=(*_STRUCTURE,),
)(problems_of("too-deep"))


_rule(
    code="order",
    severity=Severity.WARNING,
    title="Elements are not in ascending order, or occur twice",
    meaning="Elements are sorted by tag, and each occurs once. Receivers that stop at the first greater tag do not "
    "find the others.",
    remedy="Look at the sender, or at what edits objects before they are sent.",
    after=(*_STRUCTURE,),
)(problems_of("order"))


_rule(
    code="odd-length",
    severity=Severity.WARNING,
    title="An element has an odd length",
    meaning="Values are padded to even length. Some receivers refuse the object, others read all that follows shifted.",
    remedy="Look at the sender's encoder.",
    after=(*_STRUCTURE,),
)(problems_of("odd-length"))


_rule(
    code="uid",
    severity=Severity.WARNING,
    title="A UID in the data set is malformed",
    meaning="UIDs are numbers joined by dots, without leading zeros, of 64 characters at most. Archives refuse "
    "others, or cut them so that objects collide.",
    remedy="Look at where the UID comes from.",
    after=(*_STRUCTURE,),
    causes=("query-key-not-single", "query-wildcard"),
)(problems_of("uid"))


_rule(
    code="value",
    severity=Severity.WARNING,
    title="A value does not have the form of its VR",
    meaning="Dates, times, numbers, codes and names have a fixed form and a greatest length. Receivers that convert "
    "them refuse the object, cut the value, or store none. The value itself is not shown.",
    remedy="Look at where the value comes from, such as a form without checks or a calculation with too many digits.",
    after=(
        *_STRUCTURE,
        "truncated-element",
    ),
)(problems_of("value"))


@_rule(
    code="announced-otherwise",
    severity=Severity.WARNING,
    after=(
        *_STRUCTURE,
        "uid",
        "missing",
    ),
)
def announced_otherwise(_: Association, entry: Entry) -> Iterator[Hit]:
    """A data set is another object than its command says.

    Affected SOP Class UID and Affected SOP Instance UID of C-STORE-RQ name the object that its data set is. Receivers
    refuse it (status A900H), or file it under one of the two, so that it cannot be found by the other.

    What to do: Look at what edits or converts objects at the sender: it takes the UIDs of the command from elsewhere.
    """
    match entry.event:
        case Message() as message if outline := outline_of(message):
            if differs := other_object(outline, message.command):
                what, verb = " and ".join(each.what for each in differs), "differs" if len(differs) == 1 else "differ"
                sent, announced = (
                    the_class(each) if differs[0].what == "SOP class" else the_uid(each) for each in differs[0][1:]
                )
                text = f"{message.name}: the {what} of its data set {verb} from the command's: {sent}, not {announced}"
                yield _hit(message, text)._replace(earliest_cause=0)  # the message before may have lost its own


@_rule(
    code="minor-value",
    severity=Severity.WARNING,
    after=(*_STRUCTURE, "truncated-element"),
)
def minor_value(association: Association, entry: Entry) -> Iterator[Hit]:
    """A text is too long, or a value in an item of a sequence malformed.

    SH has 16 characters at most, LO 64; and dates, times, numbers, codes and UIDs have a fixed form in items of
    sequences too, such as those of a worklist or of a procedure step. Objects that are stored often break this, and
    nobody minds: it is told of them only where the receiver failed.

    What to do: Look at where the value comes from.
    """
    match entry.event:
        case Message(command=command) if command.field != C_STORE_RQ:
            yield from problems_of("minor-value")(association, entry)


def _said(problem: DataSetProblem) -> str:
    return (
        problem.text.replace(problem.quoted, the_value(problem.quoted, CHARACTER_SET))
        if problem.quoted
        else problem.text
    )


def _hit(message: Message, text: str) -> Hit:
    span = message.span
    return Hit(text, earliest_cause=span.first_packet, latest_cause=span.last_packet, listed_at=span.last_packet)


_rule(
    code="charset",
    severity=Severity.WARNING,
    title="Text does not fit the character set that is named",
    meaning="Specific Character Set (0008,0005) is missing, unknown, or not what the text is in. Names are shown "
    "wrongly, and patients may not be found.",
    remedy="Compare the character set configured at the modality and the worklist.",
    after=(*_STRUCTURE,),
)(problems_of("charset"))


_rule(
    code="pixel-length",
    severity=Severity.WARNING,
    title="The length of Pixel Data does not match its description",
    meaning="Rows, columns, samples, bits and frames tell how many bytes there are. Viewers show a part, noise or "
    "nothing.",
    remedy="Look at the object at the sender: it was cut off, or its description was changed.",
    after=(*_STRUCTURE,),
)(problems_of("pixel-length"))


_rule(
    code="pixel-mismatch",
    severity=Severity.WARNING,
    title="Pixel Data is not what the transfer syntax or description says",
    meaning="Native pixels where compressed ones belong, another codec than the transfer syntax names, or a number of "
    "fragments or offsets that does not fit. Viewers fail to decode it.",
    remedy="Look at what converts or compresses objects at the sender.",
    after=(*_STRUCTURE,),
)(problems_of("pixel-mismatch"))
