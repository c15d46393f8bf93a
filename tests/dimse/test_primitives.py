"""Messages written by pynetdicom: every primitive it has, every attribute filled, in fragments of any size."""

import inspect
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.datadict import dictionary_VR, keyword_dict
from pydicom.tag import Tag
from pynetdicom import dimse_messages, dimse_primitives
from pynetdicom.dimse_messages import _COMMAND_SET_KEYWORDS, _DATASET_KEYWORDS, _MESSAGE_TYPES, DIMSEMessage
from pynetdicom.pdu import P_DATA_TF
from pynetdicom.pdu_primitives import P_DATA

import build
from dicomsniff.dictionary.commands import COMMAND_ELEMENTS, COMMAND_FIELDS
from dicomsniff.dimse.assembler import Assembler
from dicomsniff.dimse.collection import Collection
from dicomsniff.dimse.message import Message
from dicomsniff.side import Side
from examples import examples
from pipeline import decode, split
from unmarked import command_json

PRIMITIVES = {
    name: each
    for name, each in inspect.getmembers(dimse_primitives, inspect.isclass)
    if each.__module__ == dimse_primitives.__name__ and each is not dimse_primitives.DIMSEPrimitive
}
MESSAGES = {
    name: each
    for name, each in inspect.getmembers(dimse_messages, inspect.isclass)
    if issubclass(each, DIMSEMessage) and each is not DIMSEMessage
}
DERIVED = {"CommandGroupLength", "CommandField", "CommandDataSetType"}
"""What pynetdicom writes without being told."""
DATA_SETS = set(_DATASET_KEYWORDS.values())
BOOKKEEPING = {"is_valid_request", "is_valid_response", "msg_type"}


def attributes(primitive: type) -> set[str]:
    """The names that can be set on a primitive."""
    names = {name for name, _ in inspect.getmembers(primitive, lambda each: isinstance(each, property))}
    return {name for name in names | set(vars(primitive())) if not name.startswith("_")} - BOOKKEEPING


def uid() -> st.SearchStrategy[str]:
    parts = st.lists(st.integers(0, 99999), min_size=1, max_size=9)
    return parts.map(lambda numbers: ".".join(["1.2", *map(str, numbers)]))


def text(longest: int) -> st.SearchStrategy[str]:
    """Printable and unpadded (PS3.5 §6.2), without the delimiter of values."""
    characters = st.characters(min_codepoint=0x20, max_codepoint=0x7E, exclude_characters="\\")
    return st.text(characters, min_size=1, max_size=longest).map(str.strip).filter(bool)


def tags() -> st.SearchStrategy[list[Any]]:
    return st.lists(st.integers(0, 0xFFFFFFFF).map(Tag), min_size=1, max_size=6)


BY_VR = {"UI": uid(), "AE": text(16), "LO": text(64), "AT": tags(), "US": st.integers(0, 0xFFFF)}
"""Values by VR of the command element that an attribute becomes."""


def values(keyword: str) -> st.SearchStrategy[Any]:
    """Valid values of an attribute of a primitive."""
    if keyword in DATA_SETS:
        return st.binary(min_size=1, max_size=300).map(BytesIO)
    if keyword == "Priority":
        return st.integers(0, 2)
    return BY_VR[dictionary_VR(keyword)]


@st.composite
def written(draw: st.DrawFn, name: str) -> tuple[DIMSEMessage, bytes, int]:
    """A message of a class with drawn values: (message, its P-DATA-TFs, how many PDVs)."""
    primitive = PRIMITIVES[name.removesuffix("_RQ").removesuffix("_RSP")]()
    for keyword in sorted(attributes(type(primitive))):
        needed = keyword in ("MessageID", "MessageIDBeingRespondedTo", "Status", "Priority")
        if needed or draw(st.booleans()):
            setattr(primitive, keyword, draw(values(keyword)))
    message = MESSAGES[name]()
    message.primitive_to_message(primitive)
    limit = draw(st.just(0) | st.integers(7, 60) | st.just(16384))
    pdvs = [pdv for each in message.encode_msg(5, limit) for pdv in each.presentation_data_value_list]
    stream, at = b"", 0
    while at < len(pdvs):
        together = draw(st.integers(1, 4))
        packed = P_DATA()
        packed.presentation_data_value_list = [list(pdv) for pdv in pdvs[at : at + together]]
        pdu = P_DATA_TF()
        pdu.from_primitive(packed)
        stream += pdu.encode()
        at += together
    return message, stream, len(pdvs)


def read(stream: bytes, cuts: list[int]) -> Message:
    """The message that a stream of P-DATA-TFs, cut anywhere, holds. An A-RELEASE-RQ before it has it recognized."""
    assembler = Assembler(None, side=Side.REQUESTOR, collection=Collection())
    events = decode([build.release_rq(), *split(stream, cuts)], collect=True)[1:]
    (message,) = [found for event in events for found in assembler.feed(event)]
    return message


@pytest.mark.parametrize("name", MESSAGES)
@settings(max_examples=examples(40))
@given(data=st.data(), cuts=st.lists(st.integers(0, 2000), max_size=5))
def test_a_message_decodes_to_the_values_it_was_made_from(name, data, cuts):
    sent, stream, pdvs = data.draw(written(name))
    message = read(stream, cuts)
    command = message.command
    assert message.name == name.replace("_", "-")
    assert message.context_id == 5
    assert (message.complete, command.problem) == (True, "")
    assert command.group_length == len(command.raw) - 12
    wanted = {int(element.tag): element.value for element in sent.command_set}
    assert set(command.elements) == set(wanted)
    said = command_json(command)
    for tag, value in wanted.items():
        model = said[f"{tag:08X}"]
        assert model["vr"] == dictionary_VR(tag)
        if value is None or value == "":
            assert (command.elements[tag], "Value" in model) == (b"", False)
        elif isinstance(value, int) and COMMAND_ELEMENTS[tag].vr != "AT":
            assert command.uint(tag) == value
            assert model["Value"] == [value]
        elif isinstance(value, str):
            assert command.text(tag) == value
            assert model["Value"] == [value]
        else:
            each = [int(one) for one in (value if not isinstance(value, int) else [value])]
            assert model["Value"] == [f"{one:08X}" for one in each]
            assert command.value_text(tag) == "\\".join(f"({one >> 16:04X},{one & 0xFFFF:04X})" for one in each)
    content = sent.data_set.getvalue() if sent.data_set is not None else b""
    assert (message.data_set is not None) == command.announces_data_set == bool(content)
    fragments = message.command_fragments
    if message.data_set is not None:
        fragments += message.data_set.fragments
        assert message.data_set.content is not None
        with message.data_set.content as kept:
            kept.seek(0)
            assert kept.read() == content
    assert fragments == pdvs


def test_every_primitive_has_its_messages_and_every_message_its_primitive():
    """C-CANCEL has no response (PS3.7 §9.3.2.3)."""
    expected = {f"{name}_{kind}" for name in PRIMITIVES for kind in ("RQ", "RSP")} - {"C_CANCEL_RSP"}
    assert set(MESSAGES) == expected
    assert len(PRIMITIVES) == 12


def test_every_message_of_pynetdicoms_has_its_command_field():
    assert {field: name for field, (name, _) in _MESSAGE_TYPES.items()} == COMMAND_FIELDS


@pytest.mark.parametrize("name", PRIMITIVES)
def test_every_attribute_of_a_primitive_can_be_drawn(name):
    """An attribute that pynetdicom gains fails here until it is a command element or a data set."""
    for keyword in attributes(PRIMITIVES[name]):
        assert keyword in DATA_SETS or keyword_dict[keyword] in COMMAND_ELEMENTS, keyword
        values(keyword)


@pytest.mark.parametrize("name", _COMMAND_SET_KEYWORDS)
def test_every_element_of_a_message_is_known_and_can_be_drawn(name):
    primitive = PRIMITIVES[name.replace("-", "_").removesuffix("_RQ").removesuffix("_RSP")]
    for keyword in set(_COMMAND_SET_KEYWORDS[name]) - DERIVED:
        assert COMMAND_ELEMENTS[keyword_dict[keyword]].keyword == keyword
        assert keyword in attributes(primitive)
