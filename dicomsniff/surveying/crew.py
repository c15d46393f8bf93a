"""Who works on parts: this process, processes of this machine, or the workers of a Dask cluster."""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import cast

from dicomsniff.capture.packets import CaptureError
from dicomsniff.garbage import look_seldom
from dicomsniff.interruption import INTERRUPTED, guard
from dicomsniff.output import OutputError
from dicomsniff.surveying.part import Task, analyze
from dicomsniff.surveying.store import Store

Crew = Executor | None
"""Who works; None where it is this process."""


KEPT = "what is done is kept: run the survey again, with fewer --jobs"
"""Advice where processes end from outside."""


@contextmanager
def local_crew(jobs: int) -> Iterator[Crew]:
    """Yield so many processes of this machine; of one, this one."""
    if jobs == 1:
        yield None
        return
    _quiet_tracker()
    # Spawned, not forked: the display of progress has a thread here.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_begin) as processes:
        yield processes


def work(crew: Crew, tasks: Iterable[Task], store: Store, advice: str = KEPT) -> Iterator[tuple[Task, str]]:
    """Have parts analyzed; yield each as it is done, and why it could not be, if so.

    Raises CaptureError, which ends with some advice, where a process was ended from outside.
    """
    if crew is None:
        yield from ((task, analyze(task, store)) for task in tasks)
        return
    given = {crew.submit(analyze, task, store): task for task in tasks}
    try:
        for done in as_completed(given):
            yield given[done], done.result()
    except BrokenExecutor:
        raise CaptureError(
            f"a process that analyzed captures was ended from outside, perhaps for want of memory; {advice}"
        ) from None
    finally:
        for each in given:
            each.cancel()


def _quiet_tracker() -> None:
    """Start the process that cleans up behind the others, so that it says nothing when the program is interrupted."""
    if os.name != "posix":
        return
    from multiprocessing.resource_tracker import ensure_running

    before = os.environ.get("PYTHONWARNINGS")
    os.environ["PYTHONWARNINGS"] = ",".join(filter(None, (before, "ignore:resource_tracker:UserWarning")))
    ensure_running()
    if before is None:
        del os.environ["PYTHONWARNINGS"]
    else:
        os.environ["PYTHONWARNINGS"] = before


def _begin() -> None:
    """A process that works for another one: it ends with that, whatever ends that, and says nothing when it does."""
    guard()
    look_seldom()
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(INTERRUPTED)


@contextmanager
def dask_crew(address: str) -> Iterator[Crew]:
    """Yield the workers of the Dask cluster whose scheduler is at an address, such as `tcp://10.0.0.5:8786`."""
    try:
        from dask.distributed import Client
    except ImportError:
        raise OutputError("--scheduler takes dask: pip install 'dicomsniff[dask]'") from None
    try:
        client = Client(address)
    except OSError as error:
        raise OutputError(f"--scheduler {address}: {error}") from None
    with client:
        yield cast("Executor", client.get_executor(pure=False))
