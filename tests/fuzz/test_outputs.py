"""What is asked of outputs would be missed."""

import pytest

import build
from fuzz.finds import BrokenError
from fuzz.outputs import CALLS, capture_file, check_call, check_details, check_json, check_printable, run


@pytest.mark.parametrize("char", ["\x1b", "\x00", "\r", "\x7f", "\x9b", "\u202e", "\u2028"])
def test_what_a_terminal_obeys_is_seen(char):
    with pytest.raises(BrokenError, match=f"U\\+{ord(char):04X} in show"):
        check_printable(f"name: {char}", "show")


def test_text_of_any_language_passes():
    check_printable("山田^太郎\u3000Œuvre\n", "show")


@pytest.mark.parametrize("text", ["[NaN]", "{", "[-Infinity]", ""])
def test_what_is_no_json_is_seen(text):
    with pytest.raises(BrokenError):
        check_json(text, "export")


def test_the_program_is_run_as_its_user_does(samples):
    said = run("show", str(samples / "c-echo.pcap"))
    assert (said.status, said.err) == (0, "")
    assert "C-ECHO-RQ" in said.out
    assert run("show", "no such file").status == 3


@pytest.mark.parametrize("call", CALLS, ids=lambda call: " ".join(call.arguments))
def test_every_call_passes_on_a_healthy_and_on_a_cut_off_capture(call, samples):
    path = samples / "c-find-worklist.pcap"
    assert check_call(call, str(path)).out
    with capture_file(path.read_bytes()[:-3]) as cut:
        assert check_call(call, cut).status == 3
        check_details(cut)


def test_what_is_no_capture_has_no_details():
    with capture_file(build.echo_rq(1)) as path:
        check_details(path)
