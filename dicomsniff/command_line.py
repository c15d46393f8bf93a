"""How a command line is read: a command and what it takes, or else captures to open."""

import os
import re
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any, TypeVar

import click

Read = TypeVar("Read")


class Commands(click.Group):
    """Takes a capture where a command is expected: `dicomsniff CAPTURE` is the command `opening`, which has no name."""

    opening: click.Command

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Take what is neither a command nor an option of the program itself for a capture to open."""
        own = [*self.context_settings["help_option_names"], *(name for option in self.params for name in option.opts)]
        if not args or args[0] in self.commands or args[0] in own:
            return super().make_context(info_name, args, parent, **extra)
        context = self.opening.make_context(info_name, args, parent, **extra)
        self._explain(context.params["captures"])
        return context

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was made out."""
        return super().invoke(ctx) if ctx.command is self else ctx.command.invoke(ctx)

    def _explain(self, captures: tuple[str, ...]) -> None:
        """Raise a ClickException where a capture that does not exist must have been meant for a command."""
        missing = [name for name in captures if not os.path.lexists(name)]
        for name in missing:
            if name in self.commands:
                raise click.ClickException(f"{name}: a command comes first, its options and captures after it")
        if captures[0] in missing and re.fullmatch("[A-Za-z][A-Za-z-]+", captures[0]):
            near = get_close_matches(captures[0].lower(), self.commands, 3)
            hint = f"did you mean {' or '.join(near)}?" if near else "`dicomsniff --help` lists the commands"
            raise click.ClickException(f"{captures[0]}: neither a command nor a file; {hint}")


def understood(option: str, read: Callable[[str], Read], text: str) -> Read:
    """Return what an option's text says; where it cannot be understood, that is what is wrong with the call."""
    try:
        return read(text)
    except ValueError as error:
        raise click.ClickException(f"{option}: {error}") from None
