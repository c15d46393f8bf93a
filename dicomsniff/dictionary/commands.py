"""Command fields and the elements of a command set (PS3.7 Annex E)."""

from functools import lru_cache

from msgspec import Struct

NO_DATA_SET = 0x0101
RESPONSE_BIT = 0x8000
N_EVENT_REPORT_RQ = 0x0100
RETRIEVE_RESPONSES = (0x8010, 0x8021)
"""C-GET-RSP and C-MOVE-RSP."""
EVENT_TYPE_ID, ACTION_TYPE_ID = 0x00001002, 0x00001008

COMMAND_FIELDS = {  # PS3.7 Table E.1-1
    0x0001: "C-STORE-RQ",
    0x8001: "C-STORE-RSP",
    0x0010: "C-GET-RQ",
    0x8010: "C-GET-RSP",
    0x0020: "C-FIND-RQ",
    0x8020: "C-FIND-RSP",
    0x0021: "C-MOVE-RQ",
    0x8021: "C-MOVE-RSP",
    0x0030: "C-ECHO-RQ",
    0x8030: "C-ECHO-RSP",
    0x0100: "N-EVENT-REPORT-RQ",
    0x8100: "N-EVENT-REPORT-RSP",
    0x0110: "N-GET-RQ",
    0x8110: "N-GET-RSP",
    0x0120: "N-SET-RQ",
    0x8120: "N-SET-RSP",
    0x0130: "N-ACTION-RQ",
    0x8130: "N-ACTION-RSP",
    0x0140: "N-CREATE-RQ",
    0x8140: "N-CREATE-RSP",
    0x0150: "N-DELETE-RQ",
    0x8150: "N-DELETE-RSP",
    0x0FFF: "C-CANCEL-RQ",
}
NORMALIZED_REQUESTS = frozenset([0x0100, 0x0110, 0x0120, 0x0130, 0x0140, 0x0150])
"""Command Fields of the requests of normalized services (PS3.7 §10.3)."""


class CommandElement(Struct, frozen=True):
    """One element of group 0000: its keyword, VR and name."""

    keyword: str
    vr: str
    name: str


COMMAND_ELEMENTS = {  # PS3.7 Tables E.1-1 and E.2-1; the latter's are retired
    0x00000000: CommandElement("CommandGroupLength", "UL", "Command Group Length"),
    0x00000001: CommandElement("CommandLengthToEnd", "UL", "Command Length to End (retired)"),
    0x00000002: CommandElement("AffectedSOPClassUID", "UI", "Affected SOP Class UID"),
    0x00000003: CommandElement("RequestedSOPClassUID", "UI", "Requested SOP Class UID"),
    0x00000010: CommandElement("CommandRecognitionCode", "SH", "Command Recognition Code (retired)"),
    0x00000100: CommandElement("CommandField", "US", "Command Field"),
    0x00000110: CommandElement("MessageID", "US", "Message ID"),
    0x00000120: CommandElement("MessageIDBeingRespondedTo", "US", "Message ID Being Responded To"),
    0x00000200: CommandElement("Initiator", "AE", "Initiator (retired)"),
    0x00000300: CommandElement("Receiver", "AE", "Receiver (retired)"),
    0x00000400: CommandElement("FindLocation", "AE", "Find Location (retired)"),
    0x00000600: CommandElement("MoveDestination", "AE", "Move Destination"),
    0x00000700: CommandElement("Priority", "US", "Priority"),
    0x00000800: CommandElement("CommandDataSetType", "US", "Command Data Set Type"),
    0x00000850: CommandElement("NumberOfMatches", "US", "Number of Matches (retired)"),
    0x00000860: CommandElement("ResponseSequenceNumber", "US", "Response Sequence Number (retired)"),
    0x00000900: CommandElement("Status", "US", "Status"),
    0x00000901: CommandElement("OffendingElement", "AT", "Offending Element"),
    0x00000902: CommandElement("ErrorComment", "LO", "Error Comment"),
    0x00000903: CommandElement("ErrorID", "US", "Error ID"),
    0x00001000: CommandElement("AffectedSOPInstanceUID", "UI", "Affected SOP Instance UID"),
    0x00001001: CommandElement("RequestedSOPInstanceUID", "UI", "Requested SOP Instance UID"),
    0x00001002: CommandElement("EventTypeID", "US", "Event Type ID"),
    0x00001005: CommandElement("AttributeIdentifierList", "AT", "Attribute Identifier List"),
    0x00001008: CommandElement("ActionTypeID", "US", "Action Type ID"),
    0x00001020: CommandElement("NumberOfRemainingSuboperations", "US", "Number of Remaining Sub-operations"),
    0x00001021: CommandElement("NumberOfCompletedSuboperations", "US", "Number of Completed Sub-operations"),
    0x00001022: CommandElement("NumberOfFailedSuboperations", "US", "Number of Failed Sub-operations"),
    0x00001023: CommandElement("NumberOfWarningSuboperations", "US", "Number of Warning Sub-operations"),
    0x00001030: CommandElement(
        "MoveOriginatorApplicationEntityTitle", "AE", "Move Originator Application Entity Title"
    ),
    0x00001031: CommandElement("MoveOriginatorMessageID", "US", "Move Originator Message ID"),
    0x00004000: CommandElement("DialogReceiver", "LT", "Dialog Receiver (retired)"),
    0x00004010: CommandElement("TerminalType", "LT", "Terminal Type (retired)"),
    0x00005010: CommandElement("MessageSetID", "SH", "Message Set ID (retired)"),
    0x00005020: CommandElement("EndMessageID", "SH", "End Message ID (retired)"),
    0x00005110: CommandElement("DisplayFormat", "LT", "Display Format (retired)"),
    0x00005120: CommandElement("PagePositionID", "LT", "Page Position ID (retired)"),
    0x00005130: CommandElement("TextFormatID", "CS", "Text Format ID (retired)"),
    0x00005140: CommandElement("NormalReverse", "CS", "Normal/Reverse (retired)"),
    0x00005150: CommandElement("AddGrayScale", "CS", "Add Gray Scale (retired)"),
    0x00005160: CommandElement("Borders", "CS", "Borders (retired)"),
    0x00005170: CommandElement("Copies", "IS", "Copies (retired)"),
    0x00005180: CommandElement("CommandMagnificationType", "CS", "Command Magnification Type (retired)"),
    0x00005190: CommandElement("Erase", "CS", "Erase (retired)"),
    0x000051A0: CommandElement("Print", "CS", "Print (retired)"),
    0x000051B0: CommandElement("Overlays", "US", "Overlays (retired)"),
}


def is_retired(tag: int) -> bool:
    """Whether an element of a command set is retired (PS3.7 Table E.2-1)."""
    element = COMMAND_ELEMENTS.get(tag)
    return element is not None and element.name.endswith("(retired)")


def command_name(field: int) -> str:
    """Name a command field, or say that it has none (PS3.7 Table E.1-1)."""
    return COMMAND_FIELDS.get(field, f"unknown command 0x{field:04X}")


def service_name(field: int) -> str:
    """Name the DIMSE service of a command field: `C-STORE` for C-STORE-RQ and C-STORE-RSP."""
    return command_name(field).removesuffix("-RQ").removesuffix("-RSP")


@lru_cache(maxsize=1024)
def command_names(field: int | None) -> tuple[str, str]:
    """Return the names of a command field and of its service; None is said to be missing, and has no service."""
    if field is None:
        return "command without a Command Field", ""
    return command_name(field), service_name(field)
