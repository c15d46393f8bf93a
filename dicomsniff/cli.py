"""The command line: arguments, exit status, choice of view."""

import gc
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from io import TextIOWrapper
from typing import IO, TYPE_CHECKING, Any

import click

from dicomsniff import __version__
from dicomsniff.capture.packets import CaptureError

if TYPE_CHECKING:
    from dicomsniff.capture.reader import CaptureReader


class ExitStatus(IntEnum):
    """What the program's exit status says."""

    DONE = 0
    FOUND = 1
    WRONG_CALL = 2
    UNREADABLE = 3
    INTERRUPTED = 130


_FOLLOW_HELP = "The file is still growing: print each message as it comes, until Ctrl-C."


class Commands(click.Group):
    """Takes a capture where a command is expected: `dicomsniff CAPTURE` opens it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take what is neither a command nor an option of the program itself for a capture to open."""
        own = {name for option in self.get_params(ctx) for name in option.opts}
        if args and args[0] not in self.commands and args[0] not in own:
            args = ["open", *args]
        return super().parse_args(ctx, args)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=True)
@click.version_option(__version__, message="dicomsniff %(version)s")
def cli() -> None:
    """Who refused what, why, and which message went unanswered: DICOM traffic explained.

    `dicomsniff CAPTURE` opens a capture in the terminal UI (where standard output is no terminal, it prints what
    `show` prints). CAPTURE is a pcap, pcapng or snoop file, also compressed, or - for standard input; several, such as
    the files of a ring buffer, are read as one, in time order.
    """


def reading_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what every reading command takes."""
    for option in (
        click.option("--keep-phi", is_flag=True, help="Show protected health information (so far it always is shown)."),
        click.option("--port", "ports", type=click.IntRange(1, 65535), multiple=True, metavar="N",
                     help="Treat TCP port N as DICOM although nothing looks like it; may be repeated."),
        click.argument("captures", metavar="CAPTURE...", nargs=-1, required=True),
    ):  # fmt: skip
        command = option(command)
    return command


@cli.command("open", hidden=True)
@reading_options
@click.option("--follow", is_flag=True, help=_FOLLOW_HELP)
def open_(captures: tuple[str, ...], ports: tuple[int, ...], *, keep_phi: bool, follow: bool) -> None:  # noqa: ARG001
    """Open captures in the terminal UI, or print them where there is no terminal."""
    from dicomsniff.library import Capture, open_source

    if not sys.stdout.isatty() or "-" in captures:
        _show(captures, ports, follow=follow)
        return
    from dicomsniff.tui.app import run

    with Capture(open_source(captures, follow=follow), ports=ports) as opened:
        run(opened)


@cli.command()
@reading_options
@click.option("--contexts", is_flag=True, help="Say what was negotiated, and what follows from it.")
@click.option("--follow", is_flag=True, help=_FOLLOW_HELP)
def show(
    captures: tuple[str, ...],
    ports: tuple[int, ...],
    *,
    keep_phi: bool,  # noqa: ARG001
    contexts: bool,
    follow: bool,
) -> None:
    """Print each association: who, with whom, how it went, its timeline and its findings."""
    _show(captures, ports, contexts=contexts, follow=follow)


def _show(paths: tuple[str, ...], ports: tuple[int, ...], *, contexts: bool = False, follow: bool = False) -> None:
    from dicomsniff.export.text import write_text
    from dicomsniff.library import Capture, open_source

    if follow:
        from dicomsniff.live import follow as follow_live

        follow_live(_growing(paths), "text", sys.stdout, ports=ports)
        return
    with Capture(open_source(paths), ports=ports) as capture:
        write_text(capture, sys.stdout, contexts=contexts)
        _leave_if_truncated(capture.reader.truncated)


@cli.command()
@reading_options
@click.option(
    "--format", "form", type=click.Choice(["json", "jsonl"]), default="json", show_default=True, help="What to write."
)
@click.option("-o", "--output", metavar="FILE", help="Write to FILE instead of standard output.")
def export(captures: tuple[str, ...], ports: tuple[int, ...], form: str, output: str | None, *, keep_phi: bool) -> None:  # noqa: ARG001
    """Write the transcript of a capture: every association, context, message and finding."""
    from dicomsniff.export.lines import write_lines
    from dicomsniff.export.transcript import write_transcript
    from dicomsniff.library import Capture, open_source

    with Capture(open_source(captures), collect=True, ports=ports) as opened, _output(output) as out:
        write_transcript(opened, out) if form == "json" else write_lines(opened, out)
        truncated = opened.reader.truncated
    _leave_if_truncated(truncated)


@cli.command()
@click.option(
    "-i", "--interface", required=True, help="What to listen on; `dicomsniff interfaces` lists what there is."
)
@click.option("-f", "--filter", "bpf", metavar="BPF", help="Capture filter in pcap's language, such as 'tcp port 104'.")
@click.option("-w", "--write", metavar="FILE", help="Keep the packets in FILE, as pcap.")
@click.option(
    "--format", "form", type=click.Choice(["text", "jsonl"]), help="Follow on standard output, without the terminal UI."
)
@click.option("--port", "ports", type=click.IntRange(1, 65535), multiple=True, metavar="N",
              help="Treat TCP port N as DICOM although nothing looks like it; may be repeated.")  # fmt: skip
def live(interface: str, bpf: str, write: str | None, form: str | None, ports: tuple[int, ...]) -> None:
    """Sniff an interface until Ctrl-C: in the terminal UI, or as lines on standard output."""
    from dicomsniff.capture.live import LiveReader

    reader = LiveReader(interface, bpf=bpf, write=write)
    if form is None and sys.stdout.isatty():
        from dicomsniff.library import Capture
        from dicomsniff.tui.app import run

        with Capture(reader, ports=ports) as capture:
            run(capture)
    else:
        from dicomsniff.live import follow

        follow(reader, form or "text", sys.stdout, ports=ports)
    if reader.truncated:
        raise CaptureError(reader.truncated)


@cli.command()
def interfaces() -> None:
    """List what can be sniffed here, and what permission is missing."""
    from dicomsniff.capture.live import list_interfaces, missing_permission

    for interface in list_interfaces():
        print(f"{interface.name:16} {', '.join(interface.addresses) or 'no address'}")
    if missing := missing_permission():
        raise CaptureError(missing)


@cli.command()
@reading_options
@click.option("--fail-on", type=click.Choice(["error", "warning", "note"]), default="error", show_default=True,
              help="The least severity that makes the exit status 1.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(["text", "json", "jsonl", "sarif", "junit"]), default="text",
              show_default=True, help="What to write.")  # fmt: skip
@click.option("-o", "--output", metavar="FILE", help="Write to FILE instead of standard output.")
def check(
    captures: tuple[str, ...],
    ports: tuple[int, ...],
    fail_on: str,
    form: str,
    output: str | None,
    *,
    keep_phi: bool,  # noqa: ARG001
) -> None:
    """Print what is wrong, and nothing else; the exit status says whether anything is as bad as --fail-on."""
    from dicomsniff.export.check import write_check
    from dicomsniff.findings.finding import Severity
    from dicomsniff.library import Capture, open_source

    with Capture(open_source(captures), ports=ports) as opened, _output(output) as out:
        failed = write_check(opened, out, form, Severity(fail_on), captures)
        truncated = opened.reader.truncated
    _leave_if_truncated(truncated)
    if failed:
        raise SystemExit(ExitStatus.FOUND)


@cli.command()
@click.argument("code", required=False)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def rules(code: str | None, form: str) -> None:
    """List the findings there are; with CODE, say what one means, by which clause, and what to do about it."""
    from dicomsniff.export.rules import list_lines, rule_lines, rules_json
    from dicomsniff.findings.catalogue import RULES, find_rule, nearest_codes

    if code is None:
        print(rules_json(RULES) if form == "json" else "\n".join(list_lines()))
        return
    rule = find_rule(code.lower())
    if rule is None:
        near = nearest_codes(code)
        hint = f"; there is {', '.join(near)}" if near else "; `dicomsniff rules` lists them"
        raise click.ClickException(f"there is no rule {code}{hint}")
    print(rules_json((rule,)) if form == "json" else "\n".join(rule_lines(rule)))


def _growing(paths: tuple[str, ...]) -> "CaptureReader":
    from dicomsniff.capture.reader import CaptureReader

    if len(paths) != 1:
        raise click.UsageError("--follow takes one CAPTURE")
    return CaptureReader(paths[0], follow=True)


@contextmanager
def _output(path: str | None) -> Iterator[IO[str]]:
    if path is None:
        yield sys.stdout
        return
    try:
        with open(path, "w", encoding="utf-8") as file:
            yield file
    except OSError as error:
        raise CaptureError(f"{path}: {error.strerror}") from None


def _leave_if_truncated(reason: str) -> None:
    if reason:
        print(f"dicomsniff: the capture is cut off: {reason}; what could be read is shown", file=sys.stderr)
        raise SystemExit(ExitStatus.UNREADABLE)


def main() -> None:
    """Run the program; every way out gives an exit status and, where something is wrong, one line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    # What a capture makes is nearly all kept, and rarely cyclic: looking for garbage at the usual rate costs a third.
    gc.set_threshold(50_000, 4, 2)
    sys.exit(_run(sys.argv[1:]))


def _run(args: list[str]) -> int:
    try:
        # Not cli.main(): that ends with status 1 where a pipe closes, which here means that `check` found something.
        with cli.make_context("dicomsniff", args) as context:
            cli.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except SystemExit as leave:
        return leave.code if isinstance(leave.code, int) else ExitStatus.DONE
    except click.ClickException as error:
        error.show()
        return ExitStatus.WRONG_CALL
    except CaptureError as error:
        print(f"dicomsniff: {error}", file=sys.stderr)
        return ExitStatus.UNREADABLE
    except (KeyboardInterrupt, click.exceptions.Abort):
        return ExitStatus.INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone, as in `| head`: nothing more to say, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        print(f"dicomsniff: {error.filename or 'output'}: {error.strerror}", file=sys.stderr)
        return ExitStatus.UNREADABLE
    return ExitStatus.DONE
