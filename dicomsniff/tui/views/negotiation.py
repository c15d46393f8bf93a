"""The view of what an association negotiated: its presentation contexts, and what follows from each."""

from collections.abc import Iterator

from dicomsniff.association.association import Association
from dicomsniff.dictionary.reasons import context_result_name
from dicomsniff.dimse.message import Message
from dicomsniff.findings.parts import the_class, the_uid
from dicomsniff.pdu.types import AssociateAc, AssociateRq
from dicomsniff.quantities import counted, of_all
from dicomsniff.tui.context_matrix import ContextMatrix, short_names
from dicomsniff.tui.detail import Detail
from dicomsniff.tui.field_row import FieldRow
from dicomsniff.tui.field_tree import FieldTree
from dicomsniff.tui.said import allowed
from dicomsniff.tui.session import UNSELECTED, Change, Place, Session
from dicomsniff.tui.shown import Shown
from dicomsniff.tui.split import Arrangement, Split
from dicomsniff.tui.tls_rows import tls_rows
from dicomsniff.tui.views.view import View
from dicomsniff.words.contexts import ContextRow, ContextTable, context_table
from dicomsniff.words.negotiation import DEFAULT_ROLES, limits, role_text

ARRANGEMENTS = (Arrangement(0, 30, 60), Arrangement(0, 16, 62), Arrangement(0, 0, 50, at_once=False))


class Negotiation(View):
    """The negotiation of the selected association."""

    def __init__(self, session: Session) -> None:
        self.matrix = ContextMatrix(self._explain)
        self.context = FieldTree(id="context", title="Context", empty="no context to explain")
        body = Split(self.matrix, self.context, ARRANGEMENTS, id="negotiation-body")
        super().__init__(session, self.matrix, self.context, body=body, id="negotiation")
        self._shown: tuple[object, ...] = ()
        self._table = ContextTable([], [], [])

    def take(self, change: Change) -> None:
        """Show the selected association as it is now."""
        self._show_contexts(change)
        if change & (Change.VIEW | Change.ENTRY | Change.ASSOCIATION):
            self._follow_selection()

    def _follow_selection(self) -> None:
        """Go to the context of the selected message, unless there are refused ones to be seen first."""
        entry = self.session.entry
        if entry is None or not isinstance(entry.event, Message) or self._table.refused:
            return
        context = entry.event.context_id
        row = next((each for each in self._table.rows if each.context.id == context), None)
        if row is not None and row is not self.matrix.selected:
            self.matrix.put_cursor(row)
            self._explain(row)

    def _show_contexts(self, change: Change) -> None:
        association = self.session.shown
        messages = len(association.messages) if association is not None else 0
        answered = association.accept is not None if association is not None else False
        state = (association, answered, messages)
        if state == self._shown and not change & Change.PRIVACY:
            return
        another = not self._shown or self._shown[0] is not association
        self._shown = state
        self.matrix.EMPTY = self._why_empty(association)
        self._table = context_table(association) if association is not None else ContextTable([], [], [])
        if another:
            self.matrix.cursor = 0
            self.matrix.scroll_to(y=0, animate=False)
        self.matrix.show(self._table)
        self.fit(self.matrix, len(self._table.rows))
        self.matrix.border_title = Shown(self._title(association))
        if self.matrix.selected is not None:
            self._explain(self.matrix.selected)
        else:
            rows = list(tls_rows(association)) if association is not None else []
            self.context.show(Detail("Negotiation", rows) if rows else None)

    def _why_empty(self, association: Association | None) -> str:
        if association is None:
            return UNSELECTED
        if said := self.session.reopening.said(self.session.association):
            return said
        if association.tls is not None and association.tls.is_unread:
            return "the negotiation is encrypted: below is what TLS tells"
        return ContextMatrix.EMPTY

    def open_selected(self) -> None:
        """Go to the PDU that answered, or else to the one that proposed."""
        session = self.session
        pdus = [each for each in session.entries if isinstance(each.event, AssociateAc | AssociateRq)]
        if session.association is not None and pdus:
            session.go(Place(session.association, pdus[-1], "exchange"))

    def _title(self, association: Association | None) -> str:
        if association is None:
            return "Presentation contexts"
        parties = (association.requestor.information, association.acceptor.information)
        lengths = [str(said.max_pdu_length) if said is not None else "?" for said in parties]
        contexts = len(self._table.rows)
        if not contexts and association.request is None and association.accept is None:
            return f"{association.id}  no contexts"
        refused = f"{of_all(self._table.refused, contexts, 'context')} refused" if contexts else "no contexts"
        if contexts and all(row.context.result is None for row in self._table.rows):
            refused = f"{counted(contexts, 'context')}, none answered"
        selected = "some roles selected" if any(row.roles for row in self._table.rows) else "default roles"
        return f"{association.id}  {refused}  max PDU {' | '.join(lengths)}  {selected}"

    def _explain(self, row: ContextRow) -> None:
        association = self.session.shown
        if association is not None:
            self.context.show(Detail(f"Context {row.context.id}", list(self._rows(association, row))))

    def _rows(self, association: Association, row: ContextRow) -> Iterator[FieldRow]:
        """Yield what is known of a context, then what holds for all of them."""
        context, names = row.context, short_names(self._table.syntaxes)
        yield from (FieldRow("so", allowed(said), style="strong") for said in row.consequences)
        yield FieldRow("SOP class", _named(context.abstract_syntax))
        result = context.result
        yield FieldRow("answer", "none" if result is None else f"{result} {context_result_name(result)}")
        if context.transfer_syntax:
            yield FieldRow("accepted", f"{names[context.transfer_syntax]}  {_named(context.transfer_syntax)}")
        for number, syntax in enumerate(context.proposed_transfer_syntaxes):
            yield FieldRow("" if number else "proposed", f"{names[syntax]}  {_named(syntax)}")
        if row.roles is not None:
            yield FieldRow("roles", allowed(role_text(association, row.roles)))
        yield FieldRow("messages", f"{row.messages:,} use it")
        yield FieldRow("All contexts", style="heading")
        yield from (FieldRow("so", allowed(each.text)) for each in self._table.further)
        yield from (FieldRow("limit", allowed(said)) for said in limits(association))
        yield FieldRow("roles", DEFAULT_ROLES)
        yield from tls_rows(association)


def _named(uid: str | None) -> str:
    name = allowed(the_class(uid))
    return f"{name}  {allowed(the_uid(uid))}" if uid and name != allowed(the_uid(uid)) else name
