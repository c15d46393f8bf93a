"""PS3.6 as pydicom ships it, read from its tables alone.

To import a module of pydicom is to import all of it, pixel decoders, downloads and HTTP included: two thirds of the
time that a small capture takes. So the two files that hold nothing but tables are executed on their own.
"""

from functools import cache
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

Attribute = tuple[str, str, str, str, str]
"""(VR, VM, name, "Retired" or nothing, keyword)."""
RegisteredUid = tuple[str, str, str, str, str]
"""(name, type, further information, "Retired" or nothing, keyword)."""


@cache
def attributes() -> dict[int, Attribute]:
    """Return the data elements of PS3.6 by tag (0xGGGGEEEE); those with a group or element of `xx` are not in it."""
    table: dict[int, Attribute] = _execute("_dicom_dict").DicomDictionary
    return table


@cache
def uids() -> dict[str, RegisteredUid]:
    """Return the registered UIDs (PS3.6 Annex A)."""
    table: dict[str, RegisteredUid] = _execute("_uid_dict").UID_dictionary
    return table


def _execute(name: str) -> Any:
    package = find_spec("pydicom")
    assert package is not None
    assert package.submodule_search_locations is not None
    spec = spec_from_file_location(f"pydicom.{name}", Path(package.submodule_search_locations[0], f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
