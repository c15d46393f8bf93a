"""What `show` prints of a capture by several parts is what it prints at once."""

import pickle
from collections.abc import Callable, Sequence
from io import StringIO
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import build
from alike import DRAWN, OVERLAPPING, TALKS, WELL, Steps, captured, said
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
from findings.traffic import SECOND
from network import ARCHIVE, CLIENT, CT, MOVE_CLASS, VIEWER, Network, move_rq, move_rsp, release, store

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


def keeps_ports_apart(talk: tuple[Steps, list[tuple[int, int, int, int, list[tuple[str, int]]]]]) -> bool:
    """Whether there is one connection of the same ports at a time; others, which no host has, may be numbered apart."""
    return not any(again[3] and before[2] == OVERLAPPING for before, again in pairwise(talk[1]))


AT_ONCE = (0, 0, 0, 1, [])
"""Another connection of the same ports that begins before the one before it is over."""


@example([(TALKS[0], [(0, 0, 0, 0, [])]), (TALKS[6], [(0, 0, 10, 0, []), AT_ONCE, AT_ONCE])], 1)
@given(DRAWN.filter(lambda drawn: all(map(keeps_ports_apart, drawn))), st.integers(1, 4))
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


@pytest.mark.parametrize("cut", range(20))
def test_packets_that_are_not_used_are_counted_once(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "capture.pcap"
    frames = [frame for port in (20_001, 20_002, 20_003, 20_004)
              for frame in build.frames(said(port, WELL[0], build.START + port * 10**8, 0, 0, 7))]  # fmt: skip
    frames[7::9] = [(time, frame[: 14 + 20 + cut]) for time, frame in frames[7::9]]
    path.write_bytes(build.pcap(frames))
    assert "TCP header cut off" in at_once(path, Privacy())
    assert shared(path, 3, Privacy()) == at_once(path, Privacy())


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


def moved(deliver: Sequence[str], end: str, waits: int) -> list[build.Packet]:
    """A C-MOVE that is over by `end` after some seconds, and its delivery: some steps before that, some behind."""
    network = Network()
    asking = network.associate(CLIENT, ARCHIVE, "CLIENT", "ARCHIVE", MOVE_CLASS)
    asking.client(move_rq())
    delivery = network.associate(ARCHIVE, VIEWER, "ARCHIVE", "VIEWER", CT, after=50)
    asking.wait(waits * SECOND)
    END[end](asking)
    for number, step in enumerate(deliver, start=1):
        delivery.wait(2 * SECOND)
        STEPS[step](delivery, number)
    return network.packets


def asked(number: int) -> bytes:
    values = {0x0002: CT, 0x0100: 1, 0x0110: number, 0x0700: 0, 0x0800: 1, 0x1000: f"1.2.{number}"}
    return build.message(1, build.command_set(values | {0x1030: "CLIENT", 0x1031: 7}), build.pixels(900))


STEPS: dict[str, Callable[[build.Talk, int], object]] = {
    "kept": lambda talk, number: store(talk, "CLIENT", number=number),
    "refused": lambda talk, number: store(talk, "CLIENT", number=number, status=0xA700),
    "unanswered": lambda talk, number: talk.client(asked(number)),
    "begun": lambda talk, number: talk.client(asked(number)[:500]),
    "aborted": lambda talk, number: talk.server(build.abort()),
    "reset": lambda talk, number: talk.reset(1),
    "released": lambda talk, number: release(talk),
}
END: dict[str, Callable[[build.Talk], object]] = {
    "answer": lambda talk: (talk.server(move_rsp(0xA702, completed=1, failed=1, warning=0)), release(talk)),
    "abort": lambda talk: (talk.client(build.abort()), talk.close()),
    "reset": lambda talk: talk.reset(0),
    "nothing": lambda talk: None,
}


@given(
    st.lists(st.sampled_from(["kept", "refused", "unanswered", "begun"]), max_size=2),
    st.sampled_from(["aborted", "reset", "released", ""]),
    st.sampled_from(sorted(END)),
    st.integers(1, 8),
    st.integers(0, 40),
)
@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_c_move_is_judged_alike_whenever_its_delivery_ends(tmp_path: Path, steps, last, end, waits, less) -> None:
    path = tmp_path / "capture.pcap"
    packets = moved([*steps, last] if last else steps, end, waits)
    path.write_bytes(build.pcap(build.frames(packets[: len(packets) - less])))
    assert shared(path, 2, Privacy()) == at_once(path, Privacy())
