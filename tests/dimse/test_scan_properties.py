"""However the bytes come, and whatever they are: the same outline, no exception, nothing allocated."""

import tracemalloc
import warnings
from io import BytesIO

import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

import pipeline
from data_sets import (
    BIG,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    JPEG,
    PRIVATE,
    SEQUENCE_END,
    UNDEFINED,
    bare,
    deflate,
    fragments,
    image,
    item,
    long,
    scan,
    scan_pieces,
    sequence,
    short,
)
from dicomsniff.dimse.dataset import HARMLESS, decode_data_set
from dicomsniff.dimse.element_list import ElementList
from dicomsniff.dimse.scan.scanner import DataSetScanner
from examples import examples

REFERENCE = short(0x00081150, "UI", b"1.2.840\0") + short(0x00081155, "UI", b"1.2.3.9\0")
META = bytes(128) + b"DICM" + short(0x00020010, "UI", b"1.2.840.10008.1.2.1\0")
PIXELS = long(0x7FE00010, "OB", bytes(16)) + long(0xFFFCFFFC, "OB", bytes(30))
NESTED = (
    short(0x00080005, "CS", b"\\ISO 2022 IR 87")
    + short(0x00080018, "UI", b"1.2.3\0")
    + sequence(0x00081140, item(REFERENCE), item(REFERENCE, undefined=True), undefined=True)
    + sequence(0x00081199, item(sequence(0x00081140, item(REFERENCE)), undefined=True))
    + short(0x00100010, "PN", b"Yamada=\x1b$B;3ED\x1b(J")
    + long(0x00091001, "UN", item(bare(0x00092002, b"ab")), length=UNDEFINED)
    + SEQUENCE_END
    + long(0x00189099, "UT", "long text, ä ".encode() * 30)
    + long(0x00420011, "OB", bytes(700))
)
BARE = (
    bare(0x00080018, b"1.2.3\0")
    + bare(0x00081140, item(bare(0x00081155, b"1.2\0"), undefined=True), length=UNDEFINED)
    + SEQUENCE_END
    + bare(0x00081199, item(bare(0x00081155, b"1.2\0")))
    + bare(0x00100010, b"A^B ")
    + bare(0x7FE00010, bytes(600))
)
BIG_ENDIAN = (
    short(0x00080018, "UI", b"1.2.3\0", order=">")
    + sequence(0x00081140, item(short(0x00081155, "UI", b"1.2\0", order=">"), order=">"), order=">")
    + short(0x00280010, "US", b"\2\0", order=">")
)
SAMPLES = {
    "explicit": NESTED,
    "native": image() + PIXELS,
    "implicit": BARE,
    "big endian": BIG_ENDIAN,
    "deflated": deflate(NESTED + bytes(0)),
    "compressed": image(frames=2) + fragments(b"\xff\xd8\xff\xe0\0\4ab\xff\xc0\0", b"\xff\xd8ab", table=[0, 20]),
    "file meta": META + NESTED,
    "bad VR": NESTED[:20] + short(0x00080020, "zz", b"ab") + image(),
    "departure": image() + bare(0x00420011, bytes(600)) + bare(0x00420012, b"ab"),
}
SYNTAXES = [EXPLICIT, IMPLICIT, BIG, DEFLATED, JPEG, PRIVATE, None]


@st.composite
def damaged(draw) -> bytes:
    """A data set with bytes overwritten, inserted and removed, and cut off somewhere."""
    data = bytearray(SAMPLES[draw(st.sampled_from(sorted(SAMPLES)))])
    interesting = st.sampled_from(
        [b"\xff\xff\xff\xff", b"\xfe\xff\0\xe0", b"\xfe\xff\x0d\xe0", b"\xfe\xff\xdd\xe0", b"SQ"]
    )
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(data)))
        data[place : place + draw(st.integers(0, 6))] = draw(st.binary(max_size=6) | interesting)
    return bytes(data[: draw(st.integers(0, len(data)) | st.just(len(data)))])


@given(damaged(), st.sampled_from(SYNTAXES), st.lists(st.integers(0, 4000), max_size=8), st.booleans(), st.booleans())
@settings(max_examples=examples(600))
def test_cuts_do_not_matter(data, syntax, cuts, skip, whole):
    """However the bytes come, and whether those not wanted come or not, the outline is the same."""
    pieces = pipeline.split(data, cuts)
    assert scan_pieces(pieces, syntax, skip=skip, whole=whole) == scan(data, syntax, whole=whole)


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("sample", SAMPLES)
def test_byte_by_byte_is_the_same_as_at_once(sample, syntax):
    data = SAMPLES[sample]
    assert scan_pieces([data[at : at + 1] for at in range(len(data))], syntax) == scan(data, syntax)


class Listed(ElementList):
    """Goes into no sequence that only the dictionaries know to be one, as those who judge do not."""

    def element(self, header, value):
        super().element(header, value)
        return False


@given(damaged(), st.sampled_from(SYNTAXES), st.lists(st.integers(0, 4000), max_size=8), st.booleans())
@settings(max_examples=examples(600))
def test_who_lists_the_elements_of_a_damaged_data_set_sees_the_problems_that_who_judges_it_sees(
    data, syntax, cuts, whole
):
    """Told of each element, the walk reads all of them with care; else it passes over most: the outline is the same."""
    inflated = BytesIO()
    listed = Listed(BytesIO(data), len(data), inflated)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        outline = scan_pieces(pipeline.split(data, cuts), syntax, whole=whole, sink=listed)
    assert outline == scan(data, syntax, whole=whole)
    listed.finish()
    if outline.has_file_meta:
        return
    size = len(data) if listed.first_inflated is None else len(inflated.getvalue())
    for before, element in zip([None, *listed.elements], listed.elements, strict=False):
        assert before is None or before.head < element.head
        assert element.head < element.start <= element.end <= size


@given(damaged(), st.sampled_from(SYNTAXES))
@settings(max_examples=examples(300))
def test_what_hinders_reading_is_told_beside_the_elements(data, syntax):
    outline, decoded = scan(data, syntax), decode_data_set(BytesIO(data), syntax)
    hindering = [problem.text for problem in outline.problems if problem.code not in HARMLESS]
    if hindering or outline.unexamined:
        assert decoded.problem or decoded.guessed
    if hindering and not outline.guessed:
        assert decoded.problem.startswith(hindering[0])


@given(damaged(), st.sampled_from(SYNTAXES), st.integers(0, 3000), st.integers(1, 200))
@settings(max_examples=examples(300))
def test_what_is_found_before_a_loss_is_all_that_is_said(data, syntax, place, length):
    """Bytes are lost on the way: whatever is told, the data set up to there already told."""
    place = min(place, len(data))
    scanner = DataSetScanner(syntax)
    scanner.feed(0, data[:place])
    if scanner.wanted == place:
        middle = place + length + len(data[place + length :]) // 2
        scanner.feed(place + length, data[place + length : middle])
        scanner.feed(middle, data[middle:])
        outline = scanner.finish(len(data), whole=True)
        before = scan(data[:place], syntax, whole=False)
        assert outline.problems == before.problems
        assert outline.values == before.values


@given(st.binary(max_size=300), st.sampled_from(SYNTAXES), st.booleans())
@settings(max_examples=examples(500))
def test_any_bytes_are_survived(data, syntax, whole):
    outline = scan(data, syntax, whole=whole)
    assert outline.bytes == len(data)
    for problem in outline.problems:
        assert problem.code.startswith("data-set-")
        assert problem.text


@pytest.mark.parametrize("announced", [1 << 20, 0xFFFFFFFE, 0xFFFFFFF0])
@pytest.mark.parametrize(
    "head",
    [
        short(0x00080018, "UI", b"1.2.3\0") + long(0x00081140, "SQ", b"")[:-4],
        image() + long(0x7FE00010, "OB", b"")[:-4],
        image() + long(0x7FE00010, "OB", b"", length=UNDEFINED) + bare(0xFFFEE000, b"")[:-4],
        image()
        + long(0x7FE00010, "OB", b"", length=UNDEFINED)
        + bare(0xFFFEE000, b"") * 2
        + bare(0xFFFEE000, b"")[:-4],
    ],
)
def test_announced_lengths_allocate_nothing(head, announced):
    data = head + announced.to_bytes(4, "little") + bytes(5000)
    scan(data, JPEG)
    tracemalloc.start()
    outline = scan(data, JPEG)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "data-set-truncated-element" in [problem.code for problem in outline.problems] or outline.problems
    assert peak < 200_000


def test_a_long_data_set_is_scanned_in_flat_memory():
    scanner = DataSetScanner(EXPLICIT)
    head = image(rows=60000, columns=60000) + long(0x7FE00010, "OB", b"", length=3_600_000_000)
    pieces = (3_600_000_000 + len(head)) // 50_000_000
    scanner.feed(0, head)
    block = bytes(50_000_000)
    tracemalloc.start()
    for number in range(pieces):
        scanner.feed(len(head) + number * len(block), block)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 500_000


def is_latin_1(text: str) -> bool:
    """Whether nobody would take it for UTF-8, which is told of."""
    try:
        return text.encode("latin-1").decode("utf-8") == text
    except UnicodeError:
        return True


LATIN_1 = st.characters(codec="latin-1", exclude_characters="\\^=", exclude_categories=["Cc"])
TEXT = st.text(LATIN_1, max_size=12).filter(is_latin_1)
UIDS = st.lists(st.integers(0, 99999), min_size=1, max_size=6).map(lambda parts: ".".join(map(str, [1, *parts])))
LEAVES = {
    "PatientName": TEXT,
    "PatientID": TEXT,
    "StudyDescription": TEXT,
    "Modality": st.sampled_from(["CT", "MR", ""]),
    "SOPInstanceUID": UIDS,
    "StudyInstanceUID": UIDS,
    "Rows": st.integers(0, 65535),
    "SliceThickness": st.integers(-1000, 1000).map(str),
    "InstanceNumber": st.integers(0, 9999),
    "ExtendedOffsetTableLengths": st.binary(max_size=64).map(lambda data: data[: len(data) // 8 * 8]),
    "EncapsulatedDocument": st.binary(max_size=2000),
    "TextValue": TEXT,
}
SEQUENCES = ["ReferencedImageSequence", "ReferencedSOPSequence", "SourceImageSequence", "ContentSequence"]


@st.composite
def written(draw, depth: int = 0) -> Dataset:
    made = Dataset()
    if depth == 0:
        made.SpecificCharacterSet = "ISO_IR 100"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in draw(st.lists(st.sampled_from(sorted(LEAVES)), unique=True)):
            setattr(made, name, draw(LEAVES[name]))
        if depth < 3:
            for name in draw(st.lists(st.sampled_from(SEQUENCES), unique=True, max_size=2)):
                items = draw(st.lists(written(depth + 1), max_size=3))
                for each in items:
                    each.is_undefined_length_sequence_item = draw(st.booleans())
                setattr(made, name, items)
                made[name].is_undefined_length = draw(st.booleans())
    return made


def count(made: Dataset) -> int:
    """Elements and items."""
    return sum(1 + (sum(1 + count(each) for each in element.value) if element.VR == "SQ" else 0) for element in made)


@pytest.mark.slow
@given(written(), st.sampled_from([IMPLICIT, EXPLICIT, BIG, DEFLATED]))
@settings(max_examples=examples(300))
def test_what_pydicom_writes_has_no_problem_and_the_values_pydicom_reads(made, syntax):
    out = DicomBytesIO()
    out.is_implicit_VR, out.is_little_endian = syntax == IMPLICIT, syntax != BIG
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        write_dataset(out, made)
        plain = out.getvalue()
        again = pydicom.filereader.read_dataset(BytesIO(plain), out.is_implicit_VR, out.is_little_endian)
        elements = count(again)
    outline = scan(deflate(plain) if syntax == DEFLATED else plain, syntax)
    assert (outline.problems, outline.unexamined, outline.transfer_syntax) == ((), "", syntax)
    assert outline.elements == elements
    assert outline.values.get(0x00080018) == again.get("SOPInstanceUID")
    assert outline.values.get(0x00280010) == again.get("Rows")
    referenced = {
        int(element.tag): len([each for each in element.value if "ReferencedSOPInstanceUID" in each])
        for element in again
        if element.VR == "SQ"
    }
    assert outline.reference_counts == {tag: number for tag, number in referenced.items() if number}
