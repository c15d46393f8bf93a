"""For every rule on queries and retrievals the smallest traffic that raises it, and some that just does not."""

import build
from findings.traffic import associate_ac, associate_rq, opened, released

Elements = dict[int, bytes]
PATIENT_ROOT_FIND, STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.1.1", "1.2.840.10008.5.1.4.1.2.2.1"
PATIENT_ROOT_MOVE, STUDY_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.1.2", "1.2.840.10008.5.1.4.1.2.2.2"
PATIENT_ROOT_GET, STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.1.3", "1.2.840.10008.5.1.4.1.2.2.3"
COMPOSITE_ROOT_MOVE, WITHOUT_BULK_DATA = "1.2.840.10008.5.1.4.1.2.4.2", "1.2.840.10008.5.1.4.1.2.5.3"
WORKLIST, HANGING_FIND, HANGING_MOVE = "1.2.840.10008.5.1.4.31", "1.2.840.10008.5.1.4.38.2", "1.2.840.10008.5.1.4.38.3"
LEVEL, CHARSET = 0x00080052, 0x00080005
STUDY_UID, SERIES_UID, INSTANCE_UID = 0x0020000D, 0x0020000E, 0x00080018
NAME, PATIENT_ID, MODALITY, MODALITIES = 0x00100010, 0x00100020, 0x00080060, 0x00080061
STATION, START_DATE, START_TIME, STEPS = 0x00400001, 0x00400002, 0x00400003, 0x00400100
CODES, CODE, SCHEME = 0x00321064, 0x00080100, 0x00080102
RELEVANT_PATIENT = "1.2.840.10008.5.1.4.37.1"
STUDY_DATE, STUDY_TIME, ACCESSION = 0x00080020, 0x00080030, 0x00080050
RELATIONAL = b"\1"
SUCCESS, PENDING, MISMATCH = 0x0000, 0xFF00, 0xA900
ONE_CAME = {0x1021: 1, 0x1022: 0, 0x1023: 0}
STUDY: Elements = {LEVEL: b"STUDY ", STUDY_UID: b""}
SERIES: Elements = {LEVEL: b"SERIES", STUDY_UID: b"1.2.3\0", SERIES_UID: b""}
FOUND: Elements = {LEVEL: b"STUDY ", STUDY_UID: b"1.2.3\0"}


def data_set(elements: Elements) -> bytes:
    """An identifier in implicit VR little endian."""
    return b"".join(build.element(tag, value) for tag, value in sorted(elements.items()))


def listed(count: int) -> bytes:
    """An even number of UIDs."""
    return b"\\".join(b"1.2.%03d" % number for number in range(100, 100 + count)) + b"\0" * (count * 8 % 2 == 0)


def item(elements: Elements) -> bytes:
    """An item of a sequence."""
    return build.element(0xFFFEE000, data_set(elements))


def extended(sop_class: str, information: bytes) -> bytes:
    """SOP Class Extended Negotiation (PS3.7 §D.3.3.5)."""
    return build.item(0x56, len(sop_class).to_bytes(2, "big") + sop_class.encode() + information)


def exchange(
    sop_class: str,
    request: Elements | bytes,
    *matches: Elements,
    status: int = SUCCESS,
    information: bytes = b"",
    granted: bytes | None = None,
    swapped: bool = False,
    counts: dict[int, int] | None = None,
) -> list[build.Packet]:
    """A query or retrieval, its matches and its final response; `swapped`: the acceptor asks, as it may."""
    more = (extended(sop_class, information),) if information else ()
    answer = (extended(sop_class, information if granted is None else granted),) if information else ()
    talk = opened(associate_rq(build.proposal(1, sop_class), more=more), associate_ac(build.answer(1), more=answer))
    service = {"1": 0x0020, "2": 0x0021, "3": 0x0010}[sop_class[-1]] if ".4.1.2." in sop_class else 0x0020
    service = 0x0021 if sop_class == HANGING_MOVE else service
    command = {0x0002: sop_class, 0x0100: service, 0x0110: 1, 0x0700: 0, 0x0800: 1}
    if service == 0x0021:
        command[0x0600] = "DEST"
    sent = request if isinstance(request, bytes) else data_set(request)
    ask, reply = (talk.server, talk.client) if swapped else (talk.client, talk.server)
    ask(build.message(1, build.command_set(command), sent))
    response = {0x0002: sop_class, 0x0100: service | 0x8000, 0x0120: 1}
    for match in matches:
        reply(build.message(1, build.command_set(response | {0x0800: 1, 0x0900: PENDING}), data_set(match)))
    counters = counts or ONE_CAME if service != 0x0020 and status == SUCCESS else {}
    reply(build.message(1, build.command_set(response | {0x0800: 0x0101, 0x0900: status} | counters)))
    return released(talk)


CASES = {
    "query-level-missing": (
        lambda: exchange(STUDY_ROOT_FIND, {STUDY_UID: b""}),
        lambda: exchange(WORKLIST, {NAME: b""}),
    ),
    "query-level-unknown": (
        lambda: exchange(STUDY_ROOT_FIND, {LEVEL: b"PATIENT ", PATIENT_ID: b"1 "}),
        lambda: exchange(PATIENT_ROOT_FIND, {LEVEL: b"PATIENT ", PATIENT_ID: b"1 "}),
    ),
    "query-parent-missing": (
        lambda: exchange(STUDY_ROOT_FIND, SERIES | {STUDY_UID: b""}),
        lambda: exchange(STUDY_ROOT_FIND, SERIES | {STUDY_UID: b""}, information=RELATIONAL),
    ),
    "retrieve-key-missing": (
        lambda: exchange(STUDY_ROOT_MOVE, STUDY),
        lambda: exchange(STUDY_ROOT_FIND, STUDY),
    ),
    "query-key-not-single": (
        lambda: exchange(STUDY_ROOT_FIND, SERIES | {STUDY_UID: b"1.2\\1.3\0"}),
        lambda: exchange(STUDY_ROOT_FIND, SERIES | {SERIES_UID: b"1.2\\1.3\0"}),
    ),
    "query-patient-unnamed": (
        lambda: exchange(RELEVANT_PATIENT, {NAME: b"A ", PATIENT_ID: b""}, status=MISMATCH),
        lambda: exchange(RELEVANT_PATIENT, {NAME: b"A ", PATIENT_ID: b"1 "}, status=MISMATCH),
    ),
    "retrieve-list-long": (
        lambda: exchange(STUDY_ROOT_MOVE, STUDY | {STUDY_UID: listed(66)}, status=MISMATCH),
        lambda: exchange(STUDY_ROOT_MOVE, STUDY | {STUDY_UID: listed(64)}, status=MISMATCH),
    ),
    "relational-refused": (
        lambda: exchange(STUDY_ROOT_FIND, SERIES | {STUDY_UID: b""}, information=RELATIONAL, status=MISMATCH),
        lambda: exchange(STUDY_ROOT_FIND, SERIES, information=RELATIONAL, status=MISMATCH),
    ),
    "query-key-missing": (
        lambda: exchange(STUDY_ROOT_FIND, {LEVEL: b"STUDY ", NAME: b"A*"}, status=MISMATCH),
        lambda: exchange(STUDY_ROOT_FIND, {LEVEL: b"STUDY ", NAME: b"A*"}),
    ),
    "query-key-of-other-level": (
        lambda: exchange(STUDY_ROOT_FIND, STUDY | {MODALITY: b"CT"}),
        lambda: exchange(STUDY_ROOT_FIND, STUDY | {MODALITY: b"", MODALITIES: b"CT"}),
    ),
    "retrieve-key-not-unique": (
        lambda: exchange(STUDY_ROOT_MOVE, FOUND | {NAME: b"A "}, status=MISMATCH),
        lambda: exchange(STUDY_ROOT_MOVE, FOUND | {NAME: b"A "}),
    ),
    "query-several-values": (
        lambda: exchange(STUDY_ROOT_FIND, STUDY | {MODALITIES: b"CT\\MR "}),
        lambda: exchange(STUDY_ROOT_FIND, STUDY | {MODALITIES: b"CT\\MR "}, information=bytes(6) + b"\1"),
    ),
    "query-wildcard": (
        lambda: exchange(STUDY_ROOT_FIND, STUDY | {STUDY_DATE: b"2024* "}),
        lambda: exchange(STUDY_ROOT_FIND, STUDY | {STUDY_DATE: b"20240101-", ACCESSION: b"A*"}),
    ),
    "query-question-marks": (
        lambda: exchange(STUDY_ROOT_FIND, STUDY | {NAME: b"??^????*"}),
        lambda: exchange(STUDY_ROOT_FIND, STUDY | {NAME: b"??^????*", CHARSET: b"ISO_IR 192"}),
    ),
    "query-key-outside-sequence": (
        lambda: exchange(WORKLIST, {NAME: b"", STATION: b"CT1 "}),
        lambda: exchange(WORKLIST, {NAME: b"", STATION: b"", STEPS: item({STATION: b"CT1 "})}),
    ),
    "query-range-reversed": (
        lambda: exchange(STUDY_ROOT_FIND, STUDY | {STUDY_DATE: b"20240131-20240101 "}),
        lambda: exchange(STUDY_ROOT_FIND, STUDY | {STUDY_DATE: b"20240101-20240131 ", STUDY_TIME: b"2200- "}),
    ),
    "query-key-padding": (
        lambda: exchange(STUDY_ROOT_FIND, STUDY | {LEVEL: b"STUDY\0"}, status=MISMATCH),
        lambda: exchange(STUDY_ROOT_FIND, STUDY | {LEVEL: b"STUDY\0"}, FOUND),
    ),
    "query-asks-below": (
        lambda: exchange(STUDY_ROOT_FIND, STUDY | {SERIES_UID: b""}, FOUND),
        lambda: exchange(STUDY_ROOT_FIND, STUDY | {SERIES_UID: b""}, FOUND | {SERIES_UID: b"1.2.3.4\0"}),
    ),
    "query-level-superfluous": (
        lambda: exchange(HANGING_MOVE, {LEVEL: b"IMAGE ", INSTANCE_UID: b"1.2.3\0"}),
        lambda: exchange(HANGING_MOVE, {INSTANCE_UID: b"1.2.3\0"}),
    ),
    "match-level-differs": (
        lambda: exchange(STUDY_ROOT_FIND, STUDY, FOUND | {LEVEL: b"SERIES"}),
        lambda: exchange(STUDY_ROOT_FIND, STUDY, FOUND),
    ),
    "match-unique-key-missing": (
        lambda: exchange(STUDY_ROOT_FIND, STUDY, FOUND | {STUDY_UID: b""}),
        lambda: exchange(STUDY_ROOT_FIND, STUDY | {ACCESSION: b""}, FOUND | {ACCESSION: b""}),
    ),
    "match-repeated": (
        lambda: exchange(STUDY_ROOT_FIND, STUDY, FOUND, FOUND),
        lambda: exchange(STUDY_ROOT_FIND, STUDY, FOUND, FOUND | {STUDY_UID: b"1.2.4\0"}),
    ),
    "match-return-key-missing": (
        lambda: exchange(WORKLIST, {NAME: b"", STUDY_UID: b""}, {NAME: b"A ", STUDY_UID: b""}),
        lambda: exchange(WORKLIST, {NAME: b""}, {NAME: b"A "}),
    ),
    "match-several-steps": (
        lambda: exchange(WORKLIST, {NAME: b"", STEPS: b""}, {NAME: b"A ", STEPS: item({STATION: b"A "}) * 2}),
        lambda: exchange(WORKLIST, {NAME: b"", STEPS: b""}, {NAME: b"A ", STEPS: item({STATION: b"A "})}),
    ),
    "match-code-empty": (
        lambda: exchange(WORKLIST, {NAME: b"", CODES: b""}, {NAME: b"A ", CODES: item({CODE: b"", SCHEME: b"L "})}),
        lambda: exchange(WORKLIST, {NAME: b"", CODES: b""}, {NAME: b"A ", CODES: item({CODE: b"1 ", SCHEME: b"L "})}),
    ),
    "match-required-key-missing": (
        lambda: exchange(STUDY_ROOT_FIND, STUDY | {ACCESSION: b""}, FOUND),
        lambda: exchange(STUDY_ROOT_FIND, STUDY | {ACCESSION: b""}, FOUND | {ACCESSION: b""}),
    ),
    "match-question-marks": (
        lambda: exchange(STUDY_ROOT_FIND, STUDY | {NAME: b""}, FOUND | {NAME: b"????"}),
        lambda: exchange(STUDY_ROOT_FIND, STUDY | {NAME: b""}, FOUND | {NAME: b"????", CHARSET: b"GB18030 "}),
    ),
    "match-question-marks-within": (
        lambda: exchange(STUDY_ROOT_FIND, STUDY | {NAME: b""}, FOUND | {NAME: b"M?ller^J?rg "}),
        lambda: exchange(STUDY_ROOT_FIND, STUDY | {NAME: b"M?ller*"}, FOUND | {NAME: b"M?ller^J?rg "}),
    ),
    "match-keys-left-out": (
        lambda: exchange(STUDY_ROOT_FIND, STUDY | {MODALITIES: b""}, FOUND),
        lambda: exchange(STUDY_ROOT_FIND, STUDY | {MODALITIES: b""}, FOUND | {MODALITIES: b""}),
    ),
    "fuzzy-matching-not-granted": (
        lambda: exchange(STUDY_ROOT_FIND, STUDY | {NAME: b"Doe "}, information=b"\0\0\1", granted=b"\0\0\0"),
        lambda: exchange(STUDY_ROOT_FIND, STUDY | {NAME: b"Doe "}, information=b"\0\0\1"),
    ),
    "match-other-value": (
        lambda: exchange(STUDY_ROOT_FIND, STUDY | {PATIENT_ID: b"P7"}, *[FOUND | {PATIENT_ID: b"P8"}] * 2),
        lambda: exchange(STUDY_ROOT_FIND, STUDY | {PATIENT_ID: b"P7"}, FOUND | {PATIENT_ID: b"P7"}),
    ),
}
"""What raises each rule, and what all but raises it."""
