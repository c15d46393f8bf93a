"""The command `extract`: stored objects as DICOM files."""

import sys
from functools import partial
from typing import TYPE_CHECKING

import click

from dicomsniff.commands.progress import SilenceWatch, progress_shown
from dicomsniff.commands.reading_options import reading_options
from dicomsniff.commands.writing import refuse_cut_off
from dicomsniff.output import say_error

if TYPE_CHECKING:
    from dicomsniff.filter.selection import Selection
    from dicomsniff.key_files import KeyFiles
    from dicomsniff.privacy.gate import Privacy


@click.command()
@partial(reading_options, shows_phi=False)
@click.option("-o", "--output", "directory", metavar="DIR", required=True, type=click.Path(),
              help="Write to DIR, a new directory, readable by you only, or one that holds no files.")  # fmt: skip
@click.option("--by-study", is_flag=True, help="Make a directory for each study, and in it one for each series.")
@click.option("--identifiers", is_flag=True, help="Write the keys and matches of C-FIND too.")
@click.option("--de-identify", is_flag=True,
              help="Overwrite what identifies patients, as it is withheld elsewhere; pixels stay.")  # fmt: skip
@click.option("--force", is_flag=True, help="Write to a directory that holds files; one of the same name is replaced.")
def extract(
    captures: tuple[str, ...],
    ports: tuple[int, ...],
    *,
    directory: str,
    by_study: bool,
    identifiers: bool,
    de_identify: bool,
    force: bool,
    privacy: "Privacy",
    selection: "Selection",
    keys: "KeyFiles",
) -> None:
    """Write every object that was stored, by C-STORE, as a DICOM file.

    Data sets are written byte for byte as they were sent. A file is named by its SOP Instance UID; what comes again is
    numbered, and what is not whole in the capture is named .partial. With --de-identify, --redact-uids and
    --redact-network overwrite more.
    """
    if not de_identify and (privacy.redact_uids or privacy.redact_network or privacy.key is not None):
        raise click.UsageError("--redact-uids, --redact-network and --pseudonym-key go with --de-identify")
    if de_identify and privacy.keep_phi:
        raise click.UsageError("--keep-phi and --de-identify exclude each other")
    from dicomsniff.export.view import Asked, run_view
    from dicomsniff.extraction.directory import ObjectDirectory
    from dicomsniff.extraction.identity import DeIdentifier
    from dicomsniff.extraction.objects import Extraction, Wanted
    from dicomsniff.library import Capture, open_source

    wanted = Wanted(by_study, identifiers)
    asked = Asked(privacy=privacy._replace(keep_phi=True), selection=selection)
    hider = DeIdentifier(privacy) if de_identify else None
    files = ObjectDirectory(directory, force=force)
    with (
        SilenceWatch(captures) as silence,
        Capture(open_source(captures), collect=wanted.fields, ports=ports, keys=keys) as capture,
        progress_shown(capture.reader, sys.stderr) as out,
    ):
        silence.watch(capture)
        view = Extraction(capture, out, asked, directory=files, wanted=wanted, hider=hider)
        run_view(view)
    say_error(f"{directory}: {view.summary}")
    refuse_cut_off(capture.truncated, "extracted")
