"""DIMSE statuses in words, by service class (pynetdicom's tables; PS3.4, PS3.7 Annex C)."""

from functools import lru_cache, reduce
from typing import NamedTuple


class StatusText(NamedTuple):
    """What a status says: its class (`Success`, `Pending`, `Warning`, `Failure`, `Cancel`, `Unknown`) and meaning."""

    category: str
    meaning: str


PENDING = (0xFF00, 0xFF01)
"""Statuses of responses that are not the last (PS3.7 §C.2)."""
DONE = ("Success", "Warning")
"""Classes of statuses that say that a request was done, if perhaps otherwise than asked (PS3.7 §C.1, §C.4)."""
_CATEGORIES = (  # PS3.7 Annex C.1 to C.5: what the number alone tells
    (0x0000, 0x0000, "Success"),
    (0xFE00, 0xFE00, "Cancel"),
    (0xFF00, 0xFF01, "Pending"),
    (0x0001, 0x0001, "Warning"),
    (0x0107, 0x0107, "Warning"),
    (0x0116, 0x0116, "Warning"),
    (0xB000, 0xBFFF, "Warning"),
    (0x0100, 0x02FF, "Failure"),
    (0xA000, 0xAFFF, "Failure"),
    (0xC000, 0xCFFF, "Failure"),
)


def status_category(status: int) -> str:
    """Return the class of a status by its number alone (PS3.7 Annex C)."""
    for first, last, category in _CATEGORIES:
        if first <= status <= last:
            return category
    return "Unknown"


_TABLES = {  # a command says more than its SOP class: one Q/R class serves C-FIND, C-GET and C-MOVE alike
    "C-FIND": "QR_FIND_SERVICE_CLASS_STATUS",
    "C-GET": "QR_GET_SERVICE_CLASS_STATUS",
    "C-MOVE": "QR_MOVE_SERVICE_CLASS_STATUS",
    "C-STORE": "STORAGE_SERVICE_CLASS_STATUS",
    "C-ECHO": "VERIFICATION_SERVICE_CLASS_STATUS",
}


_TERMS = (  # what the tables write otherwise than PS3.7 Annex C and PS3.4 do, or misspell
    ("Duplication SOP", "Duplicate SOP"),
    ("uthorised", "uthorized"),
    ("nrecognised", "nrecognized"),
    ("ynchronisation", "ynchronization"),
    ("Element Discarded", "Elements Discarded"),
    ("supplied an any", "supplied and any"),
    ("The print will use", "The printer will use"),
    ("doesn't", "does not"),
)

ERROR_IDS = {  # what an Error ID (0000,0903) adds to a status: service, SOP class, status, Error ID
    # PS3.4 §F.7.2.2.4, Table F.7.2-2
    ("N-SET", "1.2.840.10008.3.1.2.3.3", 0x0110, 0xA710): (
        "the Performed Procedure Step Object may no longer be updated"
    ),
}

FORESEEN = {
    ("C-FIND", 0xFF00): StatusText("Pending", "Matches are continuing, current match supplied"),
    ("C-FIND", 0xFF01): StatusText("Pending", "Matches are continuing, warning"),
    ("C-FIND", 0xFE00): StatusText("Cancel", ""),
    ("C-GET", 0xFF00): StatusText("Pending", "Sub-operations are continuing"),
    ("C-GET", 0xFE00): StatusText("Cancel", ""),
    ("C-MOVE", 0xFF00): StatusText("Pending", "Sub-operations are continuing"),
    ("C-MOVE", 0xFE00): StatusText("Cancel", ""),
}
"""What the tables say of the statuses that queries and retrievals have when all is well (PS3.4 Tables C.4-1 to C.4-3).

So a healthy capture needs no table: to load them takes longer than all else that a small one needs.
"""


@lru_cache(maxsize=4096)
def find_status(service: str, sop_class_uid: str | None, status: int) -> StatusText:
    """Return what a status means for a service (`C-STORE`) and SOP class; `Unknown` where no table lists it.

    Axxx, Bxxx and Cxxx are for the service class to define, else they say what they do for the service (PS3.7 Annex C).
    """
    if status == 0:
        return StatusText("Success", "")  # for every service (PS3.7 §C.1.1)
    return FORESEEN.get((service, status)) or look_up(service, sop_class_uid, status)


def look_up(service: str, sop_class_uid: str | None, status: int) -> StatusText:
    """Return what the tables say of a status other than Success; see `find_status`."""
    from pynetdicom import sop_class
    from pynetdicom import status as tables

    ordered = [getattr(tables, _TABLES[service])] if service in _TABLES else []
    if sop_class_uid:
        own = sop_class.uid_to_service_class(sop_class_uid).statuses
        first = 0xA000 <= status <= 0xCFFF and own is not tables.STORAGE_SERVICE_CLASS_STATUS  # that is C-STORE's own
        ordered.insert(0 if first else len(ordered), own)
    ordered.append(tables.GENERAL_STATUS)
    found = next((table[status] for table in ordered if status in table), None)
    if found is None:
        return StatusText(status_category(status), "")
    return StatusText(found[0], reduce(lambda text, term: text.replace(*term), _TERMS, found[1]))


def error_text(service: str, sop_class_uid: str | None, status: int, error_id: int | None) -> str:
    """Return what an Error ID says beyond the status; empty where nothing is known of it."""
    return ERROR_IDS.get((service, sop_class_uid or "", status, error_id or 0), "")


def status_text(service: str, sop_class_uid: str | None, status: int) -> str:
    """Say a status in words: `Success`, `Failure 0xA700 (Refused: Out of Resources)`."""
    category, meaning = find_status(service, sop_class_uid, status)
    if status == 0:
        return "Success"
    return f"{category} 0x{status:04X}" + (f" ({meaning})" if meaning else "")
