"""Every PDU and item class that pynetdicom has, encoded by it with drawn values, against this program's decoder.

The classes, and the fields each of them encodes, are found by introspection: a new one fails until it is handled here.
"""

from collections.abc import Callable, Iterator
from string import ascii_letters, digits
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pynetdicom import pdu, pdu_items

from dicomsniff.dictionary.pdu_types import PDU_TYPES
from dicomsniff.pdu.decode import decode_control_pdu, list_fields
from dicomsniff.pdu.fields import Field
from dicomsniff.pdu.types import Pdv, PdvBytes
from dicomsniff.span import Span
from examples import examples
from pipeline import decode

SPAN = Span(1, 1, 0, 0, 24)
TITLES = 68
"""Bytes of an A-ASSOCIATE PDU's body before its items."""

BYTE, SHORT, LONG = st.integers(0, 0xFF), st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF)
UIDS = st.lists(st.integers(0, 10**9).map(str), min_size=1, max_size=6).map(
    lambda parts: ".".join(["1", *parts])[:64].rstrip(".")  # PS3.5 §9.1; pynetdicom takes no longer ones
)
NAMES = st.text(ascii_letters + digits + " _-.", min_size=1, max_size=16).map(str.strip).filter(bool)
OCTETS = st.binary(max_size=60)


def subclasses(kind: type) -> Iterator[type]:
    for each in kind.__subclasses__():
        yield each
        yield from subclasses(each)


def made(kind: type, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Draw an instance with its attributes set, in that order."""

    def fill(values: dict[str, Any]) -> Any:
        instance = kind()
        for name, value in values.items():
            setattr(instance, name, value)
        return instance

    return st.fixed_dictionaries(fields).map(fill)


ABSTRACT = made(pdu_items.AbstractSyntaxSubItem, abstract_syntax_name=UIDS)
TRANSFER = made(pdu_items.TransferSyntaxSubItem, transfer_syntax_name=UIDS)
PROPOSED = made(
    pdu_items.PresentationContextItemRQ,
    presentation_context_id=BYTE,
    abstract_transfer_syntax_sub_items=st.builds(
        lambda first, rest: [first, *rest], ABSTRACT, st.lists(TRANSFER, max_size=4)
    ),
)
RESULT = made(
    pdu_items.PresentationContextItemAC,
    presentation_context_id=BYTE,
    result_reason=BYTE,
    transfer_syntax_sub_item=st.lists(TRANSFER, min_size=1, max_size=1),
)
APPLICATION_CONTEXT = made(pdu_items.ApplicationContextItem, application_context_name=UIDS)
SUB_ITEMS: dict[type, st.SearchStrategy[Any]] = {
    pdu_items.MaximumLengthSubItem: made(pdu_items.MaximumLengthSubItem, maximum_length_received=LONG),
    pdu_items.ImplementationClassUIDSubItem: made(
        pdu_items.ImplementationClassUIDSubItem, implementation_class_uid=UIDS
    ),
    pdu_items.ImplementationVersionNameSubItem: made(
        pdu_items.ImplementationVersionNameSubItem, implementation_version_name=NAMES
    ),
    pdu_items.AsynchronousOperationsWindowSubItem: made(
        pdu_items.AsynchronousOperationsWindowSubItem,
        maximum_number_operations_invoked=SHORT,
        maximum_number_operations_performed=SHORT,
    ),
    pdu_items.SCP_SCU_RoleSelectionSubItem: made(
        pdu_items.SCP_SCU_RoleSelectionSubItem,
        sop_class_uid=UIDS,
        scu_role=st.integers(0, 1),
        scp_role=st.integers(0, 1),
    ),
    pdu_items.SOPClassExtendedNegotiationSubItem: made(
        pdu_items.SOPClassExtendedNegotiationSubItem,
        sop_class_uid=UIDS | st.sampled_from(["1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.2.2.1"]),
        service_class_application_information=OCTETS,
    ),
    pdu_items.SOPClassCommonExtendedNegotiationSubItem: made(
        pdu_items.SOPClassCommonExtendedNegotiationSubItem,
        sub_item_version=BYTE,
        sop_class_uid=UIDS,
        service_class_uid=UIDS,
        related_general_sop_class_identification=st.lists(UIDS, max_size=4),
    ),
    pdu_items.UserIdentitySubItemRQ: made(
        pdu_items.UserIdentitySubItemRQ,
        user_identity_type=BYTE,
        positive_response_requested=BYTE,
        primary_field=OCTETS,
        secondary_field=OCTETS,
    ),
    pdu_items.UserIdentitySubItemAC: made(pdu_items.UserIdentitySubItemAC, server_response=OCTETS),
}
USER_INFORMATION = made(
    pdu_items.UserInformationItem,
    user_data=st.lists(st.one_of(*SUB_ITEMS.values()), max_size=6, unique_by=type),
)
FRAGMENTS = made(
    pdu_items.PresentationDataValueItem,
    presentation_context_id=BYTE,
    presentation_data_value=st.binary(min_size=1, max_size=60),
)

ITEMS: dict[type, st.SearchStrategy[Any]] = {
    pdu_items.ApplicationContextItem: APPLICATION_CONTEXT,
    pdu_items.PresentationContextItemRQ: PROPOSED,
    pdu_items.PresentationContextItemAC: RESULT,
    pdu_items.UserInformationItem: USER_INFORMATION,
    pdu_items.AbstractSyntaxSubItem: ABSTRACT,
    pdu_items.TransferSyntaxSubItem: TRANSFER,
    pdu_items.PresentationDataValueItem: FRAGMENTS,
    **SUB_ITEMS,
}
PDUS: dict[type, st.SearchStrategy[Any]] = {
    pdu.A_ASSOCIATE_RQ: made(
        pdu.A_ASSOCIATE_RQ,
        protocol_version=SHORT,
        called_ae_title=NAMES,
        calling_ae_title=NAMES,
        variable_items=st.builds(
            lambda name, contexts, user: [name, *contexts, user],
            APPLICATION_CONTEXT,
            st.lists(PROPOSED, max_size=4),
            USER_INFORMATION,
        ),
    ),
    pdu.A_ASSOCIATE_AC: made(
        pdu.A_ASSOCIATE_AC,
        protocol_version=SHORT,
        reserved_aet=NAMES,
        reserved_aec=NAMES,
        variable_items=st.builds(
            lambda name, contexts, user: [name, *contexts, user],
            APPLICATION_CONTEXT,
            st.lists(RESULT, max_size=4),
            USER_INFORMATION,
        ),
    ),
    pdu.A_ASSOCIATE_RJ: made(pdu.A_ASSOCIATE_RJ, result=BYTE, source=BYTE, reason_diagnostic=BYTE),
    pdu.P_DATA_TF: made(pdu.P_DATA_TF, presentation_data_value_items=st.lists(FRAGMENTS, min_size=1, max_size=5)),
    pdu.A_RELEASE_RQ: made(pdu.A_RELEASE_RQ),
    pdu.A_RELEASE_RP: made(pdu.A_RELEASE_RP),
    pdu.A_ABORT_RQ: made(pdu.A_ABORT_RQ, source=BYTE, reason_diagnostic=BYTE),
}


def test_every_class_of_pynetdicom_is_handled():
    assert set(subclasses(pdu_items.PDUItem)) == set(ITEMS)
    assert set(subclasses(pdu.PDU)) == set(PDUS)


# What this program makes of an item: the item's own fields, in order, and the decoded value


class Found(NamedTuple):
    """An item as decoded: its fields by name (the first of each), and the value it became."""

    fields: dict[str, Field]
    value: Any
    body: bytes

    def number(self, name: str) -> int:
        """A field's number; what it means may stand behind it."""
        return int(self.fields[name].value.split()[0])

    def octets(self, name: str) -> bytes:
        """A field's bytes; none where it is empty."""
        field = self.fields[name]
        return self.body[field.start : field.end]


def put(item: Any) -> tuple[int, bytes, int]:
    """Put an item where it belongs: the PDU's type, its body, and where the item begins."""
    kind = 2 if isinstance(item, pdu_items.PresentationContextItemAC | pdu_items.UserIdentitySubItemAC) else 1
    outer, before = item, TITLES
    if isinstance(item, pdu_items.AbstractSyntaxSubItem | pdu_items.TransferSyntaxSubItem):
        outer, before = pdu_items.PresentationContextItemRQ(), TITLES + 8
        outer.presentation_context_id, outer.abstract_transfer_syntax_sub_items = 1, [item]
    elif type(item) in SUB_ITEMS:
        outer, before = pdu_items.UserInformationItem(), TITLES + 4
        outer.user_data = [item]
    return kind, bytes(TITLES) + outer.encode(), before


def find(item: Any) -> Found:
    kind, body, start = put(item)
    decoded = decode_control_pdu(kind, body, SPAN)
    assert not decoded.problem
    fields: dict[str, Field] = {}
    for field in list_fields(kind, body):
        if field.start >= start:
            fields.setdefault(field.name, field)
    return Found(fields, decoded, body)


def user(name: str) -> Callable[[Found], Any]:
    return lambda found: getattr(found.value.user_information, name)


def part(name: str, attribute: str) -> Callable[[Found], Any]:
    """An attribute of the (only) value of a sub-item."""

    def get(found: Found) -> Any:
        value = getattr(found.value.user_information, name)
        return getattr(value[0] if isinstance(value, tuple) else value, attribute)

    return get


def number(name: str) -> Callable[[Found], int]:
    return lambda found: found.number(name)


def context(name: str) -> Callable[[Found], Any]:
    return lambda found: getattr(found.value.contexts[0], name)


HEADER = {"item_type": number("Item-type"), "item_length": number("Item-length")}
SOP_CLASS_LENGTH = {"sop_class_uid_length": number("SOP-class-uid-length")}
GETTERS: dict[type, dict[str, Callable[[Found], Any]]] = {
    pdu_items.ApplicationContextItem: {
        **HEADER,
        "application_context_name": lambda found: found.value.application_context_name,
    },
    pdu_items.PresentationContextItemRQ: {
        **HEADER,
        "presentation_context_id": context("id"),
        "abstract_transfer_syntax_sub_items": lambda found: [
            found.value.contexts[0].abstract_syntax,
            *found.value.contexts[0].transfer_syntaxes,
        ],
    },
    pdu_items.PresentationContextItemAC: {
        **HEADER,
        "presentation_context_id": context("id"),
        "result_reason": context("result"),
        "transfer_syntax_sub_item": lambda found: [found.value.contexts[0].transfer_syntax],
    },
    pdu_items.UserInformationItem: {**HEADER, "user_data": lambda found: count(found.value.user_information)},
    pdu_items.AbstractSyntaxSubItem: {**HEADER, "abstract_syntax_name": context("abstract_syntax")},
    pdu_items.TransferSyntaxSubItem: {
        **HEADER,
        "transfer_syntax_name": lambda found: found.value.contexts[0].transfer_syntaxes[0],
    },
    pdu_items.MaximumLengthSubItem: {**HEADER, "maximum_length_received": user("max_pdu_length")},
    pdu_items.ImplementationClassUIDSubItem: {**HEADER, "implementation_class_uid": user("implementation_class_uid")},
    pdu_items.ImplementationVersionNameSubItem: {
        **HEADER,
        "implementation_version_name": user("implementation_version_name"),
    },
    pdu_items.AsynchronousOperationsWindowSubItem: {
        **HEADER,
        "maximum_number_operations_invoked": part("asynchronous_operations_window", "invoked"),
        "maximum_number_operations_performed": part("asynchronous_operations_window", "performed"),
    },
    pdu_items.SCP_SCU_RoleSelectionSubItem: {
        **HEADER,
        "uid_length": number("UID-length"),
        "sop_class_uid": part("roles", "sop_class_uid"),
        "scu_role": part("roles", "scu"),
        "scp_role": part("roles", "scp"),
    },
    pdu_items.SOPClassExtendedNegotiationSubItem: {
        **HEADER,
        **SOP_CLASS_LENGTH,
        "sop_class_uid": part("extended", "sop_class_uid"),
        "service_class_application_information": part("extended", "information"),
    },
    pdu_items.SOPClassCommonExtendedNegotiationSubItem: {
        **HEADER,
        **SOP_CLASS_LENGTH,
        "sub_item_version": lambda found: found.octets("Sub-item-version")[0],
        "sop_class_uid": part("common_extended", "sop_class_uid"),
        "service_class_uid_length": number("Service-class-uid-length"),
        "service_class_uid": part("common_extended", "service_class_uid"),
        "related_general_sop_class_identification_length": number("Related-general-sop-class-identification-length"),
        "related_general_sop_class_identification": part("common_extended", "related_general_sop_class_uids"),
    },
    pdu_items.UserIdentitySubItemRQ: {
        **HEADER,
        "user_identity_type": part("identity", "type"),
        "positive_response_requested": part("identity", "positive_response_requested"),
        "primary_field_length": number("Primary-field-length"),
        "primary_field": part("identity", "primary_field"),
        "secondary_field_length": number("Secondary-field-length"),
        "secondary_field": part("identity", "secondary_field"),
    },
    pdu_items.UserIdentitySubItemAC: {
        **HEADER,
        "server_response_length": number("Server-response-length"),
        "server_response": part("identity_response", "server_response"),
    },
}


def count(information: Any) -> int:
    """How many sub-items a decoded user information item holds."""
    values = [getattr(information, name) for name in information.__slots__]
    return sum(len(value) if isinstance(value, tuple) else value is not None for value in values)


def plain(name: str, value: Any) -> Any:
    """What pynetdicom was given, without its classes."""
    if name == "user_data":
        return len(value)
    if name == "related_general_sop_class_identification":
        return tuple(str(uid) for uid in value)
    if isinstance(value, list):
        names = ("abstract_syntax_name", "transfer_syntax_name")
        return [str(getattr(each, name)) for each in value for name in names if hasattr(each, name)]
    return str(value) if isinstance(value, str) else value


def encoded_fields(instance: Any) -> list[str]:
    """The names of the fields that pynetdicom encodes, in order; the reserved ones have none."""
    return [name for name, *_ in instance._encoders if name]


def compare(instance: Any, found: Found) -> None:
    getters = GETTERS[type(instance)]
    names = encoded_fields(instance)
    assert set(names) == set(getters), "pynetdicom encodes other fields than are compared here"
    assert {name: getters[name](found) for name in names} == {
        name: plain(name, getattr(instance, name)) for name in names
    }


@pytest.mark.parametrize("kind", [kind for kind in ITEMS if kind in GETTERS], ids=lambda kind: kind.__name__)
def test_every_field_of_an_item_decodes_to_the_value_it_was_encoded_from(kind):
    @given(ITEMS[kind])
    @settings(max_examples=examples(60))
    def check(item: Any) -> None:
        compare(item, find(item))

    check()


def test_every_item_class_is_compared_field_by_field():
    """Fragments are compared with their P-DATA-TF."""
    assert set(GETTERS) | {pdu_items.PresentationDataValueItem} == set(ITEMS)


# PDUs, through the stage that frames them


def pieces_of(data: bytes) -> list[Any]:
    """What the PDU stage makes of a PDU's bytes that stand behind another one, in a stream known to be DICOM."""
    head = bytes.fromhex("06 00 00 00 00 04 00 00 00 00")
    return decode([head, data], collect=True)[1:]


def associate(found: Any, titles: tuple[str, str]) -> dict[str, Any]:
    return {
        "protocol_version": found.protocol_version,
        titles[0]: found.called_ae_title,
        titles[1]: found.calling_ae_title,
        "variable_items": (found.application_context_name, len(found.contexts), count(found.user_information)),
    }


PDU_VALUES: dict[type, Callable[[Any], dict[str, Any]]] = {
    pdu.A_ASSOCIATE_RQ: lambda found: associate(found, ("called_ae_title", "calling_ae_title")),
    pdu.A_ASSOCIATE_AC: lambda found: associate(found, ("reserved_aet", "reserved_aec")),
    pdu.A_ASSOCIATE_RJ: lambda found: {
        "result": found.result,
        "source": found.source,
        "reason_diagnostic": found.reason,
    },
    pdu.A_RELEASE_RQ: lambda _: {},
    pdu.A_RELEASE_RP: lambda _: {},
    pdu.A_ABORT_RQ: lambda found: {"source": found.source, "reason_diagnostic": found.reason},
}


@pytest.mark.parametrize("kind", PDU_VALUES, ids=lambda kind: kind.__name__)
def test_every_field_of_a_pdu_decodes_to_the_value_it_was_encoded_from(kind):
    @given(PDUS[kind])
    @settings(max_examples=examples(60))
    def check(instance: Any) -> None:
        (found,) = pieces_of(instance.encode())
        values = {"pdu_type": found.name, "pdu_length": found.length, **PDU_VALUES[kind](found)}
        names = encoded_fields(instance)
        assert set(names) == set(values), "pynetdicom encodes other fields than are compared here"
        expected = {name: getattr(instance, name) for name in names}
        expected["pdu_type"] = PDU_TYPES[instance.pdu_type]
        if "variable_items" in names:
            name, *contexts, user_information = instance.variable_items
            expected["variable_items"] = (name.application_context_name, len(contexts), len(user_information.user_data))
        assert values == {
            name: value.strip() if isinstance(value, str) and name != "pdu_type" else value
            for name, value in expected.items()
        }
        assert not found.problem

    check()


@given(PDUS[pdu.P_DATA_TF])
@settings(max_examples=examples(100))
def test_every_fragment_of_a_p_data_tf_decodes_to_the_value_it_was_encoded_from(instance):
    found = pieces_of(instance.encode())
    assert encoded_fields(instance) == ["pdu_type", "pdu_length", "presentation_data_value_items"]
    fragments: list[list[Any]] = []
    data = b""
    for event in found:
        if isinstance(event, PdvBytes):
            data += event.data
        else:
            assert isinstance(event, Pdv)
            # A command's bytes come with the PDV, a data set's before it.
            value = bytes([event.header]) + (event.data if event.is_command else data)
            fragments.append([event.length + 2, event.context_id, value])
            data = b""
            assert (instance.pdu_type, event.pdu_length) == (4, instance.pdu_length)
    for item in instance.presentation_data_value_items:
        assert encoded_fields(item) == ["item_length", "presentation_context_id", "presentation_data_value"]
    assert fragments == [
        [item.item_length, item.presentation_context_id, item.presentation_data_value]
        for item in instance.presentation_data_value_items
    ]
