"""The options of `live` about what is captured and where it is kept, which the command takes as one `Plan`."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click
from click.core import ParameterSource

from dicomsniff.amounts import read_rotation, read_size, read_span
from dicomsniff.commands.command_line import understood
from dicomsniff.sniffing.plan import CAPTURERS, SNAP_LENGTH, Plan

_OPTIONS = (
    click.option("-i", "--interface", "interfaces", multiple=True,
                 help="What to listen on, or any; may be repeated. `dicomsniff interfaces` lists what there is."),
    click.option("-f", "--bpf", metavar="BPF", default="",
                 help="Capture filter in pcap's language, such as 'tcp port 104'."),
    click.option("-w", "--write", metavar="FILE", type=click.Path(), default="",
                 help="Keep the packets in FILE, a new one, as pcapng; - only writes them to standard output."),
    click.option("--force", is_flag=True, help="Let -w replace files that are there already."),
    click.option("--rotate", metavar="SIZE|TIME", help="Begin a new file after so much: 100MB, 1h."),
    click.option("--keep", type=click.IntRange(1), metavar="N", help="Keep only the latest N files of --rotate."),
    click.option("--spool", metavar="SIZE", default="2GB", show_default=True,
                 help="Without -w, keep no more than so much in a temporary file; the oldest goes first."),
    click.option("--duration", metavar="TIME", help="End after so long: 90s, 5m."),
    click.option("--packets", type=click.IntRange(1), metavar="N", help="End after so many packets."),
    click.option("--capturer", type=click.Choice(CAPTURERS), default="auto", show_default=True,
                 help="Who captures; auto is the best one that is installed."),
    click.option("--snaplen", type=click.IntRange(64, SNAP_LENGTH), metavar="BYTES", default=SNAP_LENGTH,
                 help="Keep so many bytes of each frame; data sets are incomplete then."),
    click.option("--no-promiscuous", is_flag=True, help="Take only frames that are meant for this machine."),
    click.option("--buffer", metavar="SIZE", default="64MB", show_default=True,
                 help="Let the kernel hold so much until it is captured."),
)  # fmt: skip


_OF_STANDARD_INPUT = frozenset(["write", "force", "rotate", "keep", "spool", "duration", "packets"])
"""Options that apply to packets that come from standard input."""
_OF_INTERFACES = _OF_STANDARD_INPUT | {"bpf", "capturer", "snaplen", "no_promiscuous", "buffer"}
"""Those that apply to what we capture."""


def sniffing_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add where packets come from: `source`, a file or directory to follow, or else `plan`, what is captured."""

    @wraps(command)
    def call(
        *args: Any,
        source: str | None,
        interfaces: tuple[str, ...],
        bpf: str,
        write: str,
        force: bool,
        rotate: str | None,
        keep: int | None,
        spool: str,
        duration: str | None,
        packets: int | None,
        capturer: str,
        snaplen: int,
        no_promiscuous: bool,
        buffer: str,
        **options: Any,
    ) -> Any:
        if source is None and interfaces == ("-",):  # as tshark calls it
            source, interfaces = "-", ()
        _refuse_mixture(source, interfaces)
        if (rotate or force) and write in ("", "-"):
            raise click.UsageError("--rotate and --force go with -w FILE")
        if keep and not rotate:
            raise click.UsageError("--keep goes with --rotate")
        size, seconds = understood("--rotate", read_rotation, rotate) if rotate else (0, 0.0)
        plan = Plan(
            ("-",) if source == "-" else tuple(dict.fromkeys(interfaces)),
            bpf=bpf,
            snap_length=snaplen,
            promiscuous=not no_promiscuous,
            capturer=capturer,
            kernel_buffer=understood("--buffer", read_size, buffer),
            packets=packets or 0,
            seconds=understood("--duration", read_span, duration) if duration else 0,
            write=write,
            force=force,
            spool_limit=understood("--spool", read_size, spool),
            rotate_bytes=size,
            rotate_seconds=seconds,
            keep=keep or 0,
        )
        return command(*args, plan=plan, source=source if source != "-" else None, **options)

    for option in reversed(_OPTIONS):
        call = option(call)
    return click.argument("source", required=False, metavar="[FILE|DIRECTORY|-]", type=click.Path())(call)


def _refuse_mixture(source: str | None, interfaces: tuple[str, ...]) -> None:
    """Raise a UsageError where it is not clear where packets come from, or options do not apply there."""
    if source is None:
        if not interfaces:
            raise click.UsageError("Missing option '-i' / '--interface'; or name a FILE or DIRECTORY to follow, or -")
        return
    if interfaces:
        raise click.UsageError(f"packets come from -i {interfaces[0]} or from {source}: choose one")
    context = click.get_current_context()
    kept = _OF_STANDARD_INPUT if source == "-" else frozenset()
    for option in context.command.params:
        given = option.name is not None and context.get_parameter_source(option.name) is ParameterSource.COMMANDLINE
        if option.name in _OF_INTERFACES - kept and given:
            raise click.UsageError(f"{option.opts[-1]} goes with -i INTERFACE; who writes to {source} has captured")
