"""Command elements that a message must have, by command field (PS3.7 §9.1, §9.3, §10.1, §10.3).

Command Field (0000,0100) itself is what a message is told by. Elements that the service tables call user options are
in EXPECTED where receivers are known to insist on them.
"""

_CLASS, _REQUESTED_CLASS = 0x00000002, 0x00000003
_ID, _ANSWERS, _DESTINATION, _PRIORITY, _DATA, _STATUS = (
    0x00000110,
    0x00000120,
    0x00000600,
    0x00000700,
    0x00000800,
    0x00000900,
)
_INSTANCE, _REQUESTED_INSTANCE, _EVENT, _ACTION = 0x00001000, 0x00001001, 0x00001002, 0x00001008
_RESPONSE = (_ANSWERS, _DATA, _STATUS)

REQUIRED: dict[int, tuple[int, ...]] = {
    0x0001: (_CLASS, _ID, _PRIORITY, _DATA, _INSTANCE),  # C-STORE-RQ, §9.3.1.1
    0x8001: _RESPONSE,  # §9.3.1.2
    0x0020: (_CLASS, _ID, _PRIORITY, _DATA),  # C-FIND-RQ, §9.3.2.1
    0x8020: _RESPONSE,  # §9.3.2.2
    0x0010: (_CLASS, _ID, _PRIORITY, _DATA),  # C-GET-RQ, §9.3.3.1
    0x8010: _RESPONSE,  # §9.3.3.2
    0x0021: (_CLASS, _ID, _DESTINATION, _PRIORITY, _DATA),  # C-MOVE-RQ, §9.3.4.1
    0x8021: _RESPONSE,  # §9.3.4.2
    0x0030: (_CLASS, _ID, _DATA),  # C-ECHO-RQ, §9.3.5.1
    0x8030: _RESPONSE,  # §9.3.5.2
    0x0FFF: (_ANSWERS, _DATA),  # C-CANCEL-RQ, §9.3.2.3
    0x0100: (_CLASS, _ID, _DATA, _INSTANCE, _EVENT),  # N-EVENT-REPORT-RQ, §10.3.1.1
    0x8100: _RESPONSE,  # §10.3.1.2
    0x0110: (_REQUESTED_CLASS, _ID, _DATA, _REQUESTED_INSTANCE),  # N-GET-RQ, §10.3.2.1
    0x8110: _RESPONSE,  # §10.3.2.2
    0x0120: (_REQUESTED_CLASS, _ID, _DATA, _REQUESTED_INSTANCE),  # N-SET-RQ, §10.3.3.1
    0x8120: _RESPONSE,  # §10.3.3.2
    0x0130: (_REQUESTED_CLASS, _ID, _DATA, _REQUESTED_INSTANCE, _ACTION),  # N-ACTION-RQ, §10.3.4.1
    0x8130: _RESPONSE,  # §10.3.4.2
    0x0140: (_CLASS, _ID, _DATA),  # N-CREATE-RQ, §10.3.5.1
    0x8140: _RESPONSE,  # §10.3.5.2
    0x0150: (_REQUESTED_CLASS, _ID, _DATA, _REQUESTED_INSTANCE),  # N-DELETE-RQ, §10.3.6.1
    0x8150: _RESPONSE,  # §10.3.6.2
}
"""What the service tables mark as mandatory, by command field."""

EXPECTED: dict[int, tuple[int, ...]] = {
    0x8001: (_CLASS, _INSTANCE),  # C-STORE-RSP, Table 9.1-1
    0x8020: (_CLASS,),  # C-FIND-RSP, Table 9.1-2
    0x8030: (_CLASS,),  # C-ECHO-RSP, Table 9.1-5
}
"""User options that some receivers cannot do without, by command field."""

TYPE_OF_RESPONSE: dict[int, int] = {
    0x8100: _EVENT,  # N-EVENT-REPORT-RSP, §10.1.1.1.5
    0x8130: _ACTION,  # N-ACTION-RSP, §10.1.4.1.5
}
"""What these may leave out, unless they have a reply, and some receivers cannot do without, by command field."""
