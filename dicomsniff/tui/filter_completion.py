"""What is offered while a filter is typed: fields, operators, and values that occur in the capture."""

from collections.abc import Iterator, Sequence
from itertools import chain

from dicomsniff.filter.fields import Subject
from dicomsniff.filter.known_values import KnownValues
from dicomsniff.filter.offers import Offer, Part, Position, offers, position
from dicomsniff.tui.session import Session
from dicomsniff.tui.slices import go_on


class FilterCompletion:
    """Looks at what is typed; the capture is looked through for values a little at a time."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._here: Position | None = None
        self._known: KnownValues | None = None
        self._field = ""
        self._steps: Iterator[None] | None = None

    def look(self, text: str, at: int) -> None:
        """Look at a text in which somebody types before a character (from 0)."""
        self._here = here = position(text, at)
        field = here.field if here is not None and here.part is Part.VALUE else ""
        if field and field != self._field:
            self._known = KnownValues(field, self._session.gate)
            self._steps = self._looking(self._known)
            self.go_on()
        if not field:
            self._steps = None
        self._field = field

    @property
    def start(self) -> int:
        """Where what is being typed begins."""
        return self._here.start if self._here is not None else 0

    @property
    def offers(self) -> Sequence[Offer]:
        """What may be written instead of it."""
        if self._here is None:
            return ()
        return offers(self._here, self._known.values if self._known is not None else ())

    @property
    def is_busy(self) -> bool:
        """Whether more values may be found."""
        return self._steps is not None

    def go_on(self) -> None:
        """Look for some more values."""
        if self._steps is not None and go_on(self._steps):
            self._steps = None

    def _looking(self, known: KnownValues) -> Iterator[None]:
        session = self._session
        for each in session.listing.all:
            association = session.listing.look(each)
            found = session.capture.found.of(association)
            for message in chain((None,), association.messages if known.is_of_message else ()):
                if not known.is_wanted:
                    return
                known.take(Subject(association, found, message))
                yield
