"""Read a capture off the interface thread: a capture's updates -> messages, a few a second."""

import threading
import time
from collections.abc import Callable

from dicomsniff.association.association import Association
from dicomsniff.capture.packets import CaptureError
from dicomsniff.comments import CommentReader
from dicomsniff.library import Capture
from dicomsniff.privacy.gate import Gate
from dicomsniff.tui.link_book import LinkBook, LinkWatch
from dicomsniff.tui.messages import CaptureAdvanced, CaptureEnded
from dicomsniff.tui.shelf import Shelf, Shelved
from dicomsniff.tui.turns import KEYS

INTERVAL = 0.1
"""Seconds between two messages."""
MANY = 1000
"""Associations that the analyzer gave up to bound memory until the screen gives them up, too."""
PATIENCE = 0.1
"""Seconds for which reading waits for the answer to a key, again and again while keys come."""


def read_capture(
    capture: Capture,
    gate: Gate,
    shelf: Shelf | None,
    stopped: threading.Event,
    tell: Callable[[CaptureAdvanced | CaptureEnded], object],
) -> None:
    """Read the capture through, or until stopped; the first associations are told at once.

    With a shelf, those that are over are put there, but for the latest.
    """
    problem = ""
    book: LinkBook | None = None
    known = packets = forgotten = 0
    told = 0.0
    latest: Association | None = None
    watch = LinkWatch(capture.analyzer)
    comments = CommentReader(capture, gate, stopped.is_set)
    shelved: list[Shelved] = []

    def advance(book: LinkBook | None = None) -> None:
        nonlocal known, packets, told, latest, forgotten, shelved
        every = capture.analyzer.associations
        fresh = [association for association in every if association.id > known]
        gone = capture.analyzer.association_count - len(every)
        tell(CaptureAdvanced(fresh, latest, book, every if gone - forgotten >= MANY else None, shelved))
        shelved = []
        forgotten += (gone - forgotten) * (gone - forgotten >= MANY)
        known = fresh[-1].id if fresh else known
        packets, told, latest = capture.analyzer.packets, time.monotonic(), None

    try:
        for updates in capture.updates():
            if stopped.is_set():
                return
            KEYS.pass_by(PATIENCE)
            comments.take(updates)
            if shelf is not None:
                shelved += shelf.take(capture.analyzer.ended)
            latest = updates[-1][0] if updates else latest
            idle = latest is None and capture.analyzer.packets == packets
            if idle and not watch.is_due(time.monotonic()):
                continue
            if (not known and capture.analyzer.associations) or time.monotonic() - told >= INTERVAL:
                advance(watch.write(time.monotonic) if watch.is_due(time.monotonic()) else None)
        book = watch.write(time.monotonic)
    except (CaptureError, OSError) as error:
        problem = str(error)
    except Exception as error:  # noqa: BLE001  a defect of ours must still leave what was read on the screen
        problem = f"internal error, please report: {type(error).__name__}: {error}"
    if not stopped.is_set():
        advance(book)
        tell(CaptureEnded(problem))
