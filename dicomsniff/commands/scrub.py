"""The command `scrub`: a capture that can be shared."""

import sys
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

import click

from dicomsniff.commands.progress import progress_shown
from dicomsniff.commands.reading_options import reading_options
from dicomsniff.commands.writing import refuse_cut_off
from dicomsniff.output import replaced, say_error

if TYPE_CHECKING:
    from dicomsniff.filter.selection import Selection
    from dicomsniff.key_files import KeyFiles
    from dicomsniff.privacy.gate import Privacy


@click.command()
@partial(reading_options, shows_phi=False)
@click.option("-o", "--output", metavar="FILE", required=True, type=click.Path(), help="The pcapng file to write.")
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
def scrub(
    captures: tuple[str, ...],
    ports: tuple[int, ...],
    *,
    output: str,
    force: bool,
    privacy: "Privacy",
    selection: "Selection",
    keys: "KeyFiles",
) -> None:
    """Write the capture itself without what identifies somebody, packet by packet, to be shared.

    Values are overwritten in their place, so that the copy decodes to the same exchange. Left out are pixels, secrets,
    comments, what is not understood, and everything that belongs to no association.
    """
    from dicomsniff.library import Capture, open_source
    from dicomsniff.scrubbing.scrubbing import Scrubbing

    if privacy.keep_phi:
        raise click.UsageError("--keep-phi and scrubbing exclude each other")
    with (
        closing(Scrubbing(privacy, selection)) as scrubbing,
        replaced(output, captures, force=force) as out,
        Capture(
            open_source(captures), collect=True, ports=ports, findings=not selection.is_all, keys=keys,
            watcher=scrubbing.watcher,
        ) as capture,
        progress_shown(capture.reader, sys.stderr),
    ):  # fmt: skip
        if capture.is_pipe:
            raise click.UsageError("a capture is read twice to be scrubbed, which needs a file, not a pipe")
        scrubbing.run(capture, out)
    for line in scrubbing.said:
        say_error(f"{output}: {line}")
    refuse_cut_off(capture.truncated, "written")
