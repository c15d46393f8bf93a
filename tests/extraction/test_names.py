"""Names of files made of UIDs of the wire."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicomsniff.extraction.names import uid_name


def test_a_uid_names_its_file() -> None:
    assert uid_name("1.2.840.10008.5", "object") == "1.2.840.10008.5"


@pytest.mark.parametrize(
    "uid", ["../../etc/passwd", "..", ".", "1.2/3", "1..2", ".1", "1.2\n", "1" * 65, "CON", "１.２"]
)
def test_what_is_no_uid_is_named_by_a_digest(uid: str) -> None:
    assert uid_name(uid, "study").startswith("study-with-odd-uid-")


@pytest.mark.parametrize("uid", [None, ""])
def test_what_has_no_uid_says_so(uid: str | None) -> None:
    assert uid_name(uid, "series") == "series-without-uid"


def test_two_odd_uids_have_two_names() -> None:
    assert uid_name("../1", "object") != uid_name("../2", "object")


@given(st.text())
def test_no_name_leads_anywhere(uid: str) -> None:
    name = uid_name(uid, "object")
    assert not set(name) - set("0123456789.abcdefghijklmnopqrstuvwxyz-")
    assert name.strip(".")
    assert len(name) <= 64
