"""Sealed files: what is read is what was written, by whoever has the secret."""

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicomsniff.surveying import sealing
from dicomsniff.surveying.sealing import SealedWriter, SealError, secret_of_run, unsealed

SECRET = bytes(32)
RECORDS = st.lists(st.binary(max_size=60), max_size=20)


def sealed(records: list[bytes], secret: bytes = SECRET) -> bytes:
    file = BytesIO()
    writer = SealedWriter(file, secret)
    for record in records:
        writer.write(record)
    writer.finish()
    return file.getvalue()


@given(RECORDS, st.integers(1, 200))
def test_records_come_back_as_they_were_written(records, frame):
    before, sealing.FRAME = sealing.FRAME, frame
    try:
        assert list(unsealed(BytesIO(sealed(records)), SECRET)) == records
    finally:
        sealing.FRAME = before


@given(RECORDS, st.integers(0), st.integers(1, 255))
def test_a_file_with_any_byte_changed_is_refused(records, place, bits):
    file = bytearray(sealed(records))
    file[place % len(file)] ^= bits
    with pytest.raises(SealError):
        list(unsealed(BytesIO(bytes(file)), SECRET))


@given(RECORDS, st.integers(0))
def test_a_file_that_is_cut_off_is_refused(records, length):
    file = sealed(records)
    with pytest.raises(SealError):
        list(unsealed(BytesIO(file[: length % len(file)]), SECRET))


def test_another_secret_opens_nothing_and_the_records_are_not_to_be_seen():
    file = sealed([b"DOE^JOHN"])
    assert b"DOE" not in file
    with pytest.raises(SealError, match="another secret"):
        list(unsealed(BytesIO(file), bytes(31) + b"1"))


def test_the_secret_is_made_once_and_is_its_owners(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    secret, is_kept = secret_of_run()
    assert is_kept
    assert secret_of_run() == (secret, True)
    assert (tmp_path / "dicomsniff" / "survey.key").stat().st_mode & 0o077 == 0


def test_a_secret_that_cannot_be_kept_is_for_one_run(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "file"))
    secret, is_kept = secret_of_run()
    assert not is_kept
    assert secret_of_run()[0] != secret
