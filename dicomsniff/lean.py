"""Modules are loaded without others that they ask for, and that this program has no use for."""

import sys
from importlib import import_module


def load_without(module: str, lacking: str) -> None:
    """Load a module as if another one could not be imported, which it goes without; who asks for that later gets it.

    Where either is there already, nothing is saved or changed.
    """
    if module in sys.modules or lacking in sys.modules:
        return
    sys.modules[lacking] = None  # type: ignore[assignment]
    try:
        import_module(module)
    finally:
        del sys.modules[lacking]
