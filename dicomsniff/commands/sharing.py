"""`show --jobs`: one capture, printed by several processes."""

import os
from typing import TYPE_CHECKING

import click

from dicomsniff.commands.writing import refuse_cut_off
from dicomsniff.output import written

if TYPE_CHECKING:
    from dicomsniff.key_files import KeyFiles
    from dicomsniff.privacy.gate import Privacy

_READS = "--jobs has every process read the capture, which needs one file"


def show_shared(
    paths: tuple[str, ...],
    ports: tuple[int, ...],
    jobs: int,
    *,
    privacy: "Privacy",
    keys: "KeyFiles",
    contexts: bool,
    summary: bool,
    color: str,
    pager: bool,
) -> None:
    """Print a capture as `show` does, by so many processes."""
    from dicomsniff.commands.pager import on_terminal
    from dicomsniff.surveying.crew import local_crew
    from dicomsniff.surveying.part import Options
    from dicomsniff.surveying.shared_text import write_shared

    if len(paths) != 1:
        raise click.UsageError(f"{_READS}; `dicomsniff survey` reads many at a time")
    (path,) = paths
    if path == "-" or (os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)):
        raise click.UsageError(_READS)
    options = Options(privacy, ports, *keys.paths)
    with (
        written(None, paths) as file,
        on_terminal(file, color=color, pager=pager) as out,
        local_crew(jobs) as crew,
    ):
        truncated = write_shared(path, options, jobs, crew, out, contexts=contexts, summary=summary)
    refuse_cut_off(truncated, "shown")
