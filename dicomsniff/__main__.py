"""The way into the program, of `dicomsniff` and `python -m dicomsniff`: what must hold before anything is imported."""

import gc
import os
import sys


def main() -> None:
    """Run the program, interrupted at any moment or not; end with its exit status."""
    try:
        from dicomsniff import interruption

        interruption.guard()
    except KeyboardInterrupt:
        os._exit(130)
    from dicomsniff.output import prepare_standard_streams

    prepare_standard_streams()
    # What a capture makes is nearly all kept, and rarely cyclic: looking for garbage at the usual rate costs a third.
    gc.set_threshold(100_000, 10, 10)
    # What is imported stays: looking through it takes a tenth of the time to start.
    gc.disable()
    from dicomsniff.commands.cli import run

    gc.freeze()
    gc.enable()
    status = run(sys.argv[1:])
    interruption.ignore()
    # Nor is there anything to be found in what goes with the process: that takes a tenth of the time to start, too.
    gc.freeze()
    sys.exit(status)


if __name__ == "__main__":
    main()
