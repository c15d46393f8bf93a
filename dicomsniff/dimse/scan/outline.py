"""What the structure of a data set tells: its problems, how it is really encoded, the few values that link messages."""

from msgspec import Struct, field

from dicomsniff.dictionary.attributes import find_attribute_name
from dicomsniff.dimse.command import tag_text

MAX_PROBLEMS = 20
"""Problems listed of one data set; of further ones only the first of each code."""
MAX_OF_A_CODE = 5
"""Problems of one code that are listed, so that no other is crowded out."""
MINOR_VALUE = "data-set-minor-value"
"""The code of texts that are too long, and of values in items of sequences that are not as they should be."""


class DataSetProblem(Struct, frozen=True):
    """A place where a data set breaks PS3.5 or what was negotiated; `code` is stable.

    `text` holds no value of it but the character set it declares, which then is `quoted` as it stands there.

    `offset` counts bytes of the data set (of the inflated one where it is deflated).
    """

    code: str
    text: str
    offset: int
    tag: int | None = None
    quoted: str = ""


class PixelDataInfo(Struct, frozen=True):
    """Encapsulated Pixel Data (PS3.5 §A.4): lengths in bytes, of the fragments only.

    `frames` is Number of Frames, else the entries of an offset table, else None. `offset_table` counts the entries of
    the Basic Offset Table; `offset_table_fits` says whether each is the start of a fragment, None where there is
    none or not all was seen. `codec` names what the first fragment holds, empty where it does not tell. `ended` is
    False without a sequence delimiter.
    """

    fragments: int
    frames: int | None
    offset_table: int
    offset_table_fits: bool | None
    length: int
    codec: str
    ended: bool


class Reference(Struct, frozen=True):
    """A Referenced SOP Instance UID (0008,1155), and the top-level sequence whose item holds it."""

    sequence: int
    uid: str


class DataSetOutline(Struct, frozen=True):
    """A data set without its values.

    `transfer_syntax` is the one that fits, None where none does; `guessed` whether it is not the negotiated one, and
    `why`. `elements` counts what was read, those in sequences too. `unexamined` says why the scanner did not look at
    all of it, empty where it did. `unlisted` counts by code the problems that are not among `problems`;
    `reference_counts` counts the referenced instances by sequence, also those not in `referenced`. `failure_reasons`
    counts the items of sequences by Failure Reason (0008,1197). `unusual` says the first thing in it that is no problem
    for most receivers, and worth a word where one failed, `other_vr` the first VR that is not the data dictionary's;
    `lacks` names the element without which an object is none, or no image. `last` is the tag of the last element.
    """

    transfer_syntax: str | None
    guessed: bool
    why: str
    bytes: int
    elements: int
    problems: tuple[DataSetProblem, ...]
    unlisted: dict[str, int]
    encapsulated: PixelDataInfo | None
    values: dict[int, str | int]
    referenced: tuple[Reference, ...]
    reference_counts: dict[int, int]
    failure_reasons: dict[int, int]
    has_file_meta: bool
    unexamined: str
    unusual: str = ""
    other_vr: str = ""
    lacks: str = ""
    last: int = -1


class ProblemList(Struct):
    """Problems as they are found, up to a limit; `unlisted` counts further ones by code."""

    listed: list[DataSetProblem] = field(default_factory=list)
    unlisted: dict[str, int] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)

    def add(self, code: str, text: str, offset: int, tag: int | None = None, *, quoted: str = "") -> None:
        """List a problem, or count it."""
        count = self._counts[code] = self._counts.get(code, 0) + 1
        if count > MAX_OF_A_CODE or (count > 1 and len(self.listed) >= MAX_PROBLEMS):
            self.unlisted[code] = self.unlisted.get(code, 0) + 1
        else:
            self.listed.append(DataSetProblem(code, text, offset, tag, quoted))

    def has(self, code: str) -> bool:
        """Whether a problem of that code was found."""
        return code in self._counts


def named(tag: int) -> str:
    """Return a tag with the name of its attribute, where the dictionary has one: `(0010,0010) Patient's Name`."""
    return f"{tag_text(tag)} {find_attribute_name(tag)}".rstrip()
