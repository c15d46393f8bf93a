"""Timeline entries and associations that are over -> associations that have come to their end, each once."""

from dicomsniff.association.association import Association
from dicomsniff.association.consumer import Update


class Endings:
    """Knows which associations have said their last word, before their connections are over."""

    def __init__(self) -> None:
        self.count = 0
        """Associations that have come to their end."""
        self._known: set[int] = set()

    def take(self, updates: list[Update], ended: list[Association]) -> list[Association]:
        """Return those that were released, rejected or aborted by now, or on which nothing more can come."""
        over = {association.id: association for association in ended}
        over |= {association.id: association for association, _ in updates if association.state.is_over}
        fresh = [association for number, association in over.items() if number not in self._known]
        self._known |= over.keys()
        self._known -= {association.id for association in ended}
        self.count += len(fresh)
        return fresh
