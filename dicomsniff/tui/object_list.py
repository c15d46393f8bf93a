"""The objects that were stored, or were to be, one row each."""

from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct
from rich.style import Style
from textual.message import Message

from dicomsniff.association.association import Association
from dicomsniff.findings.finding import SEVERITIES, Severity
from dicomsniff.findings.parts import the_class
from dicomsniff.quantities import byte_size, counted, duration
from dicomsniff.tui.column_list import ColumnList
from dicomsniff.tui.columns import Column
from dicomsniff.tui.problem_index import LETTERS, RANK
from dicomsniff.tui.said import allowed, gate
from dicomsniff.tui.shown import Shown
from dicomsniff.words.objects import StoredObject, stored_objects

_State = tuple[int, bool]


class ObjectRow(Struct, frozen=True, eq=False):
    """What a row says of an object: the messages themselves stay where they are, in memory or packed in a file."""

    association: Association
    number: int
    """That of the C-STORE-RQ; 0 where that has no end so far."""
    instance: str
    sop_class_uid: str | None
    code: str
    severity: Severity | None
    size: int | None
    took: int | None
    asked_for_by: str

    @classmethod
    def of(cls, association: Association, stored: StoredObject) -> "ObjectRow":
        """Note what there is to be said of an object; `association` may lack the details that it has."""
        request = stored.request
        about = request.number, stored.instance, request.sop_class_uid, stored.code, stored.severity
        return cls(association, *about, stored.size, stored.took, stored.asked_for_by)

    def whole(self, look: Callable[[Association], Association | None]) -> StoredObject | None:
        """Return the object; None where the details of its association cannot be had."""
        association = look(self.association)
        for each in stored_objects(association) if association is not None else ():
            if (each.request.number, each.instance) == (self.number, self.instance):
                return each
        return None


class ObjectIndex:
    """The objects of associations, the worst first; an association is looked at again only where it went on."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[_State, dict[Severity | None, list[ObjectRow]]]] = {}
        self.objects: list[ObjectRow] = []
        self.total = 0
        """Those that were sent, listed or not."""

    def arranging(
        self, associations: Iterable[Association], look: Callable[[Association], Association]
    ) -> Iterator[None]:
        """Arrange the objects of associations, as far as there are details to `look` at, one association a step."""
        known: dict[int, tuple[_State, dict[Severity | None, list[ObjectRow]]]] = {}
        total = 0
        for association in associations:
            sent = association.message_counts.requests["C-STORE"]
            total += sent
            if sent:
                state = (association.message_counts.messages, association.closed)
                before = self._known.get(association.id)
                if before is None or before[0] != state:
                    # What there is to look at is a copy perhaps, of which nothing is to be kept.
                    objects = (ObjectRow.of(association, each) for each in stored_objects(look(association)))
                    before = (state, _by_severity(objects))
                known[association.id] = before
            yield
        self._known = known
        by_severity = [found for _, found in known.values()]
        self.objects = [
            each for severity in (*SEVERITIES, None) for found in by_severity for each in found.get(severity, ())
        ]
        self.total = max(total, len(self.objects))


def _by_severity(objects: Iterable[ObjectRow]) -> dict[Severity | None, list[ObjectRow]]:
    found: dict[Severity | None, list[ObjectRow]] = {}
    for each in objects:
        found.setdefault(each.severity, []).append(each)
    return found


class ObjectList(ColumnList[ObjectRow]):
    """Status, SOP class and instance, whose it is where that may be shown, size, time, association, what for."""

    class Seen(Message):
        """Other rows are in sight."""

    def __init__(self, chosen: Callable[[ObjectRow], None], patient: Callable[[ObjectRow], str]) -> None:
        super().__init__((), chosen, id="objects-list")
        self._patient = patient
        self.border_title = "Objects"
        self.choose_columns()

    def choose_columns(self) -> None:
        """Have a column for patients only where they may be shown."""
        patient = Column("patient", self._patient, 12, 26, share=2, leaves=4)
        columns: tuple[Column[ObjectRow], ...] = (
            Column("", _sign, 1, is_toned=True, is_sign=True, key=lambda row: -RANK[row.severity]),
            Column("status", lambda row: row.code, 7, is_toned=True),
            Column("SOP class", _sop_class, 14, 34, share=2),
            Column("SOP Instance UID", shown_uid, 26, 64, share=8, draw=_draw_instance, is_toned=True),
            *((patient,) if gate().privacy.keep_phi else ()),
            Column("size", _size, 8, leaves=2, to_right=True, key=lambda row: -(row.size or 0)),
            Column("took", _took, 8, leaves=1, to_right=True, key=lambda row: -(row.took or 0)),
            Column("assoc.", lambda row: str(row.association.id), 6, to_right=True, key=lambda row: row.association.id),
            Column("for", lambda row: allowed(row.asked_for_by), 18, 34, share=1, leaves=3),
        )
        self.set_columns(columns)

    def show(self, objects: list[ObjectRow], selected: ObjectRow | None, total: int) -> None:
        """List other objects, `total` being those that were sent, listed or not."""
        failed = sum(each.severity is Severity.ERROR for each in objects)
        said = f"{len(objects):,}" if len(objects) >= total else f"{len(objects):,} of {total:,}"
        said += f", {counted(failed, 'failure', ',')}" if failed else ""
        self.border_title = Shown(f"Objects ({said})" if objects else "Objects")
        gone = total - len(objects)
        self.border_subtitle = (
            Shown(f"{gone:,} not listed: details were given up to bound memory") if gone > 0 else None
        )
        self.show_rows(objects, selected)

    def on_resize(self) -> None:
        """Tell that there may be room for more rows."""
        self.post_message(self.Seen())

    def watch_scroll_y(self, before: float, now: float) -> None:
        """Tell that other rows are in sight."""
        super().watch_scroll_y(before, now)
        self.post_message(self.Seen())

    @property
    def in_sight(self) -> list[ObjectRow]:
        """The objects whose rows are in sight."""
        return [self.rows[index] for index in self._in_sight()]

    def style_of(self, row: ObjectRow) -> Style | str:
        """Return the colour of how it fared."""
        return self.severity_style(row.severity)


def _sign(row: ObjectRow) -> str:
    return LETTERS[row.severity]


def _sop_class(row: ObjectRow) -> str:
    return allowed(the_class(row.sop_class_uid)).removesuffix(" Storage")  # as nearly all of them end


def shown_uid(row: ObjectRow) -> str:
    """Return the SOP Instance UID of an object as it may be shown."""
    return gate().uid(row.instance) if row.instance else "without a UID"


def _draw_instance(row: ObjectRow, width: int) -> Shown:
    """Cut its beginning where there is little room: UIDs of one study differ at their ends."""
    text = Shown(shown_uid(row))
    return text if len(text) <= width else Shown("…").append(text.plain[1 - width :])


def _size(row: ObjectRow) -> str:
    return byte_size(row.size) if row.size is not None else "none"


def _took(row: ObjectRow) -> str:
    return duration(row.took) if row.took is not None else ""
