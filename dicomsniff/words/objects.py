"""The objects that were sent by C-STORE, as data: what each is, how it fared, and what asked for it."""

from msgspec import Struct

from dicomsniff.association.association import Association
from dicomsniff.association.deliveries import move_originator
from dicomsniff.dictionary.statuses import status_text
from dicomsniff.dimse.message import Message
from dicomsniff.dimse.operations import Operation
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.parts import the_comment, the_message_id, the_title
from dicomsniff.privacy.gate import ERROR_COMMENT

_SEVERITIES = {"Success": None, "Warning": Severity.WARNING}


class StoredObject(Struct, frozen=True, eq=False):
    """A C-STORE of an association, whether the object was taken or not. Times are in ns."""

    association: Association
    operation: Operation

    @property
    def request(self) -> Message:
        """The C-STORE-RQ."""
        return self.operation.request

    @property
    def instance(self) -> str:
        """Its SOP Instance UID; empty where the command has none."""
        return self.request.command.affected_sop_instance_uid or ""

    @property
    def size(self) -> int | None:
        """Bytes of its data set; None where none came."""
        return self.request.data_set.length if self.request.data_set is not None else None

    @property
    def answered_in(self) -> int | None:
        """From the last byte of the request to the first byte of the response; None where that is missing."""
        return self.operation.final_latency

    @property
    def took(self) -> int | None:
        """From the first byte of the request to the last byte of the response; None where that is missing."""
        final = self.operation.final
        return None if final is None else final.span.last_time - self.request.span.first_time

    @property
    def severity(self) -> Severity | None:
        """How bad it fared: None where it was taken, a note while that is open, a warning where it was changed."""
        if not self.request.complete:
            return Severity.WARNING if self._lacks_packets else Severity.ERROR
        if self.operation.final is None and not self.association.closed:
            return Severity.NOTE
        return _SEVERITIES.get(self.operation.category, Severity.ERROR)

    @property
    def status(self) -> str:
        """How it was answered, in words."""
        operation, request = self.operation, self.request
        said = "no response"
        if operation.status is not None:
            said = status_text("C-STORE", request.sop_class_uid, operation.status)
        if request.complete:
            return said
        return f"{said}; not whole in the capture" if self._lacks_packets else f"{said}; incomplete"

    @property
    def _lacks_packets(self) -> bool:
        """Whether it was taken all the same: then what is missing is missing from the capture alone."""
        return self.operation.category in _SEVERITIES and self.association.has_holes

    @property
    def code(self) -> str:
        """How it was answered, in a few characters: `A700`, `Success`."""
        status = self.operation.status
        if status is None:
            return "none"
        return f"{status:04X}" if status else "Success"

    @property
    def comment(self) -> str:
        """The Error Comment (0000,0902) of the response, with marks; empty where it has none."""
        final = self.operation.final
        said = final.command.text(ERROR_COMMENT) if final is not None else None
        return the_comment(said) if said else ""

    @property
    def asked_for_by(self) -> str:
        """What it was sent for, with marks: `C-MOVE 77 of MOVER`; empty where it was sent unasked, as far as it says.

        A C-STORE-RQ names its C-MOVE by Move Originator AE Title and Message ID (PS3.7 §9.1.1.1).
        """
        parent = self.operation.parent
        if parent is not None:
            return f"{parent.name} {the_message_id(parent.request.command.message_id)}"
        originator = move_originator(self.request)
        return f"C-MOVE {the_message_id(originator[1])} of {the_title(originator[0])}" if originator is not None else ""


def stored_objects(association: Association) -> list[StoredObject]:
    """Return the objects that were sent in an association, as far as its operations are listed."""
    operations = list(association.operations.operations)
    return [StoredObject(association, each) for each in operations if each.name == "C-STORE"]
