"""Parts of a capture, analyzed apart and merged."""

import json
import pickle
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from io import StringIO
from multiprocessing import get_context
from operator import itemgetter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import astuple

import build
from dicomsniff.association.association import Association
from dicomsniff.capture.decode import SegmentDecoder
from dicomsniff.capture.packets import IncompleteError, PacketBatch
from dicomsniff.capture.reader import CaptureReader
from dicomsniff.capture.segments import reverse_flow
from dicomsniff.engine import kept as kept_module
from dicomsniff.engine.analyzer import Analyzer
from dicomsniff.export.check import CheckedText
from dicomsniff.export.show import ShownText
from dicomsniff.export.transcript import Transcript
from dicomsniff.export.view import View, write_view
from dicomsniff.library import Capture
from dicomsniff.surveying import merging
from dicomsniff.surveying.merging import MergedCapture, Part, merge, pack
from dicomsniff.tls.vault import Vault
from examples import examples
from findings.cases import CASES, frames_of
from network import ARCHIVE, CLIENT, CT, MOVE_CLASS, MS, VIEWER, Network, move_rq, move_rsp, release, store
from pipeline import batch
from unmarked import ASKED, links_json

SAMPLES = Path(__file__).parents[2] / "samples"
CAPTURES = sorted(path.name for path in SAMPLES.glob("*.pcap*"))
Deal = Callable[[int], int]
"""The part that a connection goes to, by its number from 0."""


def deal(path: Path, count: int, to: Deal) -> list[Part]:
    """Analyze a capture in so many parts; each numbers the packets it gets from 1 on."""
    vaults = [Vault() for _ in range(count)]
    analyzers = [Analyzer(collect=True, part=True, vault=vault) for vault in vaults]
    numbers: list[list[int]] = [[0] for _ in range(count)]
    known: dict[bytes, int] = {}
    reader = CaptureReader(str(path))
    for whole in reader.batches():
        for log in reader.take_key_logs():
            for vault in vaults:
                vault.secrets.add_capture_secrets(log)
        turns = [0] * len(whole.starts)
        for number, _, _, flow, *_ in SegmentDecoder().segments(whole):
            connection = known.setdefault(min(flow, reverse_flow(flow)), len(known))
            turns[number - whole.first_number] = to(connection)
        for part, analyzer in enumerate(analyzers):
            analyzer.feed(taken(whole, turns, part, len(numbers[part])))
            numbers[part] += [whole.first_number + at for at, turn in enumerate(turns) if turn == part]
    reader.close()
    for analyzer in analyzers:
        analyzer.close()
    return [Part(pack(each), own.__getitem__) for each, own in zip(analyzers, numbers, strict=True)]


def taken(whole: PacketBatch, turns: Sequence[int], part: int, first: int) -> PacketBatch:
    places = [at for at, turn in enumerate(turns) if turn == part]
    starts, ends = [whole.starts[at] for at in places], [whole.ends[at] for at in places]
    return whole._replace(first_number=first, starts=starts, ends=ends)


def written(capture: Capture, form: type[View] = Transcript) -> str:
    with capture:
        write_view(form, capture, out := StringIO(), ASKED)
    return out.getvalue()


def alone(path: Path) -> str:
    return written(Capture(path, collect=True))


@pytest.mark.slow
@pytest.mark.parametrize("name", CAPTURES)
def test_a_capture_in_parts_is_told_as_if_it_were_read_at_once(name: str) -> None:
    path = SAMPLES / name
    assert written(MergedCapture(path, deal(path, 3, lambda number: number % 3))) == alone(path)


@given(name=st.sampled_from(CAPTURES), parts=st.lists(st.integers(0, 2), min_size=1, max_size=12))
@settings(max_examples=examples(80), suppress_health_check=[HealthCheck.too_slow])
def test_it_does_not_matter_how_connections_are_dealt_out(name: str, parts: list[int]) -> None:
    path = SAMPLES / name
    dealt = deal(path, 3, lambda number: parts[number % len(parts)])
    assert written(MergedCapture(path, dealt)) == alone(path)


@pytest.mark.slow
@pytest.mark.parametrize("code", sorted(CASES))
def test_every_rule_finds_in_parts_what_it_finds_in_the_whole(tmp_path: Path, code: str) -> None:
    traffic = CASES[code].raises()
    frames = frames_of(traffic)
    path = tmp_path / "case.pcap"
    path.write_bytes(build.pcap(frames))
    whole = alone(path)
    assert written(MergedCapture(path, deal(path, 2, lambda number: number % 2))) == whole
    assert written(MergedCapture(path, deal(path, 2, lambda number: 1 - number % 2))) == whole


def moved_over_minutes() -> Network:
    """Retrievals whose deliveries go on long after the associations they were asked on are over."""
    network = Network()
    for number in range(1, 5):
        at = number * 60_000
        asking = network.associate(CLIENT, ARCHIVE, "CLIENT", "ARCHIVE", MOVE_CLASS, after=at)
        asking.client(move_rq(number))
        delivery = network.associate(ARCHIVE, VIEWER, "ARCHIVE", "VIEWER", CT, after=at + 100 * number)
        for each in range(1, number + 1):
            store(delivery, "CLIENT", number, number=each, status=0xA700 if each == 4 else 0)
        asking.wait(400 * MS)
        asking.server(move_rsp(0 if number < 4 else 0xB000, number, completed=number - number // 4, failed=number // 4))
        release(asking)
        delivery.wait(90_000 * MS)
        release(delivery)
    network.talk(ARCHIVE, VIEWER, after=30_000)
    return network


@given(st.lists(st.integers(0, 2), min_size=9, max_size=9))
@settings(max_examples=examples(20), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_ends_long_after_the_capture_began_is_told_alike(tmp_path: Path, parts: list[int]) -> None:
    path = tmp_path / "minutes.pcap"
    path.write_bytes(build.pcap(build.frames(moved_over_minutes().packets)))
    whole = json.loads(alone(path))
    assert [len(link.get("deliveries", ())) for link in whole["links"]][:4] == [1, 1, 1, 1]
    assert json.loads(written(MergedCapture(path, deal(path, 3, parts.__getitem__)))) == whole


def test_views_say_the_same_of_what_was_merged() -> None:
    path = SAMPLES / "c-move-destination-refuses.pcap"
    parts = deal(path, 2, lambda number: number % 2)
    for form in (CheckedText, ShownText):
        assert written(MergedCapture(path, parts), form) == written(Capture(path), form)


def analyzed(path: Path) -> bytes:
    """In a process of its own: a whole file as one part."""
    analyzer = Analyzer(part=True)
    reader = CaptureReader(str(path))
    for each in reader.batches():
        analyzer.feed(each)
    reader.close()
    analyzer.close()
    return pack(analyzer)


@pytest.mark.slow
def test_files_are_analyzed_in_processes_of_their_own_and_merged(tmp_path: Path) -> None:
    """Each numbers its packets and associations from 1; hashes of text differ from process to process."""
    talks = moved_over_minutes().talks
    halves = [
        sorted(build.frames(packet for talk in half for packet in talk.packets), key=itemgetter(0))
        for half in (talks[::2], talks[1::2])
    ]
    ordered = sorted(
        ((frame, place) for place, half in enumerate(halves) for frame in half), key=lambda each: each[0][0]
    )
    numbers = [[0, *(number for number, (_, at) in enumerate(ordered, 1) if at == place)] for place in (0, 1)]
    paths = [tmp_path / "first.pcap", tmp_path / "second.pcap"]
    for path, half in zip(paths, halves, strict=True):
        path.write_bytes(build.pcap(half))
    whole = Analyzer()
    whole.feed(batch([frame for frame, _ in ordered]))
    whole.close()
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        packed = list(processes.map(analyzed, paths))
    merged = merge([Part(each, at.__getitem__) for each, at in zip(packed, numbers, strict=True)])
    assert merged.verdict == whole.verdict
    assert list(links_json(merged.links.links(), 6)) == list(links_json(whole.links.links(), 6))
    assert [(each.code, each.message, astuple(each.span)[:4]) for each in merged.findings] == [
        (each.code, each.message, astuple(each.span)[:4]) for each in whole.findings
    ]


def part_of(packets: Iterable[build.Packet], **options: bool) -> Part:
    analyzer = Analyzer(part=True, **options)
    analyzer.feed(batch(build.frames(packets)))
    analyzer.close()
    return Part(pack(analyzer))


def test_a_part_draws_no_conclusions() -> None:
    analyzer = Analyzer(part=True)
    analyzer.feed(batch(build.frames(moved_over_minutes().packets)))
    analyzer.close()
    assert not list(analyzer.links.links())
    assert (analyzer.overview.associations, analyzer.findings) == (0, [])
    assert len(analyzer.associations) == 8


def test_more_than_can_be_kept_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [part_of(moved_over_minutes().packets)]
    monkeypatch.setattr(kept_module, "MAX_ENTRIES", 40)
    with pytest.raises(IncompleteError, match="MAX_ENTRIES"):
        merge(parts)


def test_more_data_sets_than_a_part_may_bring_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "MAX_DATA", 40)
    with pytest.raises(IncompleteError, match="MAX_DATA"):
        part_of(moved_over_minutes().packets, collect=True)


def test_parts_that_are_not_all_of_a_capture_do_not_pass_for_it(tmp_path: Path) -> None:
    path = SAMPLES / "c-move.pcap"
    first, _ = deal(path, 2, lambda number: number % 2)
    with pytest.raises(IncompleteError, match="its parts hold"):
        written(MergedCapture(path, [first]))


def test_a_merged_analyzer_can_be_packed_again() -> None:
    merged = merge([part_of(moved_over_minutes().packets)])
    copy = pickle.loads(
        pickle.dumps((merged.associations, merged.found, merged.links, merged.overview, merged.findings))
    )
    associations, found, links, overview, findings = copy
    assert [[each.message for each in found.of(one).all] for one in associations] == [
        [each.message for each in merged.found.of(one).all] for one in merged.associations
    ]
    assert overview.text(links.moves(), findings) == merged.overview.text(merged.links.moves(), merged.findings)


def test_what_was_not_over_was_watched_to_the_end_of_the_whole(tmp_path: Path) -> None:
    unanswered = build.Talk(client=("10.0.0.7", 4711)).call()
    open_still = build.Talk(client=("10.0.0.8", 4712)).open()
    open_still.client(build.associate_rq())
    later = build.Talk(client=("10.0.0.9", 4713), start=build.START + 60_000 * build.MILLISECOND).open()
    later.client(build.associate_rq())
    path = tmp_path / "open.pcap"
    path.write_bytes(build.pcap(build.frames([*unanswered.packets, *open_still.packets, *later.packets])))
    with Capture(str(path)) as capture:
        whole = list(capture.associations)
        unconnected = capture.analyzer.totals.unconnected
    merged = merge(deal(path, 3, lambda number: number))
    assert [each.watched_until for each in merged.associations] == [each.watched_until for each in whole]
    assert merged.totals.unconnected == unconnected
    assert unconnected[0].waited == later.packets[-1].time - unanswered.packets[0].time


def watched(directory: Path, packets: list[build.Packet]) -> tuple[list[int], list[int]]:
    """Until when associations were watched: of a capture that is read at once, and merged of one part."""
    path = directory / "capture.pcap"
    path.write_bytes(build.pcap(build.frames(packets)))
    with Capture(str(path)) as capture:
        whole = [each.watched_until for each in capture.associations]
    return whole, [each.watched_until for each in merge(deal(path, 1, lambda number: 0)).associations]


def test_what_was_given_up_before_its_part_ended_was_watched_no_longer(tmp_path: Path) -> None:
    """The ports are used again: nobody knows what became of the connection before."""
    client, later = ("10.0.0.7", 4711), build.START + 600_000 * build.MILLISECOND
    before = build.Talk(client=client).open()
    again = build.Talk(client=client, start=later, client_seq=900_000, server_seq=800_000).open()
    before.client(build.associate_rq())
    again.client(build.associate_rq())
    whole, in_parts = watched(tmp_path, [*before.packets, *again.packets])
    assert whole[0] < again.packets[0].time <= whole[1]
    assert in_parts == whole


def test_where_time_goes_back_an_association_is_watched_to_its_own_end(tmp_path: Path) -> None:
    early, late = build.Talk(client=("10.0.0.7", 4711)).open(), build.Talk(client=("10.0.0.8", 4712)).open()
    late.wait(60_000 * build.MILLISECOND)
    late.client(build.associate_rq())
    early.client(build.associate_rq())
    whole, in_parts = watched(tmp_path, [*late.packets, *early.packets])
    assert whole[0] == late.packets[-1].time
    assert in_parts == whole


def test_the_packets_at_which_rereading_begins_are_numbered_anew() -> None:
    def begins(associations: list[Association]) -> list[int]:
        return [message.span.reread_from for each in associations for message in each.messages]

    path = SAMPLES / "tls-secrets-inside.pcapng"
    with Capture(str(path)) as capture:
        whole = begins(capture.associations)
    assert any(whole)
    part = deal(path, 1, lambda number: 0)[0]
    moved = merge([part._replace(number=lambda number: part.number(number) + 1000)])
    assert begins(moved.associations) == [each and each + 1000 for each in whole]
