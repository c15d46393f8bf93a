"""What the terminal UI loads, without what it has no use for."""

import sys
from importlib import import_module


def load_asyncio() -> None:
    """Load asyncio without TLS, of which OpenSSL takes 4 MB of memory; who asks for `ssl` later gets it all the same.

    asyncio goes without a module that cannot be imported. Where either is there already, nothing is saved or changed.
    """
    if "asyncio" in sys.modules or "ssl" in sys.modules:
        return
    sys.modules["ssl"] = None  # type: ignore[assignment]
    try:
        import_module("asyncio")
    finally:
        del sys.modules["ssl"]
