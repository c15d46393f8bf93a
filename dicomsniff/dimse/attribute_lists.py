"""Attributes that a command set lists by tag, in words (PS3.7 Annex C, §E.1)."""

from dicomsniff.dictionary.attributes import find_attribute_name
from dicomsniff.dimse.command import Command, attribute_tags, tag_text
from dicomsniff.quantities import some_of

ATTRIBUTE_IDENTIFIER_LIST, OFFENDING_ELEMENT = 0x00001005, 0x00000901


def listed_attributes(command: Command, tag: int, most: int) -> str:
    """Name the attributes of a list by tag and name: `(0010,0020) Patient ID`; empty where there is no list.

    Beyond `most` they are counted.
    """
    tags = attribute_tags(command.value(tag))
    return some_of(tags, most, lambda each: f"{tag_text(each)} {find_attribute_name(each)}".rstrip())
