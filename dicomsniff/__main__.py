"""The way into the program, of `dicomsniff` and `python -m dicomsniff`: what must hold before anything is imported."""

import atexit
import os
import sys
from contextlib import suppress


def main() -> None:
    """Run the program, interrupted at any moment or not; end with its exit status."""
    try:
        from dicomsniff import interruption

        interruption.guard()
    except KeyboardInterrupt:
        os._exit(130)
    from dicomsniff.lean import load_without

    load_without("msgspec", "typing_extensions")  # `typing` has what it asks that for; starting takes a 15th less
    from dicomsniff.garbage import look_seldom
    from dicomsniff.output import prepare_standard_streams

    prepare_standard_streams()
    look_seldom()
    from dicomsniff.commands.running import run

    status = run(sys.argv[1:])
    interruption.ignore()
    # The terminal UI may still wait for what comes through a pipe: so would the interpreter, or abort.
    if sys.stdin is sys.__stdin__:
        if "threading" in sys.modules:
            sys.exit(status)
        atexit._run_exitfuncs()
    # All goes with the process: taking it apart before that takes a thirtieth of the time to start.
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


if __name__ == "__main__":
    main()
