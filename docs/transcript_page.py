"""The page about the transcript, made from its JSON Schema: one table for each kind of object."""

import json
from collections.abc import Iterator
from typing import Any

from dicomsniff.export.schemas import schema_text
from dicomsniff.export.transcript import SCHEMA

_HEAD = """\
# The transcript

<!-- Made by docs/make.py from the JSON Schema. -->

`dicomsniff export CAPTURE --format json` writes it, `dicomsniff schema` prints the JSON Schema that this page is made
from. `--format jsonl` writes the same objects as lines.

Same capture, same options, same bytes out. Times are ISO 8601 in UTC, durations are seconds, lengths are bytes. Values
that may identify a patient are withheld unless `--keep-phi` is given: see [Share it](share.md).
"""
Schema = dict[str, Any]


def transcript_lines() -> Iterator[str]:
    """Yield the page's lines."""
    schema = json.loads(schema_text())
    yield from _HEAD.splitlines()
    yield from ("", schema["description"])
    yield from _object(SCHEMA, "", schema)
    for name, shared in schema["$defs"].items():
        yield from _object(name, "", shared)


def _object(title: str, path: str, schema: Schema) -> Iterator[str]:
    """Yield an object's table, then those of the objects in it that have a shape of their own."""
    members = schema.get("properties", {})
    if path and not members:
        return
    yield from ("", f"## {title}")
    if title != SCHEMA and schema.get("description"):
        yield from ("", schema["description"])
    if isinstance(schema.get("additionalProperties"), dict):
        yield from ("", f"Any key; each holds {_kind(schema['additionalProperties'])}.")
    if members:
        yield from ("", "| key | what it holds | what it says |", "| --- | --- | --- |")
    for key, each in members.items():
        yield f"| `{key}` | {_kind(each)} | {each.get('description', '').replace('|', chr(92) + '|')} |"
    for key, each in members.items():
        inner = f"{path}.{key}" if path else key
        held = each.get("items", each)
        yield from _object(f"`{inner}`", inner + ("[]" if "items" in each else ""), held)


def _kind(schema: Schema) -> str:
    """Say what a value is."""
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return ", ".join(f"`{each}`" for each in schema["enum"])
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name})"
    if "anyOf" in schema or "oneOf" in schema:
        return " or ".join(_kind(each) for each in schema.get("anyOf", schema.get("oneOf", [])))
    kinds = schema.get("type", "any")
    said = " or ".join([kinds] if isinstance(kinds, str) else kinds)
    return f"{said} of {_kind(schema['items'])}" if "items" in schema else said
