"""The view of every object that was stored, or was to be, across the capture."""

from collections.abc import Iterator
from functools import partial

from textual import on, work

from dicomsniff.association.association import Association
from dicomsniff.association.timing import operation_time
from dicomsniff.dimse.message import Message
from dicomsniff.findings.parts import the_class, the_party
from dicomsniff.quantities import byte_size, duration
from dicomsniff.tui.background import in_background
from dicomsniff.tui.detail import Detail
from dicomsniff.tui.field_row import FieldRow
from dicomsniff.tui.field_tree import FieldTree
from dicomsniff.tui.link_book import Target
from dicomsniff.tui.object_list import ObjectIndex, ObjectList, ObjectRow, shown_uid
from dicomsniff.tui.patients import Patients
from dicomsniff.tui.said import allowed, gate
from dicomsniff.tui.session import Change, Place, Session
from dicomsniff.tui.split import Arrangement, Split
from dicomsniff.tui.views.view import View
from dicomsniff.words.objects import StoredObject

ARRANGEMENTS = (Arrangement(0, 16, 60), Arrangement(0, 0, 50, at_once=False))


class Objects(View):
    """The objects of the associations that are listed, and what is known of the selected one."""

    def __init__(self, session: Session) -> None:
        self.patients = Patients(session.capture, session.reopening.pass_by)
        self.list = ObjectList(self._chosen, self.patients.of)
        self.explained = FieldTree(id="object", title="Object", empty="what is selected above is said here in full")
        body = Split(self.list, self.explained, ARRANGEMENTS, id="objects-body")
        super().__init__(session, self.list, self.explained, body=body, id="objects")
        self.chooser = self.list
        self._index = ObjectIndex()
        self._touched = False
        """Whether somebody has chosen an object, so that the cursor stays there."""
        self._loading = False
        self._known: tuple[ObjectRow, StoredObject | None] | None = None
        """The object of a row, as it is asked for again and again."""

    def take(self, change: Change) -> None:
        """Show what was stored by now."""
        if change & Change.PRIVACY:
            self.patients.forget()
            self.list.choose_columns()
        self.list_if_due(change)
        if change & (Change.VIEW | Change.ENTRY):
            self._follow_selection()
        self._explain()
        self.look_for_patients()

    @property
    def object(self) -> tuple[Association, Message] | None:
        """The request of the object under the cursor, and its association."""
        row = self.list.selected
        whole = self._whole(row) if row is not None else None
        return (whole.association, whole.request) if whole is not None else None

    def _whole(self, row: ObjectRow) -> StoredObject | None:
        """Return the object of a row; None where the details of its association cannot be had."""
        if self._known is None or self._known[0] is not row:
            self._known = row, row.whole(self.session.reopening.shown)
        return self._known[1]

    def open_selected(self) -> None:
        """Go to the message of the selected object."""
        row = self.list.selected
        if row is not None:
            self.follow(Target(row.association.id, row.number))

    def listing(self) -> Iterator[None]:
        """List what was stored by now."""
        yield from self._index.arranging(self.session.listing.listed.copy(), self.session.listing.look)
        self.list.EMPTY = self.why_empty(
            "no object was sent by C-STORE", "no object was sent so far", ": 2 shows what was exchanged"
        )
        self.list.show(self._index.objects, self.list.selected if self._touched else None, self._index.total)
        self.fit(self.list, len(self._index.objects))

    def _chosen(self, row: ObjectRow) -> None:
        """Select its message, too."""
        self._touched = True
        session = self.session
        association = session.listing.find(row.association.id)
        if association is not None:
            session.select(association)
            whole = self._whole(row)
            order = session.order if whole is not None else None
            entry = order.find_message(whole.request) if order is not None and whole is not None else None
            session.select_place(Place(association, entry))
        self._explain()
        self.look_for_patients()

    def _follow_selection(self) -> None:
        """Go to the object that the selected message is about."""
        entry = self.session.entry
        operation = entry.event.operation if entry is not None and isinstance(entry.event, Message) else None
        row = self.list.selected
        association = self.session.association
        if operation is None or row is None or association is None:
            return
        place = association.id, operation.request.number
        if _place(row) == place:
            return
        found = next((each for each in self.list.rows if _place(each) == place), None)
        if found is not None:
            self._touched = True
            self.list.put_cursor(found)

    @on(ObjectList.Seen)
    def look_for_patients(self) -> None:
        """Read whose the objects are whose rows have come in sight."""
        if not self._loading and any(map(self.patients.is_due, self.list.in_sight)):
            self._loading = True
            self.load_patients()

    @work(group="patients")
    async def load_patients(self) -> None:
        """Read in the background whose the objects in sight are, as long as there are some of which it is not known."""
        while (row := next(filter(self.patients.is_due, self.list.in_sight), None)) is not None:
            await in_background(partial(self.patients.load, row))
            self.list.refresh()
        self._loading = False
        self._explain()

    def _explain(self) -> None:
        row = self.list.selected
        detail = Detail(f"Object {shown_uid(row)}", list(self._rows(row))) if row is not None else None
        known = self.explained.detail
        if detail is None or known is None or known.rows != detail.rows:
            self.explained.show(detail)

    def _rows(self, row: ObjectRow) -> Iterator[FieldRow]:
        """Yield what it is, how it fared and why, and what it was sent for."""
        style = row.severity.value if row.severity is not None else ""
        whole = self._whole(row)
        yield FieldRow("status", whole.status if whole is not None else row.code, style=style)
        yield FieldRow("SOP instance", shown_uid(row))
        if whole is not None:
            yield from self._fared(whole, style)
        yield FieldRow("SOP class", allowed(the_class(row.sop_class_uid)))
        if patient := self.patients.of(row):
            yield FieldRow("patient", patient)
        elif not gate().privacy.keep_phi:
            yield FieldRow("patient", "withheld; P shows it")
        yield from self._origin(row, whole)
        syntax = whole.request.transfer_syntax if whole is not None else None
        yield FieldRow("syntax", allowed(the_class(syntax)) if syntax else "not known")
        yield FieldRow("size", byte_size(row.size) if row.size is not None else "no data set came")
        if whole is not None:
            request, waiting, _ = operation_time(whole.operation)
            said = f"sent in {duration(request)}"
            if waiting is not None and waiting >= 0:
                said += f", answered {duration(waiting)} after its end"
            yield FieldRow("time", said)

    def _fared(self, whole: StoredObject, style: str) -> Iterator[FieldRow]:
        """Yield what its response said beside the status, and what was found about it."""
        if whole.comment:
            yield FieldRow("comment", allowed(whole.comment), style=style)
        final = whole.operation.final
        numbers = {whole.request.number, final.number if final is not None else 0} - {0}
        for finding in list(self.session.capture.found.of(whole.association).all):
            if finding.message_number in numbers:
                yield FieldRow(finding.severity.value, allowed(finding.line), style=finding.severity.value)

    def _origin(self, row: ObjectRow, whole: StoredObject | None) -> Iterator[FieldRow]:
        """Yield what it was sent for, and between whom."""
        if asked := row.asked_for_by:
            yield FieldRow("for", allowed(asked))
        for link in self.session.book.having(row.association, whole.request) if whole is not None else ():
            yield FieldRow("belongs to", link.target.text, target=link.target)
        parties = " → ".join(allowed(the_party(each)) for each in (row.association.requestor, row.association.acceptor))
        yield FieldRow("association", f"{row.association.id}: {parties}")


def _place(row: ObjectRow) -> tuple[int, int]:
    """Return the association and the message by which it was sent: what there is of either may be a copy."""
    return row.association.id, row.number
