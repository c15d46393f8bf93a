"""The command line: arguments, exit status, choice of view."""

import os
import sys
import tempfile
import traceback
from contextlib import nullcontext
from enum import IntEnum
from functools import partial
from typing import IO, TYPE_CHECKING, Any, cast

import click

from dicomsniff import __version__
from dicomsniff.capture.packets import CaptureError
from dicomsniff.command_line import Commands, explain_option, understood
from dicomsniff.demo import SAMPLES, sample_path
from dicomsniff.export.formats import DataSets, find_view, format_named
from dicomsniff.garbage import short_pauses
from dicomsniff.interruption import INTERRUPTED, taken_over
from dicomsniff.key_options import key_options
from dicomsniff.live_options import sniffing_options
from dicomsniff.output import OutputError, has_terminal, say_error, take_keys_from_terminal, written
from dicomsniff.printable import printable
from dicomsniff.progress import SilenceWatch, progress_shown
from dicomsniff.reading_options import (
    data_sets_option,
    format_option,
    output_option,
    privacy_options,
    reading_options,
    selection_options,
    terminal_options,
    with_privacy,
)
from dicomsniff.watching_options import NOBODY, Watching, watching_options

if TYPE_CHECKING:
    from dicomsniff.capture.losses import Losses
    from dicomsniff.capture.packets import LiveSource
    from dicomsniff.filter.selection import Selection
    from dicomsniff.key_files import KeyFiles
    from dicomsniff.library import Capture
    from dicomsniff.privacy.gate import Privacy
    from dicomsniff.sniffing.plan import Plan


class ExitStatus(IntEnum):
    """What the program's exit status says."""

    DONE = 0
    FOUND = 1
    WRONG_CALL = 2
    UNREADABLE = 3
    INTERRUPTED = INTERRUPTED


_FOLLOW_HELP = (
    "CAPTURE is still growing: print each message as it comes, until Ctrl-C. "
    "A directory, or a pattern in quotes, is the files of a ring buffer."
)
_WATCHES_GROWING = "--alert, --stats and --metrics watch a capture that grows: add --follow"
_STATS_IN_UI = "--stats prints lines: it goes with --format text or jsonl of live, or with show --follow"


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    invoke_without_command=True,
    subcommand_metavar="CAPTURE... | COMMAND [ARGS]...",
)
@click.version_option(__version__, message="dicomsniff %(version)s")
@click.pass_context
def cli(context: click.Context) -> None:
    """Who refused what, why, and which message went unanswered: DICOM traffic explained.

    `dicomsniff CAPTURE` opens a capture in the terminal UI (where standard output is not a terminal, it prints what
    `show` prints). CAPTURE is a pcap, pcapng or snoop file, also compressed, or - for standard input; several, such as
    the files of a ring buffer, are read as one, in time order. A capture named like a command is written ./show.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        context.exit(ExitStatus.WRONG_CALL)


@click.command()
@reading_options
@terminal_options
@click.option("--follow", is_flag=True, help=_FOLLOW_HELP)
@watching_options
def open_(
    captures: tuple[str, ...],
    ports: tuple[int, ...],
    *,
    privacy: "Privacy",
    selection: "Selection",
    follow: bool,
    keys: "KeyFiles",
    watching: Watching,
    color: str,
    pager: bool,
) -> None:
    """Open captures in the terminal UI, or print them where standard output is not a terminal."""
    from dicomsniff.library import Capture, open_source

    if not has_terminal() or "-" in captures:
        asked = {"privacy": privacy, "selection": selection, "color": color, "pager": pager}
        _show(captures, ports, watching, follow=follow, keys=keys, **asked)
        return
    if watching != NOBODY and not follow:
        raise click.UsageError(_WATCHES_GROWING)
    if watching.stats:
        raise click.UsageError(_STATS_IN_UI)
    if selection.reads_data:
        raise click.UsageError(
            "--filter: data[…] reads all data sets again, which `show` can do and the terminal UI cannot"
        )
    if follow:
        _refuse_several(captures)
    with Capture(open_source(captures, follow=follow), ports=ports, keys=keys) as opened:
        _watch_in_ui(opened, watching, privacy, selection)


cli.opening = open_


@cli.command()
@click.argument("sample", type=click.Choice(SAMPLES), default=SAMPLES[0])
def demo(sample: str) -> None:
    """Open a capture that comes with the program, as `dicomsniff CAPTURE` does."""
    with open_.make_context("dicomsniff", [sample_path(sample)]) as context:
        open_.invoke(context)


@cli.command()
@reading_options
@click.option("--contexts", is_flag=True, help="Say what was negotiated, and what follows from it.")
@click.option("--summary", is_flag=True, help="Print one line for each association, and how the capture went.")
@terminal_options
@click.option("--only-problems", is_flag=True, help="Show only associations in trouble, or with a warning.")
@click.option("--sort", type=click.Choice(["duration", "start", "worst"]),
              help="Print the longest, the first or the worst association first.")  # fmt: skip
@click.option("--follow", is_flag=True, help=_FOLLOW_HELP)
@watching_options
def show(
    captures: tuple[str, ...],
    ports: tuple[int, ...],
    *,
    sort: str | None,
    follow: bool,
    watching: Watching,
    **asked: Any,
) -> None:
    """Print each association: who, with whom, how it went, its timeline and its findings."""
    if follow and (sort or asked["summary"]):
        raise click.UsageError("--follow prints messages as they come: it does not go with --sort or --summary")
    _show(captures, ports, watching, follow=follow, sort=sort or "", **asked)


def _show(
    paths: tuple[str, ...], ports: tuple[int, ...], watching: Watching = NOBODY, *, follow: bool = False, **asked: Any
) -> None:
    """Print captures, with what `Asked` takes."""
    if watching != NOBODY and not follow:
        raise click.UsageError(_WATCHES_GROWING)
    if follow:
        _follow_files("text", paths, ports, watching, **asked)
    else:
        _write("show", "text", paths, ports, **asked)


def _follow_files(
    form: str, paths: tuple[str, ...], ports: tuple[int, ...], watching: Watching = NOBODY, **asked: Any
) -> None:
    """Write what comes to a file, or to files one after the other."""
    from dicomsniff.library import open_source
    from dicomsniff.pager import on_terminal

    _refuse_several(paths)
    color = asked.pop("color", "never")
    asked.pop("pager", None)
    with (
        written(None, paths) as file,
        on_terminal(file, color=color, pager=False) as out,
        SilenceWatch(paths) as silence,
    ):
        _follow(cast("LiveSource", open_source(paths, follow=True)), form, out, ports, watching, silence, **asked)


def _refuse_several(paths: tuple[str, ...]) -> None:
    if len(paths) != 1:
        raise click.UsageError("--follow takes one CAPTURE; a directory, or a pattern in quotes, stands for many files")


def _write(
    command: str,
    form: str,
    paths: tuple[str, ...],
    ports: tuple[int, ...],
    output: str | None = None,
    *,
    keys: "KeyFiles",
    color: str = "never",
    pager: bool = False,
    **asked: Any,
) -> None:
    """Write captures in a command's format, with what `Asked` takes; leave with the status that says how it went."""
    from dicomsniff.export.view import Asked, write_view
    from dicomsniff.library import Capture, open_source
    from dicomsniff.pager import on_terminal

    view, asking = find_view(command, form), Asked(**asked)
    with (
        written(output, paths) as file,
        on_terminal(file, color=color, pager=pager) as out,
        SilenceWatch(paths) as silence,
        Capture(
            open_source(paths), collect=view.collect(asking), ports=ports, heads=view.heads(asking), keys=keys
        ) as capture,
        progress_shown(capture.reader, out) as shown,
    ):
        silence.watch(capture)
        if asking.selection.reads_data and capture.is_pipe:
            raise click.UsageError("--filter: data[…] reads data sets again, which needs a file, not a pipe")
        failed = write_view(view, capture, shown, asking)
    _refuse_cut_off(capture)
    if failed:
        raise click.exceptions.Exit(ExitStatus.FOUND)


def _follow(
    reader: "LiveSource",
    form: str,
    out: IO[str],
    ports: tuple[int, ...],
    watching: Watching,
    silence: SilenceWatch | None = None,
    *,
    keys: "KeyFiles",
    **asked: Any,
) -> None:
    """Write packets as they come; Ctrl-C and its like end that in order. What is not whole is said, as of any file."""
    from dicomsniff.export.view import Asked, write_view
    from dicomsniff.library import Capture

    view, asking = find_view("live", form), Asked(**asked)
    capture = Capture(reader, collect=view.collect(asking), ports=ports, heads=view.heads(asking), keys=keys)
    with capture, taken_over(reader.stop), short_pauses():
        if silence is not None:
            silence.watch(capture)
        watching.add_to(capture, asking.privacy, form, out)
        write_view(view, capture, out, asking)
        if capture.reader.is_file:
            _refuse_cut_off(capture)


def _refuse_cut_off(capture: "Capture") -> None:
    if capture.truncated:
        raise CaptureError(f"the capture is cut off: {capture.truncated}; what could be read is shown")


@cli.command()
@reading_options
@format_option("export", "What to write; what the name of FILE says, or else json.")
@data_sets_option(default=DataSets.ALL.value, show_default=True)
@output_option
@click.option("--follow", is_flag=True, help="As for `show`; with --format jsonl.")
def export(
    captures: tuple[str, ...],
    ports: tuple[int, ...],
    form: str | None,
    output: str | None,
    data_sets: str,
    *,
    follow: bool,
    **asked: Any,
) -> None:
    """Write the transcript of a capture: every association, context, message and finding."""
    form, depth = form or understood("-o", partial(format_named, "export"), output), DataSets(data_sets)
    if follow:
        if form != "jsonl" or output is not None:
            raise click.UsageError(
                "--follow writes what comes to standard output, as lines: --format jsonl, without -o"
            )
        _follow_files(form, captures, ports, data_sets=depth, **asked)
    else:
        _write("export", form, captures, ports, output, data_sets=depth, **asked)


@cli.command()
@sniffing_options
@format_option("live", "Follow on standard output, without the terminal UI.")
@data_sets_option()
@click.option("--port", "ports", type=click.IntRange(1, 65535), multiple=True, metavar="N",
              help="Treat TCP port N as DICOM even where none is recognized; may be repeated.")  # fmt: skip
@watching_options
@selection_options
@key_options
@privacy_options
@with_privacy
def live(
    plan: "Plan",
    source: str | None,
    form: str | None,
    data_sets: str | None,
    ports: tuple[int, ...],
    *,
    watching: Watching,
    privacy: "Privacy",
    selection: "Selection",
    keys: "KeyFiles",
) -> None:
    """Sniff interfaces until Ctrl-C: in the terminal UI, or as lines on standard output.

    With FILE, follow a capture that somebody else writes; with DIRECTORY, or a pattern in quotes, the files of a ring
    buffer; with -, standard input: `ssh host tcpdump -U -w - tcp | dicomsniff live -`.
    """
    if data_sets is not None and form != "jsonl":
        raise click.UsageError("--data-sets goes with --format jsonl: nothing else here writes data sets")
    if plan.write == "-":
        _capture_only(plan)
        return
    shows = form is None and (has_terminal() or (plan.is_piped and os.isatty(1) and os.isatty(2)))
    if shows and watching.stats:
        raise click.UsageError(_STATS_IN_UI)
    reader = _begin_live(plan, source)
    if shows and plan.is_piped:
        take_keys_from_terminal()
        if not has_terminal():
            shows = False
            say_error("there is no terminal to read keys from: what comes is printed as text")
    if shows:
        from dicomsniff.library import Capture

        with Capture(reader, ports=ports, keys=keys) as capture:
            _watch_in_ui(capture, watching, privacy, selection)
    else:
        shown: dict[str, Any] = {"privacy": privacy, "selection": selection}
        depth = DataSets(data_sets or DataSets.ALL)
        _follow(reader, form or "text", sys.stdout, ports, watching, keys=keys, data_sets=depth, **shown)
    _end_of_sniffing(reader.truncated, reader.losses.total)


def _begin_live(plan: "Plan", source: str | None) -> "LiveSource":
    """Return where packets come from: files that somebody writes, or else a capturer of ours."""
    if source is not None:
        from dicomsniff.capture.following import FollowedFiles

        return FollowedFiles(source)
    from dicomsniff.sniffing.source import LiveSource

    return LiveSource(plan)


def _watch_in_ui(capture: "Capture", watching: Watching, privacy: "Privacy", selection: "Selection") -> None:
    """Show a capture in the terminal UI until the user quits, then say what was not said there."""
    from dicomsniff.tui.session import run

    watching.add_to(capture, privacy, None, sys.stdout)
    with short_pauses() if capture.is_live else nullcontext():
        interrupted = run(capture, privacy, selection)
    for notice in capture.pop_notices():
        say_error(notice)
    if interrupted:
        raise click.exceptions.Exit(ExitStatus.INTERRUPTED)


def _capture_only(plan: "Plan") -> None:
    """Write packets to standard output, for somebody else to read."""
    from dicomsniff.sniffing.process import CapturerProcess

    if os.isatty(1):
        raise click.UsageError("-w - writes packets, which a terminal cannot show; pipe them to a program or a file")
    capturer = CapturerProcess(plan, lambda _: None)
    try:
        with taken_over(capturer.stop):
            capturer.wait()
    finally:
        capturer.close()
    _end_of_sniffing(capturer.failure, capturer.losses)


def _end_of_sniffing(failure: str, losses: "Losses") -> None:
    """Leave with the status of a capture that is not whole where something went wrong or was lost."""
    if failure or any(losses):
        raise CaptureError("; ".join(filter(None, (failure, f"the capturer lost {losses}" if any(losses) else ""))))


@cli.command()
def interfaces() -> None:
    """List what can be sniffed here, and what permission is missing."""
    from dicomsniff.sniffing.interfaces import list_interfaces, missing_permission

    for interface in list_interfaces():
        print(printable(f"{interface.name:16} {', '.join(interface.addresses) or 'no address'}"))
    if missing := missing_permission():
        raise CaptureError(missing)


@cli.command()
@reading_options
@click.option("--fail-on", type=click.Choice(["error", "warning", "note"]), default="error", show_default=True,
              help="The lowest severity that makes the exit status 1.")  # fmt: skip
@format_option("check", "What to write; what the name of FILE says, or else text.")
@terminal_options
@output_option
def check(
    captures: tuple[str, ...],
    ports: tuple[int, ...],
    fail_on: str,
    form: str | None,
    output: str | None,
    color: str,
    pager: bool,
    **asked: Any,
) -> None:
    """Print what is wrong, and nothing else; the exit status says whether anything shown is as bad as --fail-on."""
    from dicomsniff.findings.finding import Severity

    form = form or understood("-o", partial(format_named, "check"), output)
    shown: dict[str, Any] = {"color": color, "pager": pager} if form == "text" else {}
    _write("check", form, captures, ports, output, fail_on=Severity(fail_on), names=captures, **shown, **asked)


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


@cli.command("filter")
def filter_() -> None:
    """Explain what --filter takes: the language, the fields, and examples."""
    from dicomsniff.export.filters import filter_lines

    print("\n".join(filter_lines()))


@cli.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what makes a shell complete command lines.

    For bash: `dicomsniff completion bash >~/.local/share/bash-completion/completions/dicomsniff`; for zsh, a file
    _dicomsniff in a directory of fpath; for fish, ~/.config/fish/completions/dicomsniff.fish.
    """
    from dicomsniff.completion import shell_script

    print(shell_script(cli, shell))


@cli.command()
def schema() -> None:
    """Print the JSON Schema of the transcript, and what may change in it."""
    from dicomsniff.export.transcript import schema_text

    print(schema_text(), end="")


def run(args: list[str]) -> int:
    """Run the program; every way out gives an exit status and, where something is wrong, one line."""
    status = int(ExitStatus.DONE)
    try:
        # Not cli.main(): that ends with status 1 where a pipe closes, which here means that `check` found something.
        try:
            if "_DICOMSNIFF_COMPLETE" in os.environ:
                from dicomsniff.completion import answer_shell

                return answer_shell(cli)
            with cli.make_context("dicomsniff", args) as context:
                cli.invoke(context)
        except click.exceptions.Exit as leave:
            status = leave.exit_code
        sys.stdout.flush()
    except BrokenPipeError:
        pass  # The reader of our output has gone, as in `| head`: nothing more to say.
    except (KeyboardInterrupt, click.exceptions.Abort):
        status = ExitStatus.INTERRUPTED
    except (click.ClickException, OutputError) as error:
        say_error(_call_text(error))
        status = ExitStatus.WRONG_CALL
    except CaptureError as error:
        say_error(str(error))
        status = ExitStatus.WRONG_CALL if error.wrong_call else ExitStatus.UNREADABLE
    except OSError as error:
        say_error(f"{error.filename or f'a temporary file in {tempfile.gettempdir()}'}: {error.strerror or error}")
        status = ExitStatus.UNREADABLE
    except Exception as error:  # a defect must not pass for a finding, which is what status 1 says
        if sys.flags.dev_mode:
            raise
        place = traceback.extract_tb(error.__traceback__)[-1]
        said = f"{type(error).__name__}: {error} (line {place.lineno} of {place.filename})"
        say_error(f"internal error, please report: {said}")
        status = ExitStatus.UNREADABLE
    return status


def _call_text(error: click.ClickException | OutputError) -> str:
    """Say in a line what is wrong with the call, and how it goes where that helps."""
    if not isinstance(error, click.ClickException):
        return str(error)
    said = explain_option(error) if isinstance(error, click.NoSuchOption) else error.format_message().rstrip(".")
    if not isinstance(error, click.UsageError) or error.ctx is None:
        return said
    usage = " ".join([error.ctx.command_path, *error.ctx.command.collect_usage_pieces(error.ctx)])
    return f"{said} (usage: {usage})"
