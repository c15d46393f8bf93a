"""How a command ends: the exit statuses there are, and which one stands for what was raised."""

import sys
from collections.abc import Callable
from enum import IntEnum

from dicomsniff.capture.packets import CaptureError
from dicomsniff.interruption import INTERRUPTED
from dicomsniff.output import OutputError, say_error


class ExitStatus(IntEnum):
    """What the program's exit status says."""

    DONE = 0
    FOUND = 1
    WRONG_CALL = 2
    UNREADABLE = 3
    INTERRUPTED = INTERRUPTED


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
