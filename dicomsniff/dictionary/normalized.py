"""Names of what N-ACTION asks for and of what N-EVENT-REPORT reports, by SOP class (PS3.4)."""

COMMITMENT = "1.2.840.10008.1.20.1"
MPPS = "1.2.840.10008.3.1.2.3.3"
FILM_SESSION, FILM_BOX = "1.2.840.10008.5.1.1.1", "1.2.840.10008.5.1.1.2"
IMAGE_BOXES = ("1.2.840.10008.5.1.1.4", "1.2.840.10008.5.1.1.4.1")
"""Basic Grayscale Image Box, Basic Color Image Box."""
PRINT_JOB, PRINTER = "1.2.840.10008.5.1.1.14", "1.2.840.10008.5.1.1.16"
MEDIA_CREATION = "1.2.840.10008.5.1.1.33"
INVENTORY_CREATION = "1.2.840.10008.5.1.4.1.1.201.5"
WELL_KNOWN = {
    COMMITMENT: "1.2.840.10008.1.20.1.1",  # PS3.4 §J.3.5
    PRINTER: "1.2.840.10008.5.1.1.17",  # §H.4.6.5
    "1.2.840.10008.5.1.1.16.376": "1.2.840.10008.5.1.1.17.376",  # Printer Configuration Retrieval, §H.4.11.4
    INVENTORY_CREATION: "1.2.840.10008.5.1.4.1.1.201.1.1",  # Storage Management SOP Instance, §KK.1.3.2
}
"""The one instance of each SOP class that has but one."""
META_CLASSES = frozenset(f"1.2.840.10008.5.1.1.{number}" for number in ("9", "9.1", "18", "18.1", "30", "32"))
"""Meta SOP classes of print management (PS3.6 Table A-1): several SOP classes under one name."""
META_MEMBERS = {
    "1.2.840.10008.5.1.1.9": (FILM_SESSION, FILM_BOX, IMAGE_BOXES[0], PRINTER),  # PS3.4 §H.3.2.2.1
    "1.2.840.10008.5.1.1.18": (FILM_SESSION, FILM_BOX, IMAGE_BOXES[1], PRINTER),  # §H.3.2.2.2
}
"""The SOP classes that a meta SOP class stands for; those of retired ones are not listed."""
UPS_PUSH, UPS_WATCH, UPS_PULL, UPS_EVENT, UPS_QUERY = (f"1.2.840.10008.5.1.4.34.6.{number}" for number in range(1, 6))
UPS_NAMES = dict(
    zip(
        (UPS_PUSH, UPS_WATCH, UPS_PULL, UPS_EVENT, UPS_QUERY),
        ("UPS Push", "UPS Watch", "UPS Pull", "UPS Event", "UPS Query"),
        strict=True,
    )
)
UPS_CLASSES = tuple(UPS_NAMES)
"""SOP classes of the Unified Procedure Step: the instances of all are of the first (PS3.4 §CC.3.1)."""
GLOBAL_SUBSCRIPTIONS = ("1.2.840.10008.5.1.4.34.5", "1.2.840.10008.5.1.4.34.5.1")
"""Well-known instances by which a subscriber asks for the events of all steps (PS3.4 §CC.2.3.2)."""
CHANGE_STATE, REQUEST_CANCEL, SUBSCRIBE, UNSUBSCRIBE, SUSPEND = range(1, 6)
"""Action types of the Unified Procedure Step (PS3.4 §CC.2)."""

_PRINT = {1: "Print"}
_UPS_ACTIONS = {
    CHANGE_STATE: "Change UPS State",
    REQUEST_CANCEL: "Request UPS Cancel",
    SUBSCRIBE: "Subscribe to Receive UPS Event Reports",
    UNSUBSCRIBE: "Unsubscribe from Receiving UPS Event Reports",
    SUSPEND: "Suspend Global Subscription",
}
_UPS_EVENTS = {
    1: "UPS State Report",
    2: "UPS Cancel Requested",
    3: "UPS Progress Report",
    4: "SCP Status Change",
    5: "UPS Assigned",
}
_RT_ACTIONS, _RT_EVENTS = {1: "Request Beam Verification"}, {1: "Pending", 2: "Done"}
_RT_CLASSES = ("1.2.840.10008.5.1.4.34.8", "1.2.840.10008.5.1.4.34.9")

ACTIONS: dict[str, dict[int, str]] = {
    FILM_SESSION: _PRINT,  # PS3.4 Table H.4-3
    FILM_BOX: _PRINT,  # Table H.4-8
    "1.2.840.10008.5.1.1.31": _PRINT,  # Pull Print Request, retired
    COMMITMENT: {1: "Request Storage Commitment"},  # Table J.3-1
    "1.2.840.10008.5.1.4.32.2": {1: "Request GP-SPS Status Modification"},  # Table F.10.2-1, retired
    "1.2.840.10008.1.40": {1: "Record Procedural Event"},  # Table P.2-2
    "1.2.840.10008.1.42": {1: "Record Substance Administration Event"},  # Table P.3-2
    MEDIA_CREATION: {1: "Initiate Media Creation", 2: "Cancel Media Creation"},  # §S.3.2.2, §S.3.2.3
    INVENTORY_CREATION: {11: "Initiate", 12: "Request Status", 13: "Cancel", 14: "Pause", 15: "Resume"},  # Table KK.2-1
    **dict.fromkeys(UPS_CLASSES, _UPS_ACTIONS),  # §CC.2.1 to §CC.2.3
    **dict.fromkeys(_RT_CLASSES, _RT_ACTIONS),  # Table DD.3.2.3-1
}
EVENTS: dict[str, dict[int, str]] = {
    PRINT_JOB: {1: "Pending", 2: "Printing", 3: "Done", 4: "Failure"},  # Table H.4-14
    PRINTER: {1: "Normal", 2: "Warning", 3: "Failure"},  # Table H.4-16
    COMMITMENT: {  # Table J.3-2
        1: "Storage Commitment Request Successful",
        2: "Storage Commitment Request Complete - Failures Exist",
    },
    "1.2.840.10008.3.1.2.3.5": {  # Table F.9.2-1
        1: "Performed Procedure Step In Progress",
        2: "Performed Procedure Step Completed",
        3: "Performed Procedure Step Discontinued",
        4: "Performed Procedure Step Updated",
        5: "Performed Procedure Step Deleted",
    },
    INVENTORY_CREATION: {  # Table KK.2-2
        11: "Inventory Terminated with Instances",
        12: "Inventory Status",
        13: "Inventory Terminated without Instances",
    },
    **dict.fromkeys(UPS_CLASSES, _UPS_EVENTS),  # Table CC.2.4-1
    **dict.fromkeys(_RT_CLASSES, _RT_EVENTS),  # Table DD.3.2.5-1
}

SERVICES: dict[str, tuple[str, ...]] = {
    FILM_SESSION: ("N-CREATE", "N-SET", "N-DELETE", "N-ACTION"),  # PS3.4 Table H.4-1
    FILM_BOX: ("N-CREATE", "N-SET", "N-DELETE", "N-ACTION"),  # Table H.4-5
    **dict.fromkeys(IMAGE_BOXES, ("N-SET",)),  # §H.4.3.1.2, §H.4.3.2.2
    "1.2.840.10008.5.1.1.15": ("N-SET",),  # Basic Annotation Box, §H.4.4.2
    "1.2.840.10008.5.1.1.23": ("N-CREATE", "N-DELETE"),  # Presentation LUT, §H.4.9.2
    PRINT_JOB: ("N-EVENT-REPORT", "N-GET"),  # §H.4.5.2
    PRINTER: ("N-EVENT-REPORT", "N-GET"),  # §H.4.6.2
    "1.2.840.10008.5.1.1.16.376": ("N-GET",),  # Printer Configuration Retrieval, §H.4.11.2
    COMMITMENT: ("N-ACTION", "N-EVENT-REPORT"),  # §J.3.1
    MPPS: ("N-CREATE", "N-SET", "N-GET", "N-EVENT-REPORT"),  # §F.7.1, §F.8.1, §F.9.1
    "1.2.840.10008.3.1.2.3.4": ("N-GET",),  # MPPS Retrieve, §F.8.1
    "1.2.840.10008.3.1.2.3.5": ("N-EVENT-REPORT",),  # MPPS Notification, §F.9.1
    MEDIA_CREATION: ("N-CREATE", "N-ACTION", "N-GET"),  # §S.3.1
    "1.2.840.10008.5.1.4.33": ("N-CREATE",),  # Instance Availability Notification, §R.3.1
    "1.2.840.10008.1.40": ("N-ACTION",),  # Procedural Event Logging, §P.2.1
    "1.2.840.10008.1.42": ("N-ACTION",),  # Substance Administration Logging, §P.3.1
    INVENTORY_CREATION: ("N-ACTION", "N-EVENT-REPORT"),  # Inventory Creation, §KK.2.1
    "1.2.840.10008.5.1.1.40": ("N-GET",),  # Display System, §EE.2.2
    **dict.fromkeys(UPS_CLASSES, ("N-CREATE", "N-SET", "N-GET", "N-ACTION", "N-EVENT-REPORT")),  # §CC.2
}
"""The normalized services that a SOP class has; those of others are not listed."""


def type_name(service: str, sop_class_uid: str | None, number: int | None) -> str:
    """Name an Action Type ID of N-ACTION or an Event Type ID of N-EVENT-REPORT: `Print`, `UPS State Report`.

    Empty where the SOP class defines none of that number.
    """
    types = {"N-ACTION": ACTIONS, "N-EVENT-REPORT": EVENTS}.get(service, {}).get(sop_class_uid or "", {})
    return types.get(number, "") if number is not None else ""
