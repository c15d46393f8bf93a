"""Rules on data sets: what their outline shows to be wrong (PS3.5). They are asked where data sets are scanned."""

from collections.abc import Callable, Iterator

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry
from dicomsniff.dimse.message import Message
from dicomsniff.dimse.outlines import other_object
from dicomsniff.dimse.scan.outline import DataSetOutline
from dicomsniff.findings.codes import FRAMING, NOT_CAPTURED, by
from dicomsniff.findings.early_rules import CUT_SHORT, refused_early
from dicomsniff.findings.finding import EntryRule, Hit, Severity

_PREFIX = "data-set-"
Check = Callable[[Association, Entry], Iterator[Hit]]


def outline_of(message: Message) -> DataSetOutline | None:
    """Return what the structure of a message's data set tells; None where it was not scanned, or is sound."""
    return message.data_set.outline if message.data_set is not None else None


def is_outlined(_: Association, message: Message) -> bool:
    """Whether its data set was scanned and is not plainly sound."""
    return outline_of(message) is not None


def problems_of(code: str) -> Check:
    """Return a check for one kind of problem: the first one of a data set is told, further ones are counted."""

    def check(_: Association, entry: Entry) -> Iterator[Hit]:
        match entry.event:
            case Message() as message if outline := outline_of(message):
                if code in CUT_SHORT and refused_early(message):
                    return  # its sender was free to stop (PS3.7 §9.3.1.3)
                found = [each for each in outline.problems if each.code == code]
                if found:
                    further = len(found) - 1 + outline.unlisted.get(code, 0)
                    more = f"; {further} more like it" if further else ""
                    yield _hit(message, f"{message.name}: {found[0].text}{more}")

    return check


def announced_otherwise(_: Association, entry: Entry) -> Iterator[Hit]:
    """A C-STORE-RQ whose data set is of another SOP class or instance than its command says (PS3.7 §9.1.1)."""
    match entry.event:
        case Message() as message if outline := outline_of(message):
            if differs := other_object(outline, message.command):
                what, verb = " and ".join(differs), "differs" if len(differs) == 1 else "differ"
                text = f"{message.name}: the {what} of its data set {verb} from the command's"
                yield _hit(message, text)._replace(earliest_cause=0)  # the message before may have lost its own


def _hit(message: Message, text: str) -> Hit:
    span = message.span
    return Hit(text, earliest_cause=span.first_packet, latest_cause=span.last_packet, listed_at=span.last_packet)


def _rule(
    code: str,
    severity: Severity,
    reference: str,
    title: str,
    meaning: str,
    remedy: str,
    *after: str,
    check: Check | None = None,
    causes: tuple[str, ...] = (),
) -> EntryRule:
    """Return a row; `after` are the kinds of problems of the same data set that lead to this one, `causes` other codes.

    It is asked by `check`, where that is no kind of problem.
    """
    follows = (*by("own", *causes, *FRAMING, *(_PREFIX + each for each in after)), *NOT_CAPTURED)
    code = _PREFIX + code
    check = check or problems_of(code)
    return EntryRule(code, severity, reference, title, meaning, remedy, (Message,), check, follows, is_outlined)


_SYNTAX = ("wrong-syntax", "deflate", "command-element")
_STRUCTURE = (*_SYNTAX, "bad-vr", "overrun")

RULES = (
    _rule(
        "wrong-syntax",
        Severity.ERROR,
        "PS3.5 §10, PS3.8 §9.3.3.2",
        "A data set is not in the transfer syntax negotiated",
        "The bytes do not fit the transfer syntax accepted for the context, and fit another one. The receiver reads "
        "them wrongly, or not at all; dicomsniff decodes with what fits and says so.",
        "Look at the sender: it must convert to the accepted transfer syntax, or use another context.",
        "command-element",
    ),
    _rule(
        "file-meta",
        Severity.ERROR,
        "PS3.5 §7.1, PS3.10 §7.1",
        "A data set holds file meta information",
        "Group 0002 belongs in files only. A receiver takes it for the beginning of the object, or refuses it.",
        "Let the sender strip preamble and group 0002 from the file before it sends it.",
    ),
    _rule(
        "command-element",
        Severity.ERROR,
        "PS3.7 §6.3.1, PS3.5 §7.1",
        "A data set holds elements of a command set",
        "Group 0000 belongs in command sets only. The sender marked a part of the command as data set, or wrote it "
        "twice; receivers refuse the data set, or read on in the wrong transfer syntax.",
        "Look at how the sender separates command and data set: bit 0 of the message control header marks a command.",
    ),
    _rule(
        "deflate",
        Severity.ERROR,
        "PS3.5 §A.5",
        "A deflated data set cannot be inflated as it should",
        "The deflate stream is broken, cut off, wrapped in another format, or followed by other bytes.",
        "Look at the sender's compression; it must be raw deflate (RFC 1951).",
    ),
    _rule(
        "truncated-element",
        Severity.ERROR,
        "PS3.5 §7.1",
        "An element is longer than what is left of its data set",
        "The element announces more bytes than the data set has. Either its length is wrong, or the data set was cut "
        "off before it was sent.",
        "Compare with the object at the sender. Receivers refuse it or keep a damaged object.",
        *_STRUCTURE,
    ),
    _rule(
        "overrun",
        Severity.ERROR,
        "PS3.5 §7.5",
        "An element runs over the end of its sequence or item",
        "The lengths of an element and of the item or sequence that holds it contradict each other.",
        "Look at how the sender computes lengths of sequences; explicit lengths go stale when elements change.",
        *_SYNTAX,
    ),
    _rule(
        "undelimited",
        Severity.ERROR,
        "PS3.5 §7.5",
        "A sequence or item of undefined length has no delimiter",
        "What has an undefined length ends with a delimitation item. Without one, the receiver reads on to the end of "
        "the data set, or beyond.",
        "Look at the sender's encoder, or at whether the data set was cut off.",
        *_STRUCTURE,
        "truncated-element",
    ),
    _rule(
        "stray-delimiter",
        Severity.WARNING,
        "PS3.5 §7.5",
        "A delimiter delimits nothing",
        "A delimitation item stands where no sequence or item of undefined length is open. Some receivers stop there.",
        "Look at the sender's encoder.",
        *_STRUCTURE,
    ),
    _rule(
        "item",
        Severity.ERROR,
        "PS3.5 §7.5, §A.4",
        "A sequence holds something other than items",
        "Sequences and encapsulated pixel data consist of items. From here on, structure and values are a guess.",
        "Look at the sender's encoder.",
        *_STRUCTURE,
    ),
    _rule(
        "bad-vr",
        Severity.ERROR,
        "PS3.5 §6.2",
        "An element has a VR that does not exist",
        "In explicit VR the VR tells how long the length field is. With an unknown one, the receiver may lose its "
        "place in the data set.",
        "Look at the sender's encoder, and at whether the data set is really in explicit VR.",
        *_SYNTAX,
    ),
    _rule(
        "too-deep",
        Severity.NOTE,
        "PS3.5 §7.5",
        "Sequences are nested very deeply",
        "There are more than 64 sequences inside each other. Real objects stay far below that depth, and receivers may "
        "fail on it. Deeper elements are judged, but not listed.",
        "Look at whether the data set is damaged.",
        *_STRUCTURE,
    ),
    _rule(
        "order",
        Severity.WARNING,
        "PS3.5 §7.1",
        "Elements are not in ascending order, or twice there",
        "Elements are sorted by tag, and each is there once. Receivers that stop at the first greater tag do not "
        "find the others.",
        "Look at the sender, or at what edits objects before they are sent.",
        *_STRUCTURE,
    ),
    _rule(
        "odd-length",
        Severity.WARNING,
        "PS3.5 §7.1.1",
        "An element has an odd length",
        "Values are padded to even length. Some receivers refuse the object, others read all that follows shifted.",
        "Look at the sender's encoder.",
        *_STRUCTURE,
    ),
    _rule(
        "uid",
        Severity.WARNING,
        "PS3.5 §9.1",
        "A UID in the data set is malformed",
        "UIDs are numbers joined by dots, without leading zeros, of 64 characters at most. Archives refuse others, or "
        "cut them so that objects collide.",
        "Look at where the UID comes from.",
        *_STRUCTURE,
        causes=("query-key-not-single", "query-wildcard"),
    ),
    _rule(
        "value",
        Severity.WARNING,
        "PS3.5 §6.2",
        "A value is not written as its VR asks for",
        "Dates, times, numbers, codes and names have a fixed form and a greatest length. Receivers that convert them "
        "refuse the object, cut the value, or store none. The value itself is not shown.",
        "Look at where the value comes from, such as a form without checks or a calculation with too many digits.",
        *_STRUCTURE,
        "truncated-element",
    ),
    _rule(
        "announced-otherwise",
        Severity.WARNING,
        "PS3.7 §9.1.1, PS3.4 §B.2.3",
        "A data set is another object than its command says",
        "Affected SOP Class UID and Affected SOP Instance UID of C-STORE-RQ name the object that its data set is. "
        "Receivers refuse it (status A900H), or file it under one of the two, so that it cannot be found by the other.",
        "Look at what edits or converts objects at the sender: it takes the UIDs of the command from elsewhere.",
        *_STRUCTURE,
        "uid",
        "missing",  # then it may be the data set of the next message
        check=announced_otherwise,
    ),
    _rule(
        "charset",
        Severity.WARNING,
        "PS3.3 §C.12.1.1.2, PS3.5 §6.1",
        "Text does not fit the character set that is named",
        "Specific Character Set (0008,0005) is missing, unknown, or not what the text is in. Names are shown wrongly, "
        "and patients may not be found.",
        "Compare the character set configured at the modality and the worklist.",
        *_STRUCTURE,
    ),
    _rule(
        "pixel-length",
        Severity.WARNING,
        "PS3.5 §8.1, PS3.3 §C.7.6.3",
        "Pixel data has not the length its description asks for",
        "Rows, columns, samples, bits and frames tell how many bytes there are. Viewers show a part, noise or nothing.",
        "Look at the object at the sender: it was cut off, or its description was changed.",
        *_STRUCTURE,
    ),
    _rule(
        "pixel-mismatch",
        Severity.WARNING,
        "PS3.5 §A.4",
        "Pixel data is not what the transfer syntax or description says",
        "Native pixels where compressed ones are due, another codec than the transfer syntax names, or a number of "
        "fragments or offsets that does not fit. Viewers fail to decode it.",
        "Look at what converts or compresses objects at the sender.",
        *_STRUCTURE,
    ),
)
"""Rules on data sets, in the order in which they are asked."""
