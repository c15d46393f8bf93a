"""An engine that is fed no packets: parts of a capture were analyzed elsewhere, and it knows what came of them all."""

from collections.abc import Iterable, Iterator

from dicomsniff.association.association import Association
from dicomsniff.association.handshakes import MAX_HANDSHAKES
from dicomsniff.association.links import Linked
from dicomsniff.association.moves import asks_to_move
from dicomsniff.association.neighbours import Neighbour
from dicomsniff.association.strangers import MAX_STRANGERS
from dicomsniff.association.totals import Totals
from dicomsniff.engine.analyzer import Analyzer
from dicomsniff.engine.kept import Keep
from dicomsniff.findings.overview import Course
from dicomsniff.tls.vault import Vault


class WholeAnalyzer(Analyzer):
    """Takes what the parts found out, and asks the rules about more than one message of it, as if it had read all."""

    def __init__(self, *, keep: Keep = Keep.ALL, vault: Vault | None = None) -> None:
        super().__init__(keep=keep, vault=vault)
        self._adopted: dict[int, Association] = {}
        """Associations that are still to be looked at."""

    @property
    def open_associations(self) -> Iterator[Association]:
        """Associations that are still to be looked at."""
        yield from self._adopted.values()

    def add_totals(self, part: Totals) -> None:
        """Take what was counted of a part of the capture."""
        self.packets += part.packets
        self.bytes += part.bytes
        self._measure_time(part.first_time, part.last_time)
        self._tcp.connections += part.connections
        self._tcp.given_up += part.given_up
        self.undecoded.update(part.undecoded)
        self.foreign.update(part.foreign)
        self.handshakes = [*self.handshakes, *part.handshakes][:MAX_HANDSHAKES]
        self.strangers = [*self.strangers, *part.strangers][:MAX_STRANGERS]
        self.unreachable.extend(part.unreachable)
        self.tls_servers = set(sorted(self.tls_servers | part.tls_servers)[:MAX_STRANGERS])
        for unconnected in part.unconnected:
            self.links.feed_unconnected(unconnected)

    def adopt(self, associations: Iterable[Association]) -> None:
        """Take all associations of the parts, numbered; what was found in them is in `found`. The capture is over."""
        for association in associations:
            self.expect(association)
            self._kept.adopt(association)
        self._bound_memory()
        for association in sorted(self._adopted.values(), key=asks_to_move):  # stable: C-MOVEs behind deliveries
            self.conclude(association)
        self.conclude_all()

    def expect(self, association: Association) -> None:
        """Take an association of a part of which rules are to know before its turn comes."""
        self._adopted[association.id] = association

    def conclude(self, association: Association) -> None:
        """Take an association of a part, numbered, in its turn: ask the rules about all of it.

        The turn of one with C-MOVEs is when what these brought is known.
        """
        self._repeating.count += 1
        self._adopted.pop(association.id, None)
        self.links.feed(association)
        self._judge_final(association)

    def conclude_settled(self, linked: Linked, neighbour: Neighbour | None, course: Course) -> None:
        """Take one of which the part has told all, for the rules about others and about the whole."""
        self._repeating.count += 1
        self._remember(linked, neighbour, course)

    def conclude_all(self) -> None:
        """All associations of all parts had their turn: ask the rules about the whole."""
        self._judge_all()
