"""What the data set of a normalized request must hold, may say and must not hold, by SOP class and service (PS3.4)."""

from collections.abc import Mapping

from msgspec import Struct

from dicomsniff.dictionary.normalized import (
    CHANGE_STATE,
    COMMITMENT,
    FILM_BOX,
    FILM_SESSION,
    IMAGE_BOXES,
    INVENTORY_CREATION,
    MEDIA_CREATION,
    MPPS,
    SUBSCRIBE,
    SUSPEND,
    UNSUBSCRIBE,
    UPS_CLASSES,
)

TRANSACTION_UID, REFERENCED_SOP_SEQUENCE, FAILED_SOP_SEQUENCE = 0x00081195, 0x00081199, 0x00081198
STEP_STATUS, STEP_STATE = 0x00400252, 0x00741000
"""Performed Procedure Step Status, Procedure Step State."""
RECEIVING_AE, DELETION_LOCK = 0x00741234, 0x00741230
IMAGE_BOX_SEQUENCE = 0x20100510
"""Referenced Image Box Sequence."""
PRINT_JOB_SEQUENCES = (0x21200070, 0x21000500)
"""Referenced Print Job Sequence, by the tag of PS3.6 and by that of PS3.4 §H.4."""
_INVENTORY_LEVEL = 0x00080403
_SCHEDULED_STEPS, _STUDY_INSTANCE_UID = 0x00400270, 0x0020000D
_PERFORMED_SERIES, _SERIES_INSTANCE_UID, _PROTOCOL_NAME = 0x00400340, 0x0020000E, 0x00181030

_SOP_CLASS, _SOP_INSTANCE = 0x00081150, 0x00081155
"""Referenced SOP Class UID, Referenced SOP Instance UID."""

MPPS_ENDED = ("COMPLETED", "DISCONTINUED")
"""Performed Procedure Step Status after which a step is not changed any more (PS3.4 §F.7.2.2.2)."""
UPS_ENDED = ("COMPLETED", "CANCELED")
"""Procedure Step States after which a step is not changed any more (PS3.4 §CC.1.1)."""

Path = tuple[int, ...]
"""An attribute by its tag, or one in the items of sequences: their tags from the outermost on, then its own."""

Values = Mapping[Path, tuple[str, ...]]
"""The values that attributes may have."""
_ANY: Values = {}


class Demand(Struct, frozen=True):
    """What a table of PS3.4 asks of the requestor; `reference` names the clause.

    `required` attributes are there and have a value (type 1, usage M), `present` ones may be empty (type 2), `final`
    ones have a value where the request ends a step. `allowed` are the values that an attribute may have, `barred`
    attributes are not there. Without a `vital` one the exchange comes to nothing, whatever the receiver answers.
    """

    reference: str
    required: tuple[Path, ...] = ()
    allowed: Values = _ANY
    barred: tuple[int, ...] = ()
    vital: tuple[Path, ...] = ()
    present: tuple[Path, ...] = ()
    final: tuple[Path, ...] = ()


_PATIENT = ((0x00100010,), (0x00100020,), (0x00100030,), (0x00100040,))
"""Patient's Name, ID, Birth Date and Sex."""
_SEX: Values = {(0x00100040,): ("M", "F", "O")}
_END_OF_STEP = ((0x00400250,), (0x00400251,))
"""Performed Procedure Step End Date and Time."""
_MPPS_CREATE = Demand(
    "PS3.4 Table F.7.2-1",
    (
        (_SCHEDULED_STEPS,),
        (_SCHEDULED_STEPS, _STUDY_INSTANCE_UID),
        (0x00400253,),  # Performed Procedure Step ID
        (0x00400241,),  # Performed Station AE Title
        (0x00400244,),  # Performed Procedure Step Start Date
        (0x00400245,),  # Performed Procedure Step Start Time
        (STEP_STATUS,),
        (0x00080060,),  # Modality
        (_PERFORMED_SERIES, _SERIES_INSTANCE_UID),
        (_PERFORMED_SERIES, _PROTOCOL_NAME),
    ),
    {(STEP_STATUS,): ("IN PROGRESS",), **_SEX},
    present=(
        *_PATIENT,
        (0x00081120,),  # Referenced Patient Sequence
        (0x00400242,),  # Performed Station Name
        (0x00400243,),  # Performed Location
        (0x00400254,),  # Performed Procedure Step Description
        (0x00400255,),  # Performed Procedure Type Description
        (0x00081032,),  # Procedure Code Sequence
        *_END_OF_STEP,
        (0x00200010,),  # Study ID
        (0x00400260,),  # Performed Protocol Code Sequence
        (_PERFORMED_SERIES,),
        (_SCHEDULED_STEPS, 0x00081110),  # Referenced Study Sequence
        (_SCHEDULED_STEPS, 0x00080050),  # Accession Number
        (_SCHEDULED_STEPS, 0x00401001),  # Requested Procedure ID
        (_SCHEDULED_STEPS, 0x00321060),  # Requested Procedure Description
        (_SCHEDULED_STEPS, 0x00400009),  # Scheduled Procedure Step ID
        (_SCHEDULED_STEPS, 0x00400007),  # Scheduled Procedure Step Description
        (_SCHEDULED_STEPS, 0x00400008),  # Scheduled Protocol Code Sequence
    ),
)
_MPPS_SET = Demand(
    "PS3.4 Table F.7.2-1",
    ((_PERFORMED_SERIES, _SERIES_INSTANCE_UID), (_PERFORMED_SERIES, _PROTOCOL_NAME)),
    {(STEP_STATUS,): ("IN PROGRESS", *MPPS_ENDED)},
    (
        _SCHEDULED_STEPS,
        0x00100010,  # Patient's Name
        0x00100020,  # Patient ID
        0x00100030,  # Patient's Birth Date
        0x00100040,  # Patient's Sex
        0x00081120,  # Referenced Patient Sequence
        0x00400253,
        0x00400241,
        0x00400242,  # Performed Station Name
        0x00400243,  # Performed Location
        0x00400244,
        0x00400245,
        0x00080060,
        0x00200010,  # Study ID
    ),
    final=((_PERFORMED_SERIES,), *_END_OF_STEP),
)
_UPS_CREATE = Demand(
    "PS3.4 Table CC.2.5-3",
    (
        (0x00741200,),  # Scheduled Procedure Step Priority
        (0x00741204,),  # Procedure Step Label
        (0x00404005,),  # Scheduled Procedure Step Start DateTime
        (0x00404041,),  # Input Readiness State
        (STEP_STATE,),
    ),
    {
        (STEP_STATE,): ("SCHEDULED",),
        (0x00741200,): ("HIGH", "MEDIUM", "LOW"),
        (0x00404041,): ("INCOMPLETE", "UNAVAILABLE", "READY"),
        **_SEX,
    },
    present=(
        (TRANSACTION_UID,),
        (0x00741202,),  # Worklist Label
        (0x00741210,),  # Scheduled Processing Parameters Sequence
        (0x00404025,),  # Scheduled Station Name Code Sequence
        (0x00404026,),  # Scheduled Station Class Code Sequence
        (0x00404027,),  # Scheduled Station Geographic Location Code Sequence
        (0x00404018,),  # Scheduled Workitem Code Sequence
        (0x00400400,),  # Comments on the Scheduled Procedure Step
        (0x00404021,),  # Input Information Sequence
        *_PATIENT,
        (0x00380010,),  # Admission ID
        (0x0040A370,),  # Referenced Request Sequence
    ),
)
_UPS_CHANGE = Demand(
    "PS3.4 Table CC.2.1-1",
    ((STEP_STATE,), (TRANSACTION_UID,)),
    {(STEP_STATE,): ("IN PROGRESS", *UPS_ENDED)},
    vital=((TRANSACTION_UID,),),
)
_COMMITMENT = ((TRANSACTION_UID,), (REFERENCED_SOP_SEQUENCE,))
_REFERENCES = ((REFERENCED_SOP_SEQUENCE, _SOP_CLASS), (REFERENCED_SOP_SEQUENCE, _SOP_INSTANCE))
_SESSION = 0x20100500
"""Referenced Film Session Sequence."""
_FAILURES = ((TRANSACTION_UID,), (FAILED_SOP_SEQUENCE,))
_FAILED = ((FAILED_SOP_SEQUENCE, _SOP_CLASS), (FAILED_SOP_SEQUENCE, _SOP_INSTANCE))
_UPS_SUBSCRIBE = Demand(
    "PS3.4 Table CC.2.3-1",
    ((RECEIVING_AE,), (DELETION_LOCK,)),
    {(DELETION_LOCK,): ("TRUE", "FALSE")},
)
_UPS_UNSUBSCRIBE = Demand("PS3.4 Table CC.2.3-1", ((RECEIVING_AE,),))
_IMAGE_SEQUENCES = (0x20200110, 0x20200111)
"""Basic Grayscale Image Sequence, Basic Color Image Sequence."""
_FILM_SESSION = Demand("PS3.3 Table C.13-1", allowed={(0x20000020,): ("HIGH", "MED", "LOW")})  # Print Priority
_MAGNIFICATION: Values = {(0x20100060,): ("REPLICATE", "BILINEAR", "CUBIC", "NONE")}
_FILM_VALUES: Values = {  # PS3.3 Table C.13-3
    (0x20100040,): ("PORTRAIT", "LANDSCAPE"),  # Film Orientation
    **_MAGNIFICATION,
    (0x20100140,): ("YES", "NO"),  # Trim
}
_IMAGE_VALUES: Values = {  # PS3.3 Table C.13-5
    (0x20200020,): ("NORMAL", "REVERSE"),  # Polarity
    (0x20200040,): ("DECIMATE", "CROP", "FAIL"),  # Requested Decimate/Crop Behavior
    **_MAGNIFICATION,
}
_AVAILABILITY = Demand(
    "PS3.4 Table R.3.2-1",
    (
        (_STUDY_INSTANCE_UID,),
        (0x00081115,),  # Referenced Series Sequence
        (0x00081115, _SERIES_INSTANCE_UID),
        (0x00081115, REFERENCED_SOP_SEQUENCE),
        (0x00081115, REFERENCED_SOP_SEQUENCE, 0x00080056),  # Instance Availability
        (0x00081115, REFERENCED_SOP_SEQUENCE, 0x00080054),  # Retrieve AE Title
    ),
    {(0x00081115, REFERENCED_SOP_SEQUENCE, 0x00080056): ("ONLINE", "NEARLINE", "OFFLINE", "UNAVAILABLE")},
)

Key = tuple[str, str, int | None]
"""SOP class, service, and Action or Event Type ID of the services that have one."""

DEMANDS: dict[Key, Demand] = {
    (MPPS, "N-CREATE", None): _MPPS_CREATE,
    (MPPS, "N-SET", None): _MPPS_SET,
    (COMMITMENT, "N-ACTION", 1): Demand("PS3.4 Table J.3-1", _COMMITMENT + _REFERENCES, vital=_COMMITMENT),
    (COMMITMENT, "N-EVENT-REPORT", 1): Demand("PS3.4 Table J.3-2", _COMMITMENT + _REFERENCES, vital=_COMMITMENT),
    (COMMITMENT, "N-EVENT-REPORT", 2): Demand("PS3.4 Table J.3-2", _FAILURES + _FAILED, vital=_FAILURES),
    (FILM_BOX, "N-CREATE", None): Demand(
        "PS3.4 Table H.4-6",
        ((0x20100010,), (_SESSION,), (_SESSION, _SOP_CLASS), (_SESSION, _SOP_INSTANCE)),  # Image Display Format first
        _FILM_VALUES,
    ),
    (FILM_BOX, "N-SET", None): Demand("PS3.3 Table C.13-3", allowed=_FILM_VALUES),
    **{(FILM_SESSION, service, None): _FILM_SESSION for service in ("N-CREATE", "N-SET")},
    **{
        (box, "N-SET", None): Demand(reference, ((0x20200010,), (images,)), _IMAGE_VALUES)  # Image Box Position
        for box, images, reference in zip(
            IMAGE_BOXES, _IMAGE_SEQUENCES, ("PS3.4 Table H.4-10", "PS3.4 Table H.4-11"), strict=True
        )
    },
    (MEDIA_CREATION, "N-CREATE", None): Demand("PS3.4 Table S.3.2.1.1-1", ((REFERENCED_SOP_SEQUENCE,),)),
    ("1.2.840.10008.5.1.4.33", "N-CREATE", None): _AVAILABILITY,
    (INVENTORY_CREATION, "N-ACTION", 11): Demand(  # Initiate
        "PS3.4 Table KK.2-1",
        ((TRANSACTION_UID,), (_INVENTORY_LEVEL,)),
        {(_INVENTORY_LEVEL,): ("STUDY", "SERIES", "INSTANCE")},
        present=((0x00080400,),),  # Scope of Inventory Sequence
    ),
    **{
        (INVENTORY_CREATION, "N-ACTION", kind): Demand("PS3.4 Table KK.2-1", ((TRANSACTION_UID,),))
        for kind in (12, 14, 15)  # Request Status, Pause, Resume
    },
    (INVENTORY_CREATION, "N-ACTION", 13): Demand(  # Cancel; Retain Instances
        "PS3.4 Table KK.2-1", ((TRANSACTION_UID,), (0x00080415,))
    ),
    **{(ups, "N-CREATE", None): _UPS_CREATE for ups in UPS_CLASSES},
    **{(ups, "N-SET", None): Demand("PS3.4 §CC.2.6.2", barred=(STEP_STATE,)) for ups in UPS_CLASSES},
    **{(ups, "N-ACTION", CHANGE_STATE): _UPS_CHANGE for ups in UPS_CLASSES},
    **{(ups, "N-ACTION", SUBSCRIBE): _UPS_SUBSCRIBE for ups in UPS_CLASSES},
    **{(ups, "N-ACTION", kind): _UPS_UNSUBSCRIBE for ups in UPS_CLASSES for kind in (UNSUBSCRIBE, SUSPEND)},
}
"""What is asked of a request, where anything is that a receiver may refuse it for."""
