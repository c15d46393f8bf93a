"""What `show` prints of a capture by several parts is what it prints at once."""

import pickle
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import build
from alike import DRAWN, WELL, captured, said
from dicomsniff.capture.packets import CaptureError
from dicomsniff.capture.segments import Endpoint, flow_between, reverse_flow
from dicomsniff.commands.cli import cli, run
from dicomsniff.engine.analyzer import Analyzer
from dicomsniff.export.show import ShownText
from dicomsniff.export.view import Asked, write_view
from dicomsniff.library import Capture
from dicomsniff.privacy.gate import Privacy
from dicomsniff.surveying.part import Options
from dicomsniff.surveying.shared_text import write_shared
from dicomsniff.surveying.shares import Share
from dicomsniff.surveying.store import Store
from examples import examples
from findings.cases import CASES, frames_of
from findings.test_icmp import answered

SAMPLES = Path(__file__).parents[2] / "samples"
CAPTURES = sorted(path.name for path in SAMPLES.glob("*.pcap*"))
PRIVATE = Privacy(redact_network=True, redact_uids=True)


def at_once(path: Path, privacy: Privacy, **asked: bool) -> str:
    with Capture(path) as capture:
        write_view(ShownText, capture, out := StringIO(), Asked(privacy=privacy, **asked))
    return out.getvalue()


def shared(path: Path, shares: int, privacy: Privacy, **asked: bool) -> str:
    """Share by share, in this process."""
    write_shared(str(path), Options(privacy), shares, None, out := StringIO(), **asked)
    return out.getvalue()


@pytest.mark.parametrize("privacy", [Privacy(), PRIVATE, Privacy(keep_phi=True)], ids=["", "redacted", "phi"])
@pytest.mark.parametrize("name", CAPTURES)
def test_shares_are_told_as_the_whole(name: str, privacy: Privacy) -> None:
    path = SAMPLES / name
    assert shared(path, 3, privacy, contexts=True) == at_once(path, privacy, contexts=True)
    assert shared(path, 2, privacy, summary=True) == at_once(path, privacy, summary=True)


def test_a_share_that_cannot_be_read_again_is_not_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Store.sums
    monkeypatch.setattr(Store, "sums", lambda store, label: None if label == "share-1" else kept(store, label))
    with pytest.raises(CaptureError, match=r"what one process found cannot be read again"):
        shared(SAMPLES / CAPTURES[0], 3, Privacy())


@given(DRAWN, st.integers(1, 4))
@settings(max_examples=examples(100), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_associations_that_go_as_others_did_are_told_in_shares(tmp_path: Path, drawn, shares: int) -> None:
    path = tmp_path / "capture.pcap"
    path.write_bytes(captured(drawn))
    assert shared(path, shares, PRIVATE) == at_once(path, PRIVATE)


def test_in_a_share_too_they_are_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "capture.pcap"
    path.write_bytes(captured([(WELL[0], [(0, 0, 0, 0, [])] * 40)]))
    again = []
    told = Analyzer._gone_again
    monkeypatch.setattr(Analyzer, "_gone_again", lambda self, repeat: (again.append(repeat), told(self, repeat)))
    assert shared(path, 2, Privacy()) == at_once(path, Privacy())
    assert len(again) > 2 * 30


@pytest.mark.parametrize("name", ["crash-show-timestamps.pcap", "crash-overflow-timestamps.pcapng"])
def test_times_that_no_clock_has_are_told_in_shares_too(name: str) -> None:
    path = Path(__file__).parents[1] / "hostile" / name
    assert shared(path, 2, Privacy()) == at_once(path, Privacy())


def test_associations_that_go_as_others_did_are_told_beside_icmp_errors(tmp_path: Path) -> None:
    path = tmp_path / "capture.pcap"
    packets = said(20_001, WELL[0], build.START, 0, 0, 7)
    frames = [*build.frames(packets[:3]), answered(packets[2], 3, 1)]
    for number in range(2, 9):
        frames += build.frames(said(20_000 + number, WELL[0], build.START + number * 10**8, 0, 0, number))
    path.write_bytes(build.pcap(frames))
    assert shared(path, 2, Privacy()) == at_once(path, Privacy())


@pytest.mark.slow
@pytest.mark.parametrize("code", sorted(CASES))
def test_every_rule_finds_in_shares_what_it_finds_in_the_whole(tmp_path: Path, code: str) -> None:
    traffic = CASES[code].raises()
    frames = frames_of(traffic)
    path = tmp_path / "case.pcap"
    path.write_bytes(build.pcap(frames))
    assert shared(path, 2, PRIVATE, contexts=True) == at_once(path, PRIVATE, contexts=True)


@given(st.integers(1, 20), st.lists(st.integers(1, 65535), min_size=1, max_size=20))
def test_every_connection_is_in_one_share(count: int, ports: list[int]) -> None:
    shares = [pickle.loads(pickle.dumps(Share(number, count))) for number in range(count)]
    for port in ports:
        flow = flow_between(Endpoint("10.0.0.1", port), Endpoint("10.0.0.2", 104))
        (owner,) = (share for share in shares if flow in share)
        assert reverse_flow(flow) in owner


def test_ports_in_a_row_are_dealt_out_evenly() -> None:
    share = Share(0, 4)
    flows = [flow_between(Endpoint("10.0.0.1", port), Endpoint("10.0.0.2", 104)) for port in range(40_000, 44_000)]
    assert 900 < sum(flow in share for flow in flows) < 1100


def test_processes_of_their_own_print_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    path = str(SAMPLES / "c-move-destination-refuses.pcap")
    assert run(["show", "--jobs", "2", path]) == run(["show", path]) == 0
    said = capsys.readouterr().out
    assert said[: len(said) // 2] == said[len(said) // 2 :] != ""


def test_a_capture_that_is_cut_off_is_told_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "capture.pcap"
    path.write_bytes((SAMPLES / "c-move.pcap").read_bytes()[:-7])
    assert write_shared(str(path), Options(), 2, None, out := StringIO()).startswith("the file ends")
    assert out.getvalue() == at_once(path, Privacy())


def test_what_is_no_capture_is_said_to_be_none(tmp_path: Path) -> None:
    path = tmp_path / "capture.pcap"
    path.write_bytes(b"no capture")
    with pytest.raises(CaptureError, match=r"capture\.pcap"):
        write_shared(str(path), Options(), 2, None, StringIO())


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--sort", "worst", "a.pcap"], "it does not go with"),
        (["--only-problems", "a.pcap"], "it does not go with"),
        (["--follow", "a.pcap"], "it does not go with"),
        (["a.pcap", "b.pcap"], "needs one file"),
        (["-"], "needs one file"),
    ],
)
def test_calls_that_do_not_go_with_jobs_are_refused(args: list[str], said: str) -> None:
    result = CliRunner().invoke(cli, ["show", "--jobs", "2", *args])
    assert (result.exit_code, said in result.output) == (2, True)
