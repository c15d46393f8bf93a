"""C-GET operations and their C-STORE sub-operations on the same association (PS3.4 §C.4.3, PS3.7 §9.1.3)."""

from msgspec import Struct, field

from dicomsniff.association.association import Association
from dicomsniff.span import Span

MAX_GETS = 10_000
"""C-GET operations remembered."""


class Get(Struct, frozen=True):
    """A C-GET operation, what its last response counted, and what the capture shows of its sub-operations."""

    association: int
    message: int
    message_id: int
    status: int | None
    category: str
    span: Span
    """Of the request."""
    counters: dict[str, int]
    sub_operations: int
    """C-STORE-RQs that came while it was outstanding."""
    stored: dict[str, int] = field(default_factory=dict)
    """How they ended, by category of their status."""

    @property
    def kept(self) -> int:
        """Objects that arrived: stored, or stored with a warning."""
        return self.stored.get("Success", 0) + self.stored.get("Warning", 0)


def find_gets(association: Association) -> list[Get]:
    """Return the C-GET operations of an association that is over."""
    return [
        Get(
            association=association.id,
            message=operation.request.number,
            message_id=operation.request.command.message_id or 0,
            status=operation.status,
            category=operation.category,
            span=operation.request.span,
            counters=operation.counters,
            sub_operations=operation.sub_operations,
            stored=dict(operation.stored or {}),
        )
        for operation in association.operations.operations
        if operation.name == "C-GET"
    ]
