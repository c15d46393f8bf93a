"""Where results and error lines go: the standard streams, and files that appear whole or not at all.

What comes of a capture may hold patients' data, so a new file is readable by its owner only. Files are named by the
user alone; nothing that was sent in a capture names one.
"""

import errno
import io
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO, Any

from dicomsniff.interruption import UNFINISHED, remove
from dicomsniff.printable import PrintableStream, printable

PRIVATE = 0o600
"""Permissions of a new file."""
_STANDARD_OUTPUT = "-"
_BUFFER = 1 << 16
"""Bytes written at a time."""
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_DESCRIPTORS = "/proc/self/fd"
"""Where Linux has what is open, by number."""
_ONE_WAY = (stat.S_IFREG, stat.S_IFIFO, stat.S_IFBLK)
"""Kinds of file that are either read or written; a terminal or a socket may be both at once."""


class OutputError(Exception):
    """What the user asked to write cannot be written; the message says why and what to do."""


class Sink(io.FileIO):
    """A file that names itself in its errors. It fails once: what is still buffered then is let go without a word."""

    def __init__(self, descriptor: int, shown: str, mode: str = "w", *, closefd: bool = True) -> None:
        super().__init__(descriptor, mode, closefd=closefd)
        self._shown = shown
        self._failed = False

    def write(self, data: Any, /) -> int:
        """Write bytes; return how many."""
        if self._failed:
            return memoryview(data).nbytes
        try:
            return super().write(data)
        except OSError as error:
            self._failed = True
            why = "it is closed" if error.errno == errno.EBADF else error.strerror
            raise OSError(error.errno, why, self._shown) from None


def prepare_standard_streams() -> None:
    """Make output and error usable: in UTF-8, and open, whichever of them whoever started the program has closed.

    A closed one is opened on nothing before any file can get its number: error lines would end in that file. Input and
    output are opened the wrong way round, so that using them fails; error lines that nobody wants are dropped.
    """
    for number, mode in enumerate((os.O_WRONLY, os.O_RDONLY, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, mode), True)
    sys.stdout = _standard(1, "standard output", line_buffering=os.isatty(1))
    sys.stderr = _standard(2, "standard error", line_buffering=True)


def on_descriptor(descriptor: int, shown: str) -> PrintableStream:
    """Return a stream to a pipe that is open; `shown` names it in errors. Closing it closes the pipe."""
    return PrintableStream(io.BufferedWriter(Sink(descriptor, shown), _BUFFER), "utf-8")


def has_terminal() -> bool:
    """Whether all standard streams are a terminal: the terminal UI reads keys, and draws on standard error."""
    return os.isatty(0) and draws_on_terminal()


def draws_on_terminal() -> bool:
    """Whether what the terminal UI draws on is a terminal, so that keys may come from there, whatever is input."""
    return os.isatty(1) and os.isatty(2)


def take_keys_from_terminal(*, reads: bool = False) -> None:
    """Make the terminal standard input, whatever was, as the terminal UI reads keys.

    Somebody else has that by now, or it is still to be read: then, with `reads`, `sys.stdin` does so.
    """
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
    except OSError:
        return
    if reads:
        sys.stdin = os.fdopen(os.dup(0))
    os.dup2(terminal, 0)
    os.close(terminal)


def say_error(text: str) -> None:
    """Write one line to standard error; where that is not possible, there is nobody to be told."""
    with suppress(OSError):
        sys.stderr.write(f"dicomsniff: {printable(text)}\n")


@contextmanager
def written(path: str | None, inputs: Sequence[str]) -> Iterator[IO[str]]:
    """Yield what to write text to: a file, or standard output where there is no path or it is `-`.

    Raises OutputError, before anything is opened, where that is one of the inputs or cannot be written. What was in
    the file stays there until the new text is whole, and for good where writing that fails or is interrupted.
    """
    path = _STANDARD_OUTPUT if path is None else path
    known = _find(path)
    _refuse_inputs(path, known, inputs)
    stream = _standard_stream(path, known)
    if stream is not None:
        yield stream
        stream.flush()
    elif known is None or stat.S_ISREG(known.st_mode):
        with _replacement(path, known) as sink, _text(sink) as out:
            yield out
    else:
        with _text(_open(path, os.O_WRONLY, path)) as out:
            yield out


@contextmanager
def temporary_directory() -> Iterator[str]:
    """Yield the path of a directory of this user alone; it goes with all in it, unless the program is killed."""
    from tempfile import mkdtemp

    path = mkdtemp(prefix="dicomsniff-")
    UNFINISHED.add(path)
    try:
        yield path
    finally:
        remove(path)
        UNFINISHED.discard(path)


@contextmanager
def replaced(path: str, inputs: Sequence[str], *, force: bool = False) -> Iterator[IO[bytes]]:
    """Yield what to write bytes to: a file that is there when it is whole.

    Raises OutputError, before anything is opened, where it cannot be written, or is there already and no `force`.
    """
    known = None if path == _STANDARD_OUTPUT else _find(path)
    if path == _STANDARD_OUTPUT or (known is not None and not stat.S_ISREG(known.st_mode)):
        raise OutputError(f"{path}: a file is written here; name one")
    _refuse_inputs(path, known, inputs)
    if known is not None and not force:
        raise OutputError(_kept(path))
    with _replacement(path, known) as sink, io.BufferedWriter(sink, _BUFFER) as out:
        yield out


@contextmanager
def written_bytes(path: str, inputs: Sequence[str]) -> Iterator[Sink]:
    """Yield what to write bytes to: a file, as `written` does."""
    known = _find(path)
    _refuse_inputs(path, known, inputs)
    if known is None or stat.S_ISREG(known.st_mode):
        with _replacement(path, known) as sink:
            yield sink
    else:
        with _open(path, os.O_WRONLY, path) as sink:
            yield sink


def _kept(path: str) -> str:
    return f"{path}: it is there already, and is kept; name a new file, or say --force"


def create(path: str, *, force: bool = False) -> Sink:
    """Create a file, to be written and read; where there is one already, it goes with `force`, else OutputError."""
    if _find(path) is not None or os.path.islink(path):
        if not force:
            raise OutputError(_kept(path))
        # Whoever reads the old one goes on reading it; a link is replaced, not what it leads to.
        with suppress(FileNotFoundError):
            os.unlink(path)
    return _open(path, _NEW, path, mode="r+")


def _find(path: str) -> os.stat_result | None:
    """Return what a path leads to; None where that is to be made."""
    if path == _STANDARD_OUTPUT:
        return os.fstat(1)
    known = None
    try:
        known = os.stat(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror}") from None
    if not os.path.basename(path) or (known is not None and stat.S_ISDIR(known.st_mode)):
        raise OutputError(f"{path or repr(path)}: it names no file but a directory")
    return known


def _refuse_inputs(path: str, known: os.stat_result | None, inputs: Sequence[str]) -> None:
    if known is None or stat.S_IFMT(known.st_mode) not in _ONE_WAY:
        return
    for name in inputs:
        with suppress(OSError):  # reading will say it
            if os.path.samestat(known, os.fstat(0) if name == "-" else os.stat(name)):
                shown = "standard output" if path == _STANDARD_OUTPUT else path
                raise OutputError(f"{shown}: it is the capture that is read, and would be lost; name another file")


def _standard_stream(path: str, known: os.stat_result | None) -> IO[str] | None:
    """Return the standard stream that a path leads to, such as /dev/stdout where that is a file.

    Such a file is not replaced: what else is written to the stream would be lost with the old one.
    """
    if path == _STANDARD_OUTPUT:
        return sys.stdout
    if known is not None and stat.S_ISREG(known.st_mode):
        for number, stream in ((1, sys.stdout), (2, sys.stderr)):
            if os.path.samestat(known, os.fstat(number)):
                return stream
    return None


@contextmanager
def _replacement(path: str, known: os.stat_result | None) -> Iterator[Sink]:
    """Yield a file beside a path that takes its place when it is whole. A link stays; what it leads to is replaced."""
    real = os.path.realpath(path)
    if known is not None and not os.access(real, os.W_OK):
        raise OutputError(f"{path}: {os.strerror(errno.EACCES)}")
    directory = os.path.dirname(real)
    passing = os.path.join(directory, f".dicomsniff-{os.urandom(8).hex()}")
    UNFINISHED.add(passing)
    nameless = -1
    try:
        sink, nameless = _open_passing(passing, directory, path)
        with sink:
            if known is not None:
                _make_like(sink.fileno(), known)
            yield sink
        try:
            if nameless >= 0:
                # With a directory, which does not matter here, Python calls linkat(), which follows that name.
                os.link(f"{_DESCRIPTORS}/{nameless}", passing, src_dir_fd=nameless)
            os.replace(passing, real)
        except OSError as error:
            raise OSError(error.errno, error.strerror, path) from None
    finally:
        with suppress(OSError):
            os.close(nameless)
        with suppress(OSError):
            os.unlink(passing)
        UNFINISHED.discard(passing)


def _open_passing(passing: str, directory: str, shown: str) -> tuple[Sink, int]:
    """Make a file without a name, so that nothing of it is left whatever ends the program, or else a named one.

    Of the one without a name a second descriptor is returned, by which it can be named; else -1.
    """
    if hasattr(os, "O_TMPFILE") and os.path.isdir(_DESCRIPTORS):
        with suppress(OSError):  # a file system that has no such files
            descriptor = os.open(directory, os.O_TMPFILE | os.O_RDWR, PRIVATE)
            return Sink(descriptor, shown), os.dup(descriptor)
    return _open(passing, _NEW, shown, trouble=f"no file can be made in {directory}: "), -1


def _make_like(descriptor: int, known: os.stat_result) -> None:
    """Give a new file the owner and permissions of the one that it replaces; those of others only with the owner."""
    if sys.platform == "win32":
        return
    mode = known.st_mode & 0o777
    try:
        os.fchown(descriptor, known.st_uid, known.st_gid)
    except OSError:
        mode &= 0o700
    with suppress(OSError):  # a file system without permissions
        os.fchmod(descriptor, mode | PRIVATE)


def _open(path: str, flags: int, shown: str, *, mode: str = "w", trouble: str = "") -> Sink:
    try:
        return Sink(os.open(path, flags, PRIVATE), shown, mode)
    except OSError as error:
        raise OutputError(f"{shown}: {trouble}{error.strerror}") from None


def _standard(number: int, shown: str, *, line_buffering: bool) -> PrintableStream:
    python_stream = sys.__stdout__ if number == 1 else sys.__stderr__
    if sys.platform == "win32" and python_stream is not None and os.isatty(number):
        # A console takes bytes for those of its code page; Python's own way to it takes UTF-8.
        return PrintableStream(python_stream.buffer, "utf-8", line_buffering=line_buffering)
    sink = Sink(number, shown, closefd=False)
    return PrintableStream(io.BufferedWriter(sink, _BUFFER), "utf-8", line_buffering=line_buffering)


def _text(sink: Sink) -> io.TextIOWrapper:
    # A name that is no UTF-8 is escaped; nothing else that is written can be a lone surrogate.
    return io.TextIOWrapper(io.BufferedWriter(sink, _BUFFER), "utf-8", "backslashreplace")
