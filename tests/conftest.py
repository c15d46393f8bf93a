"""Options and fixtures that every test may use."""

import gc
import os
import signal
from collections.abc import Generator, Iterator
from inspect import iscoroutinefunction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from dicomsniff.privacy.gate import Gate
from dicomsniff.tui.said import use_gate

SAMPLES = Path(__file__).parent.parent / "samples"

# How long an example takes says more about the machine than about the program.
UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
# Where CI is set, as continuous integration does, every run draws the same examples, and a fifth as many; elsewhere
# each tries others.
settings.register_profile("here", UNTIMED)
settings.register_profile("ci", UNTIMED, derandomize=True, max_examples=20)
# `make test` tries a fifth of the examples; pytest's option --hypothesis-profile chooses.
settings.register_profile("quick", UNTIMED, max_examples=20)
settings.load_profile("ci" if os.environ.get("CI") else "here")


# What somebody wants of their own terminal is not what tests expect.
for each in ("COLORFGBG", "FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
    os.environ.pop(each, None)

# What a shell starts in the background ignores SIGINT, and what nohup starts SIGHUP; so would all that tests start.
for each, default in (("SIGINT", signal.default_int_handler), ("SIGHUP", signal.SIG_DFL), ("SIGTERM", signal.SIG_DFL)):
    if (number := getattr(signal, each, None)) is not None and signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, default)


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are processors: those that sniff, or start the program, wait most of the time."""
    return (os.cpu_count() or 1) + 1


def pytest_itemcollected(item: pytest.Item) -> None:
    # To start the terminal UI takes as long as a hundred other tests: for whoever awaits it, or compares its pictures.
    starts = isinstance(item, pytest.Function) and iscoroutinefunction(item.function)
    if starts or "snap_compare" in getattr(item, "fixturenames", ()):
        item.add_marker(pytest.mark.slow)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    # Texts of the program may have marks in them that are no characters (privacy/gate.py): no worker could send them.
    text = str(report.longrepr) if report.failed else ""
    if text != (sent := text.encode("utf-8", "backslashreplace").decode()):
        report.longrepr = sent
    return report


def pytest_runtest_setup() -> None:
    # Whoever makes the terminal UI chooses what it may show in the rest of the process: never for other tests.
    use_gate(Gate())


def pytest_collection_finish() -> None:
    # What was imported and collected stays: the garbage collector need not look at it again and again.
    gc.collect()
    gc.freeze()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite tests/golden from what the program says now")


@pytest.fixture(scope="session")
def samples() -> Path:
    return SAMPLES


@pytest.fixture(autouse=True, scope="session")
def own_configuration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Neither take nor write the settings of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("configuration")))
        yield
