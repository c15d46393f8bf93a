"""What the terminal UI loads, without what it has no use for."""

import subprocess
import sys

PROBE = """
import sys
from dicomsniff.tui.lean import load_asyncio
load_asyncio()
import asyncio
assert "ssl" not in sys.modules
asyncio.run(asyncio.sleep(0))
import ssl
assert ssl.OPENSSL_VERSION
load_asyncio()
assert sys.modules["ssl"] is ssl
"""


def test_asyncio_comes_without_openssl_which_others_may_load_all_the_same() -> None:
    subprocess.run([sys.executable, "-c", PROBE], check=True, timeout=60)
