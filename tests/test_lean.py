"""What is loaded, without what there is no use for."""

import subprocess
import sys
from importlib import import_module

from dicomsniff.lean import load_without

PROBE = """
import sys
from dicomsniff.lean import load_without
load_without("asyncio", "ssl")
import asyncio
assert "ssl" not in sys.modules
asyncio.run(asyncio.sleep(0))
import ssl
assert ssl.OPENSSL_VERSION
load_without("asyncio", "ssl")
assert sys.modules["ssl"] is ssl
"""


def test_asyncio_comes_without_openssl_which_others_may_load_all_the_same() -> None:
    subprocess.run([sys.executable, "-c", PROBE], check=True, timeout=60)


def test_what_a_module_goes_without_is_there_for_everybody_else(tmp_path, monkeypatch) -> None:
    (tmp_path / "wanting.py").write_text(
        "try:\n    import typing_extensions\n    FOUND = True\nexcept ImportError:\n    FOUND = False\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "typing_extensions", raising=False)
    load_without("wanting", "typing_extensions")
    assert not sys.modules.pop("wanting").FOUND
    assert "typing_extensions" not in sys.modules
    assert import_module("typing_extensions").Required
