"""The negotiation as a table."""

from pathlib import Path

import build
from dicomsniff.association.association import Association
from dicomsniff.dictionary.uids import short_syntax
from dicomsniff.library import Capture
from dicomsniff.words.contexts import context_table

MR_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.4"
IMPLICIT = "1.2.840.10008.1.2"


def negotiated(tmp_path: Path) -> Association:
    """Three contexts: CT accepted as implicit, refused as explicit; MR refused."""
    talk = build.Talk().open()
    talk.client(
        build.associate_rq(
            build.proposal(1, build.CT_IMAGE_STORAGE, (IMPLICIT,)),
            build.proposal(3, build.CT_IMAGE_STORAGE, (build.EXPLICIT, IMPLICIT)),
            build.proposal(5, MR_IMAGE_STORAGE, (build.EXPLICIT,)),
        )
    )
    talk.server(
        build.associate_ac(build.answer(1, transfer=IMPLICIT), build.answer(3, result=4), build.answer(5, result=3))
    )
    talk.client(build.message(1, build.store_rq(), b""))
    path = tmp_path / "contexts.pcap"
    path.write_bytes(build.pcap(build.frames(talk.close().packets)))
    with Capture(str(path)) as capture:
        (association,) = capture.associations
    return association


def test_refused_contexts_come_first(tmp_path: Path) -> None:
    table = context_table(negotiated(tmp_path))
    assert [(row.context.id, row.refused, row.usable) for row in table.rows] == [
        (3, True, True),
        (5, True, False),
        (1, False, True),
    ]
    assert table.refused == 2


def test_every_transfer_syntax_has_a_place_the_most_frequent_first(tmp_path: Path) -> None:
    assert context_table(negotiated(tmp_path)).syntaxes == [IMPLICIT, build.EXPLICIT]


def test_a_context_says_what_follows_for_its_sop_class_and_how_much_was_sent_on_it(tmp_path: Path) -> None:
    by_id = {row.context.id: row for row in context_table(negotiated(tmp_path)).rows}
    assert by_id[5].consequences == ("no context for MR Image Storage: the sender must convert or fail",)
    assert by_id[1].consequences == ("CT Image Storage can be sent only as Implicit VR Little Endian",)
    assert (by_id[1].messages, by_id[5].messages) == (1, 0)


def test_transfer_syntaxes_are_abbreviated_as_one_says_them() -> None:
    known = {
        "1.2.840.10008.1.2": "ILE",
        "1.2.840.10008.1.2.1": "ELE",
        "1.2.840.10008.1.2.2": "EBE",
        "1.2.840.10008.1.2.5": "RLE",
        "1.2.840.10008.1.2.4.50": "J50",
        "1.2.840.10008.1.2.4.90": "J90",
        "1.2.3.4": "",
        "1.2.840.10008.1.2.4.999": "",
    }
    assert {uid: short_syntax(uid) for uid in known} == known
