"""The way into the program, of `dicomsniff` and `python -m dicomsniff`: what must hold before anything is imported."""

import gc
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
    from dicomsniff.garbage import look_seldom
    from dicomsniff.output import prepare_standard_streams

    prepare_standard_streams()
    look_seldom()
    # What is imported stays: looking through it takes a tenth of the time to start.
    gc.disable()
    from dicomsniff.commands.running import run

    gc.freeze()
    gc.enable()
    status = run(sys.argv[1:])
    interruption.ignore()
    # Nor is there anything to be found in what goes with the process: that takes a tenth of the time to start, too.
    gc.freeze()
    if sys.stdin is not sys.__stdin__:
        # The terminal UI read what comes through a pipe, and may still wait for it: so would the interpreter, or abort.
        with suppress(OSError, ValueError):
            sys.stdout.flush()
        os._exit(status)
    sys.exit(status)


if __name__ == "__main__":
    main()
