"""The command line: arguments, exit status, choice of view."""

import os
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from dicomsniff import __version__
from dicomsniff.capture.packets import CaptureError
from dicomsniff.commands.command_line import Commands, explain_option, understood
from dicomsniff.commands.demo import SAMPLES, sample_path
from dicomsniff.commands.ending import ExitStatus, ended
from dicomsniff.commands.reading_options import (
    data_sets_option,
    decoding_options,
    format_option,
    output_option,
    reading_options,
    selection_options,
    terminal_options,
)
from dicomsniff.commands.showing import follow_files, refuse_several, refuse_statistics, watch_in_ui
from dicomsniff.commands.watching_options import Watching, watching_options
from dicomsniff.commands.writing import write_captures
from dicomsniff.export.formats import DataSets, find_diff, format_named
from dicomsniff.export.schemas import SCHEMAS, schema_text
from dicomsniff.output import draws_on_terminal, has_terminal, say_error, take_keys_from_terminal
from dicomsniff.printable import printable

if TYPE_CHECKING:
    from dicomsniff.filter.selection import Selection
    from dicomsniff.key_files import KeyFiles
    from dicomsniff.privacy.gate import Privacy


_FOLLOW_HELP = (
    "CAPTURE is still growing: print each message as it comes, until Ctrl-C. "
    "A directory, or a pattern in quotes, is the files of a ring buffer."
)


def _say_version(context: click.Context, _: click.Parameter, asked: bool) -> None:
    """Say which version this is, and whether its inner loops are compiled."""
    if asked and not context.resilient_parsing:
        from dicomsniff.capture.loops import ARE_COMPILED

        click.echo(f"dicomsniff {__version__}, {'with' if ARE_COMPILED else 'without'} compiled loops")
        context.exit()


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    invoke_without_command=True,
    subcommand_metavar="CAPTURE... | COMMAND [ARGS]...",
)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_say_version,
    help="Show the version and exit.",
)
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
    """Open captures in the terminal UI, or print them where standard output is not a terminal.

    Where one comes through standard input, keys come from the terminal itself.
    """
    from dicomsniff.library import Capture, open_source

    is_piped = "-" in captures and not follow and not os.isatty(0) and draws_on_terminal()
    if is_piped:
        take_keys_from_terminal(reads=True)
    if not has_terminal() or ("-" in captures and not is_piped):
        asked = {"privacy": privacy, "selection": selection, "color": color, "pager": pager}
        _show(captures, ports, watching, follow=follow, keys=keys, **asked)
        return
    refuse_statistics(watching)
    if selection.reads_data:
        raise click.UsageError(
            "--filter: data[…] reads all data sets again, which `show` can do and the terminal UI cannot"
        )
    if follow:
        refuse_several(captures)
    with Capture(open_source(captures, follow=follow), ports=ports, keys=keys) as opened:
        watch_in_ui(opened, watching, privacy, selection)


cli.opening = open_
cli.defer(**{name: f"dicomsniff.commands.{name}" for name in ("extract", "live", "query", "scrub", "survey")})


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
@click.option("--jobs", type=click.IntRange(1, 1024), default=1, metavar="N",
              help="Read a large CAPTURE in N processes; each follows some of its connections.")  # fmt: skip
@click.option("--follow", is_flag=True, help=_FOLLOW_HELP)
@watching_options
def show(
    captures: tuple[str, ...],
    ports: tuple[int, ...],
    *,
    sort: str | None,
    follow: bool,
    jobs: int,
    watching: Watching,
    selection: "Selection",
    **asked: Any,
) -> None:
    """Print each association: who, with whom, how it went, its timeline and its findings."""
    if follow and (sort or asked["summary"]):
        raise click.UsageError("--follow prints messages as they come: it does not go with --sort or --summary")
    if jobs > 1:
        if follow or sort or not selection.is_all:
            raise click.UsageError(
                "--jobs prints all of a capture as it comes: it does not go with --follow, --sort, "
                "or what chooses associations"
            )
        from dicomsniff.commands.sharing import show_shared

        show_shared(captures, ports, jobs, **asked)
        return
    _show(captures, ports, watching, follow=follow, sort=sort or "", selection=selection, **asked)


def _show(
    paths: tuple[str, ...], ports: tuple[int, ...], watching: Watching, *, follow: bool = False, **asked: Any
) -> None:
    """Print captures, with what `Asked` takes."""
    if follow:
        follow_files("text", paths, ports, watching, **asked)
    else:
        write_captures("show", "text", paths, ports, **asked)


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
    """Write the transcript of a capture: every association, context, message and finding.

    json is the transcript, jsonl the same as lines; html is a page to send to somebody, md is for issue trackers, log
    reads as the logs of DCMTK and pynetdicom do. csv and parquet write four tables to a directory or a FILE.zip.
    """
    form, depth = form or understood("-o", partial(format_named, "export"), output), DataSets(data_sets)
    if follow:
        if form != "jsonl" or output is not None:
            raise click.UsageError(
                "--follow writes what comes to standard output, as lines: --format jsonl, without -o"
            )
        follow_files(form, captures, ports, data_sets=depth, **asked)
    else:
        write_captures("export", form, captures, ports, output, data_sets=depth, **asked)


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
    write_captures("check", form, captures, ports, output, fail_on=Severity(fail_on), names=captures, **shown, **asked)


@cli.command()
@click.argument("good", type=click.Path())
@click.argument("bad", type=click.Path())
@format_option("diff", "What to write; what the name of FILE says, or else text.")
@decoding_options
@selection_options
@terminal_options
@output_option
def diff(good: str, bad: str, form: str | None, output: str | None, color: str, *, pager: bool, **asked: Any) -> None:
    """Say what differs between an exchange that worked and one that did not, the likely cause first.

    GOOD and BAD are captures, or associations of one: capture.pcap#2. What differs each time is not told: ids, times,
    UIDs of instances, addresses and ports, and how many instances there are. --filter chooses which associations of
    both are compared.
    """
    from dicomsniff.commands.diffing import write_diff

    form = form or understood("-o", partial(format_named, "diff"), output)
    color = color if form == "text" else "never"
    for cut_off in write_diff(
        find_diff(form), (good, bad), output, color=color, pager=pager and form == "text", **asked
    ):
        raise CaptureError(cut_off)


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
    from dicomsniff.commands.completion import shell_script

    print(shell_script(cli, shell))


@cli.command()
@click.argument("what", type=click.Choice(SCHEMAS), default=SCHEMAS[0])
def schema(what: str) -> None:
    """Print the JSON Schema of the transcript, or of what `diff --format json` writes, and what may change in it."""
    print(schema_text(what), end="")


def run(args: list[str]) -> int:
    """Run the program; every way out gives an exit status and, where something is wrong, one line."""
    return ended(partial(_invoke, args))


def _invoke(args: list[str]) -> int:
    try:
        # Not cli.main(): that ends with status 1 where a pipe closes, which here means that `check` found something.
        if "_DICOMSNIFF_COMPLETE" in os.environ:
            from dicomsniff.commands.completion import answer_shell

            return answer_shell(cli)
        with cli.make_context("dicomsniff", args) as context:
            cli.invoke(context)
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.exceptions.Abort:
        return ExitStatus.INTERRUPTED
    except click.ClickException as error:
        say_error(_call_text(error))
        return ExitStatus.WRONG_CALL
    return ExitStatus.DONE


def _call_text(error: click.ClickException) -> str:
    """Say in a line what is wrong with the call, and how it goes where that helps."""
    said = explain_option(error) if isinstance(error, click.NoSuchOption) else error.format_message().rstrip(".")
    if not isinstance(error, click.UsageError) or error.ctx is None:
        return said
    usage = " ".join([error.ctx.command_path, *error.ctx.command.collect_usage_pieces(error.ctx)])
    return f"{said} (usage: {usage})"
