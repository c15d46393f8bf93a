"""The command `survey`: many captures into tables."""

import os
import sys
from typing import TYPE_CHECKING

import click

from dicomsniff.capture.packets import CaptureError
from dicomsniff.commands.progress import progress_shown
from dicomsniff.commands.reading_options import decoding_options
from dicomsniff.output import say_error, written
from dicomsniff.quantities import counted

if TYPE_CHECKING:
    from dicomsniff.key_files import KeyFiles
    from dicomsniff.privacy.gate import Privacy

NAMED = 5
"""Captures of one kind that are named; of more, these and how many."""


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path())
@decoding_options
@click.option("-o", "--output", "directory", metavar="DIR", required=True, type=click.Path(),
              help="Write to DIR, where a later run finds what is done; a new DIR is yours only.")  # fmt: skip
@click.option("--jobs", type=click.IntRange(1, 1024), metavar="N",
              help="Analyze in N processes; by default, as many as there are cores.")  # fmt: skip
@click.option("--scheduler", metavar="ADDRESS",
              help="Work on a Dask cluster, whose scheduler is at ADDRESS, and which has the same files.")  # fmt: skip
@click.option("--report", type=click.Choice(["html"]), help="Write a page about the tables, too: DIR/report.html.")
def survey(
    paths: tuple[str, ...],
    ports: tuple[int, ...],
    *,
    directory: str,
    jobs: int | None,
    scheduler: str | None,
    report: str | None,
    privacy: "Privacy",
    keys: "KeyFiles",
) -> None:
    """Write tables (Parquet) of many captures: what `dicomsniff query` asks.

    Each capture is analyzed on its own, several at a time; connections that go on from one into the next are analyzed
    as one. PATH is a capture, or a directory with captures. What was done before, with the same options, is not done
    again; a capture that cannot be read is named and passed over.
    """
    if jobs is not None and scheduler is not None:
        raise click.UsageError("--jobs and --scheduler exclude each other: a cluster has the workers that it has")
    from dicomsniff.export.table_files import require_pyarrow
    from dicomsniff.surveying.asking import require_duckdb
    from dicomsniff.surveying.crew import dask_crew, local_crew
    from dicomsniff.surveying.dashboard import write_dashboard
    from dicomsniff.surveying.part import Options
    from dicomsniff.surveying.sealing import secret_of_run
    from dicomsniff.surveying.survey import Survey

    require_pyarrow("survey")
    if report is not None:
        require_duckdb("--report")
    secret, is_kept = secret_of_run()
    if not is_kept:
        say_error("no secret can be kept for later runs in your home directory: they will analyze all captures again")
    options = Options(privacy, ports, *keys.paths)
    work = Survey(directory, secret, options, say_error)
    crews = dask_crew(scheduler) if scheduler is not None else local_crew(jobs or os.cpu_count() or 1)
    with crews as crew, progress_shown(work.progress, sys.stdout):
        work.run(paths, crew)
    result = work.result
    if report is not None:
        with written(os.path.join(directory, "report.html"), ()) as out:
            write_dashboard(directory, result.verdict, privacy, out)
    overlap = "begins before the capture before it ends: connections that both hold are told twice"
    _say_first([f"{name} {overlap}" for name in result.overlapping])
    say_error(f"{directory}: {result.summary}")
    say_error(result.verdict)
    _say_first([f"cut off: {cut_off}; what could be read is in the tables" for cut_off in result.truncated])
    if result.broken:
        raise CaptureError(f"passed over: {counted(len(result.broken), 'capture')} that cannot be read")
    if result.truncated:
        raise CaptureError(f"{counted(len(result.truncated), 'capture')} cut off")


def _say_first(lines: list[str]) -> None:
    """Say the first of many lines that differ only in the capture, and of how many more the same is true."""
    for line in lines[:NAMED]:
        say_error(line)
    if len(lines) > NAMED:
        say_error(f"the same of {counted(len(lines) - NAMED, 'further capture')}")
