"""Results of several analyzers -> one, as if one had read all: each is given some of a capture's connections.

    analyzer = Analyzer(part=True)      # in one process for each part
    ...                                 # fed with the packets of some connections, and closed
    packed = pack(analyzer)

    whole = merge([Part(packed), ...])  # in one process: an Analyzer that is over

A part finds out what one association at a time tells: its messages, and what is wrong with each of them. What takes all
associations (links, rules that look at more than one message, verdicts, the findings about the capture) is worked out
by `merge`, by the same code as where one analyzer reads all. So the whole is the same however connections are dealt
out, but for what lies beyond a limit (`MAX_…`): there, which are the first ones may differ.

All packets of a connection go to one part. Associations are numbered in the order in which they were recognized, and
packets as `Part.number` says: where parts are the files of a capture, by how many packets came before.
"""

import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from operator import attrgetter
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from dicomsniff.association.association import Association
from dicomsniff.association.moves import Unconnected
from dicomsniff.association.totals import Recognized, Totals
from dicomsniff.capture.packets import IncompleteError
from dicomsniff.dimse.collection import Collection
from dicomsniff.dimse.message import Message
from dicomsniff.engine.analyzer import Analyzer
from dicomsniff.engine.whole import WholeAnalyzer
from dicomsniff.findings.collector import Collector
from dicomsniff.key_files import KeyFiles
from dicomsniff.library import Block, Capture, Source
from dicomsniff.span import PacketMark, Span
from dicomsniff.tls.vault import Vault, find_vault

MAX_DATA = 256 << 20
"""Bytes of the collected data sets that a part brings along; more of them are an error."""

Numbering = Callable[[int], int]


def as_it_is(number: int) -> int:
    """Return a packet's number where the part knew it."""
    return number


class Part(NamedTuple):
    """What `pack` returned, and how its packets are numbered in the whole. It is unpickled: take nobody else's."""

    packed: bytes
    number: Numbering = as_it_is


class _Results(Struct):
    """What a part found out."""

    totals: Totals
    associations: list[Association]
    found: Collector
    recognized: dict[int, Recognized]
    collected: list[tuple[Message, bytes]]
    """Data sets, which a message does not take along by itself."""


def pack(analyzer: Analyzer) -> bytes:
    """Return what an analyzer of a part, which is over, found out; data sets that it collected go along.

    Raises IncompleteError where these are more than MAX_DATA.
    """
    associations = analyzer.associations
    collected = list(_collected(associations))
    results = _Results(analyzer.totals, associations, analyzer.found, analyzer.recognized, collected)
    return pickle.dumps(results, pickle.HIGHEST_PROTOCOL)


def merge(parts: Iterable[Part], vault: Vault | None = None) -> Analyzer:
    """Return an analyzer that is over, with what one would have found that was fed all packets.

    Secrets do not go from one process to another: TLS is read again with those of `vault`. Raises IncompleteError where
    all that is more than can be kept (MAX_ENTRIES, MAX_ASSOCIATIONS).
    """
    vault = vault or Vault()
    whole = WholeAnalyzer(vault=vault)
    collection = Collection()
    loaded = [_load(part, collection, vault) for part in parts]
    last = max((part.totals.last_time or 0 for part in loaded), default=0)
    turns: list[tuple[Recognized, int, Association]] = []
    for part in loaded:
        _watch_on(part, last)
        whole.add_totals(part.totals)
        turns += [(part.recognized[each.id], each.id, each) for each in part.associations]
        whole.found.update(part.found)
    numbers = {id(association): number for number, (*_, association) in enumerate(sorted(turns, key=_turn), start=1)}
    for part in loaded:
        _number(part.associations, numbers)
    whole.adopt(sorted((association for *_, association in turns), key=attrgetter("id")))
    return whole


class MergedCapture(Capture):
    """A capture of which the parts were read elsewhere, for every view.

    `source` is passed over for what it says itself: how fine its clock is, whether it is cut off. Views go back to it,
    and read TLS with `keys`.
    """

    def __init__(self, source: Source, parts: Iterable[Part], keys: KeyFiles | None = None) -> None:
        super().__init__(source, keys=keys)
        self.analyzer = merge(parts, self._keys.vault)

    def _next_block(self) -> Block | None:
        """Give all at once, messages and other entries in the order in which they were captured."""
        if self._done:
            return None
        passed = 0
        for batch in self._batches:
            passed += len(batch.starts)
            self._take_keys(over=False)
        if passed != self.analyzer.packets:
            held = f"its parts hold {self.analyzer.packets:,} of {passed:,} packets"
            self._failure = IncompleteError(f"{self.reader.name}: {held}")
            raise self._failure
        self._done = True
        over = self.analyzer.associations
        updates = [(association, entry) for association in over for entry in association.timeline]
        updates.sort(key=lambda update: update[1].span.last_packet)
        return Block(updates, over)


def _collected(associations: list[Association]) -> Iterator[tuple[Message, bytes]]:
    size = 0
    for message in (each for association in associations for each in _messages(association)):
        content = message.data_set.content if message.data_set is not None else None
        if content is not None:
            size += content.length
            if size > MAX_DATA:
                raise IncompleteError(f"a part collected more than {MAX_DATA:,} bytes of data sets (MAX_DATA)")
            content.seek(0)
            yield message, content.read()
            content.seek(0)


class _Renumbering(pickle.Unpickler):
    """Gives every packet of a part its number in the whole, and TLS the vault of the whole."""

    def __init__(self, part: Part, vault: Vault) -> None:
        super().__init__(BytesIO(part.packed))
        self._kinds = {
            (Span.__module__, "Span"): _numbered_span(part.number),
            (Span.__module__, "PacketMark"): _numbered_mark(part.number),
            (find_vault.__module__, find_vault.__name__): lambda _: vault,
        }

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in self._kinds:
            return self._kinds[module, name]
        return super().find_class(module, name)


def _numbered_span(number: Numbering) -> Callable[..., Span]:
    def new(*fields: Any) -> Span:
        span = Span(*fields)
        places = (span.first_packet, span.last_packet, span.reread_from)
        first, last, begin = (number(each) if each else 0 for each in places)
        return replace(span, first_packet=first, last_packet=last, reread_from=begin)

    return new


def _numbered_mark(number: Numbering) -> Callable[..., PacketMark]:
    return lambda first, *rest: PacketMark(first and number(first), *rest)


def _load(part: Part, collection: Collection, vault: Vault) -> _Results:
    results: _Results = _Renumbering(part, vault).load()
    results.recognized = {
        association: Recognized(late=late, packet=part.number(packet))
        for association, (late, packet) in results.recognized.items()
    }
    for association in results.associations:
        results.found.of(association).renumber(part.number)
    for message, data in results.collected:
        if message.data_set is not None:
            message.data_set.content = collection.begin()
            message.data_set.content.write(data)
            message.data_set.content.seek(0)
    return results


def _watch_on(part: _Results, last: int) -> None:
    """Have what was not over at the end of a part have been watched to the end of the whole, at `last` (ns)."""
    until = part.totals.last_time or 0
    for association in part.associations:
        watch_on(association, until, last)
    part.totals.unconnected = [waiting_on(each, until, last) for each in part.totals.unconnected]


def watch_on(association: Association, until: int, last: int) -> None:
    """Have an association that was watched to the end of its part, `until`, have been watched to `last` (ns)."""
    if association.ended_by_capture and association.watched_until >= until:
        association.watched_until = max(last, association.end_time)


def waiting_on(unconnected: Unconnected, until: int, last: int) -> Unconnected:
    """Return the same of a connection that failed."""
    waits = unconnected.time + unconnected.waited >= until
    return replace(unconnected, waited=last - unconnected.time) if waits else unconnected


def _turn(each: tuple[Recognized, int, Association]) -> tuple[Recognized, int]:
    """The order in which associations are numbered; those of one packet are of one part."""
    return each[:2]


def _number(associations: list[Association], numbers: dict[int, int]) -> None:
    renumber(associations, {association.id: numbers[id(association)] for association in associations})


def renumber(associations: Sequence[Association], numbers: Mapping[int, int]) -> None:
    """Give associations other numbers, by those they have; these follow none but one another."""
    for association in associations:
        association.id = numbers[association.id]
        association.follows = numbers[association.follows] if association.follows is not None else None
        for message in _messages(association):
            message.association_id = association.id


def _messages(association: Association) -> Iterator[Message]:
    return (entry.event for entry in association.timeline if isinstance(entry.event, Message))
