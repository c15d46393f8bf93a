"""The command `live`: what is sniffed here, or what another program captures."""

import os
import sys
from contextlib import suppress
from threading import Event
from typing import TYPE_CHECKING, Any

import click

from dicomsniff.capture.packets import CaptureError
from dicomsniff.commands.key_options import key_options
from dicomsniff.commands.live_options import sniffing_options
from dicomsniff.commands.reading_options import (
    data_sets_option,
    format_option,
    port_option,
    privacy_options,
    selection_options,
)
from dicomsniff.commands.showing import follow_capture, refuse_statistics, watch_in_ui
from dicomsniff.commands.watching_options import Watching, watching_options
from dicomsniff.export.formats import DataSets
from dicomsniff.interruption import taken_over
from dicomsniff.output import draws_on_terminal, has_terminal, say_error, take_keys_from_terminal

if TYPE_CHECKING:
    from dicomsniff.capture.losses import Losses
    from dicomsniff.capture.packets import LiveSource
    from dicomsniff.filter.selection import Selection
    from dicomsniff.key_files import KeyFiles
    from dicomsniff.privacy.gate import Privacy
    from dicomsniff.sniffing.plan import Plan


@click.command()
@sniffing_options
@format_option("live", "Follow on standard output, without the terminal UI.")
@data_sets_option()
@port_option
@watching_options
@selection_options
@key_options
@privacy_options
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
    shows = form is None and (has_terminal() or (plan.is_piped and draws_on_terminal()))
    if shows:
        refuse_statistics(watching)
    reader = _begin_live(plan, source)
    if shows and plan.is_piped:
        take_keys_from_terminal()
        if not has_terminal():
            shows = False
            say_error("there is no terminal to read keys from: what comes is printed as text")
    if shows:
        from dicomsniff.library import Capture

        with Capture(reader, ports=ports, keys=keys) as capture:
            watch_in_ui(capture, watching, privacy, selection)
    else:
        shown: dict[str, Any] = {"privacy": privacy, "selection": selection}
        depth = DataSets(data_sets or DataSets.ALL)
        follow_capture(reader, form or "text", sys.stdout, ports, watching, keys=keys, data_sets=depth, **shown)
    _end_of_sniffing(reader.truncated, reader.losses.total)


def _begin_live(plan: "Plan", source: str | None) -> "LiveSource":
    """Return where packets come from: files that somebody writes, or else a capturer of ours."""
    if source is not None:
        from dicomsniff.capture.following import FollowedFiles

        if _is_interface(source):
            raise click.UsageError(f"{source} is an interface, and no file: dicomsniff live -i {source}")
        return FollowedFiles(source)
    from dicomsniff.sniffing.source import LiveSource

    return LiveSource(plan)


def _is_interface(source: str) -> bool:
    """Whether somebody names an interface where a file is asked for, which may still be to come."""
    import socket

    if os.path.lexists(source):
        return False
    with suppress(OSError, ValueError):
        return socket.if_nametoindex(source) > 0
    return False


def _capture_only(plan: "Plan") -> None:
    """Write packets to standard output, for somebody else to read."""
    from dicomsniff.sniffing.process import CapturerProcess

    if os.isatty(1):
        raise click.UsageError("-w - writes packets, which a terminal cannot show; pipe them to a program or a file")
    is_unwanted = Event()
    begun: list[CapturerProcess] = []

    def leave() -> None:
        is_unwanted.set()
        for each in begun:
            each.stop()

    with taken_over(leave):  # before it begins: it writes before it says that it has begun
        capturer = CapturerProcess(plan, lambda _: None)
        begun.append(capturer)
        try:
            if is_unwanted.is_set():
                capturer.stop()
            capturer.wait()
        finally:
            capturer.close()
    _end_of_sniffing(capturer.failure, capturer.losses)


def _end_of_sniffing(failure: str, losses: "Losses") -> None:
    """Leave with the status of a capture that is not whole where something went wrong or was lost."""
    if failure or any(losses):
        raise CaptureError("; ".join(filter(None, (failure, f"the capturer lost {losses}" if any(losses) else ""))))
