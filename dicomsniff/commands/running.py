"""The way into the commands, and every way out of them, with its exit status."""

import os
import sys
from collections.abc import Callable
from functools import partial

from dicomsniff.capture.packets import CaptureError
from dicomsniff.commands.writing import ExitStatus, write_captures
from dicomsniff.output import OutputError, say_error

VARIABLE = "_DICOMSNIFF_COMPLETE"
"""What is set in the environment where a shell asks what a command line could go on with."""


def run(args: list[str]) -> int:
    """Run the program with these arguments; return its exit status."""
    captures = _captures_shown(args)
    if captures:
        return ended(partial(_show, captures))
    from dicomsniff.commands import cli

    return cli.run(args)


def _captures_shown(args: list[str]) -> tuple[str, ...]:
    """Return the captures of `show CAPTURE...`, nothing of any other call.

    Without an option there is nothing to parse, and it starts in four fifths of the time without what could.
    """
    if args[:1] != ["show"] or any(each.startswith("-") for each in args) or VARIABLE in os.environ:
        return ()
    return tuple(args[1:])


def _show(captures: tuple[str, ...]) -> int:
    from dicomsniff.key_files import KeyFiles

    write_captures("show", "text", captures, keys=KeyFiles(), color="auto", pager=True)
    return ExitStatus.DONE


def ended(call: Callable[[], int]) -> int:
    """Return the exit status that a call returns, or that stands for what it raises, which is said in a line."""
    status = int(ExitStatus.DONE)
    try:
        status = call()
        sys.stdout.flush()
    except BrokenPipeError:
        pass  # The reader of our output has gone, as in `| head`: nothing more to say.
    except KeyboardInterrupt:
        status = ExitStatus.INTERRUPTED
    except OutputError as error:
        say_error(str(error))
        status = ExitStatus.WRONG_CALL
    except CaptureError as error:
        say_error(str(error))
        status = ExitStatus.WRONG_CALL if error.wrong_call else ExitStatus.UNREADABLE
    except OSError as error:
        import tempfile  # which takes as long to import as all that reads TCP

        say_error(f"{error.filename or f'a temporary file in {tempfile.gettempdir()}'}: {error.strerror or error}")
        status = ExitStatus.UNREADABLE
    except Exception as error:  # a defect must not pass for a finding, which is what status 1 says
        if sys.flags.dev_mode:
            raise
        import traceback

        place = traceback.extract_tb(error.__traceback__)[-1]
        said = f"{type(error).__name__}: {error} (line {place.lineno} of {place.filename})"
        say_error(f"internal error, please report: {said}")
        status = ExitStatus.UNREADABLE
    return status
