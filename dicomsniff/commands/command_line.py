"""How a command line is read: a command and what it takes, or else captures to open."""

import os
import re
from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

Read = TypeVar("Read")
Text = TypeVar("Text", bound=str | None)

_READS = "`dicomsniff CAPTURE` opens a capture, `dicomsniff show CAPTURE` prints it"
_SNIFFS = "`dicomsniff live -i INTERFACE` sniffs"
_WITHHOLDS = "what may identify patients is withheld unless --keep-phi is given"
_ELSEWHERE = {
    **dict.fromkeys(("read", "open", "view", "print", "dump", "analyze", "analyse", "decode"), _READS),
    **dict.fromkeys(("list", "ls", "summary"), "`dicomsniff show --summary CAPTURE` lists associations"),
    **dict.fromkeys(("sniff", "capture", "record", "listen"), _SNIFFS),
    **dict.fromkeys(("follow", "tail", "watch"), "`dicomsniff live FILE` follows a file that grows"),
    **dict.fromkeys(("json", "convert", "transcript"), "`dicomsniff export CAPTURE` writes JSON"),
    **dict.fromkeys(("validate", "verify", "lint", "findings"), "`dicomsniff check CAPTURE` prints what is wrong"),
    **dict.fromkeys(
        ("anonymize", "anonymise", "deidentify", "sanitize", "redact"),
        "`dicomsniff scrub CAPTURE -o FILE` writes a capture that can be shared",
    ),
    **dict.fromkeys(("objects", "save", "dcm", "images"), "`dicomsniff extract CAPTURE -o DIR` writes stored objects"),
    **dict.fromkeys(("devices", "ifaces"), "`dicomsniff interfaces` lists them"),
    "explain": "`dicomsniff rules CODE` explains a finding",
    "version": "`dicomsniff --version` says it",
    **dict.fromkeys(("-r", "--read-file", "--input", "--file"), "a capture is named without an option"),
    **dict.fromkeys(("-Y", "-R", "--display-filter"), "--filter chooses; `dicomsniff filter` explains its language"),
    **dict.fromkeys(("-f", "-i", "--interface", "-w"), "that is for sniffing: `dicomsniff live -i INTERFACE`"),
    **dict.fromkeys(("--json", "-j", "-T"), "`dicomsniff export CAPTURE` writes JSON"),
    **dict.fromkeys(
        ("-V", "-v", "--verbose"), "--contexts adds the negotiation, `dicomsniff export` has every element"
    ),
    **dict.fromkeys(("-q", "--quiet"), "`dicomsniff show --summary` is the shortest"),
    **dict.fromkeys(("--no-phi", "--redact", "--redact-phi", "--anonymize", "--deidentify"), _WITHHOLDS),
    **dict.fromkeys(("-d", "-p", "--dicom-port"), "--port N treats TCP port N as DICOM"),
    **dict.fromkeys(("--since", "--after"), "--from TIME shows nothing earlier"),
    **dict.fromkeys(("--until", "--before"), "--to TIME shows nothing later"),
    "-n": "no names are looked up",
    "-a": "`dicomsniff live --duration TIME` ends by itself",
    "-c": "`dicomsniff live --packets N` ends by itself",
    "--follow": "`dicomsniff show --follow` and `dicomsniff export --format jsonl --follow` do",
}
"""What commands and options are called elsewhere, tcpdump's and tshark's among them, and what there is here."""


class Commands(click.Group):
    """Takes a capture where a command is expected: `dicomsniff CAPTURE` is the command `opening`, which has no name.

    A command may stand in a module of its own that is imported when somebody wants it: what `show` does not need should
    not keep it waiting.
    """

    opening: click.Command

    def __init__(self, *args: Any, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self._modules: dict[str, str] = {}

    def defer(self, **modules: str) -> None:
        """Have commands, each in the module that is named: there it is called as on the command line."""
        self._modules |= modules

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, without importing any."""
        return sorted({*super().list_commands(ctx), *self._modules})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by its name, imported now where it was not before; None where there is none."""
        if cmd_name in self._modules:
            self.add_command(getattr(import_module(self._modules.pop(cmd_name)), cmd_name))
        return super().get_command(ctx, cmd_name)

    @property
    def _names(self) -> set[str]:
        return {*self.commands, *self._modules}

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Take what is neither a command nor an option of the program itself for a capture to open."""
        if args[:1] == ["help"] and not os.path.lexists("help"):
            if args[1:] and args[1] not in self._names:
                self._explain((args[1],))
            args = [*args[1:2], "--help"]
        own = [*self.context_settings["help_option_names"], *(name for option in self.params for name in option.opts)]
        if not args or args[0] in self._names or args[0] in own:
            return super().make_context(info_name, args, parent, **extra)
        context = self.opening.make_context(info_name, args, parent, **extra)
        if not context.resilient_parsing:
            self._explain(context.params["captures"])
        return context

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was made out."""
        return super().invoke(ctx) if ctx.command is self else ctx.command.invoke(ctx)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the commands, and what may stand in place of one: options, files."""
        with click.Context(self.opening, parent=ctx, resilient_parsing=True) as context:
            opening = self.opening.shell_complete(context, incomplete)
        found = {item.value: item for item in (*super().shell_complete(ctx, incomplete), *opening)}
        # Files come first: bash forgets what it was told before it.
        return [CompletionItem(incomplete, type="file"), *found.values()]

    def _explain(self, captures: tuple[str, ...]) -> None:
        """Raise a ClickException where a capture that does not exist must have been meant for a command."""
        missing = [name for name in captures if not os.path.lexists(name)]
        for name in missing:
            if name in self._names:
                raise click.ClickException(f"{name}: a command comes first, its options and captures after it")
        if captures[0] in missing and re.fullmatch("[A-Za-z][A-Za-z-]+", captures[0]):
            from difflib import get_close_matches

            near = get_close_matches(captures[0].lower(), [*sorted(self._names), "help"], 3)
            hint = f"did you mean {' or '.join(near)}?" if near else "`dicomsniff --help` lists the commands"
            hint = _ELSEWHERE.get(captures[0].lower(), hint)
            raise click.ClickException(f"{captures[0]}: neither a command nor a file; {hint}")


def explain_option(error: click.NoSuchOption) -> str:
    """Return what is wrong with an option that there is not, and what there is instead, as far as that is known."""
    hint = _ELSEWHERE.get(error.option_name)
    return f"No such option '{error.option_name}'; {hint}" if hint else error.format_message().rstrip(".")


def understood(option: str, read: Callable[[Text], Read], text: Text) -> Read:
    """Return what an option's text says; where it cannot be understood, that is what is wrong with the call."""
    try:
        return read(text)
    except ValueError as error:
        raise click.ClickException(f"{option}: {error}") from None
