"""Options and fixtures that every test may use."""

from pathlib import Path

import pytest

SAMPLES = Path(__file__).parent.parent / "samples"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite tests/golden from what the program says now")


@pytest.fixture(scope="session")
def samples() -> Path:
    return SAMPLES
