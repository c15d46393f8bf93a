"""What pyproject.toml says of wheel and sdist; `make package-check` builds and installs them."""

import re
import tomllib
from pathlib import Path

import pytest

from dicomsniff.commands.cli import run
from dicomsniff.commands.demo import SAMPLES, sample_path

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
BUILD = PROJECT["tool"]["hatch"]["build"]["targets"]


def test_the_captures_of_demo_are_in_the_wheel() -> None:
    included = BUILD["wheel"]["force-include"]
    assert included == {f"samples/{name}.pcap": f"dicomsniff/samples/{name}.pcap" for name in sorted(SAMPLES)}
    assert all((ROOT / path).exists() for path in included)


@pytest.mark.parametrize("name", SAMPLES)
def test_demo_shows_a_capture_that_comes_along(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["demo", name]) == 0
    shown = capsys.readouterr().out
    assert run(["show", sample_path(name)]) == 0
    assert capsys.readouterr().out == shown
    assert shown


def test_demo_names_the_captures_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["demo", "mine.pcap"]) == 2
    assert SAMPLES[0] in capsys.readouterr().err


def test_the_sdist_has_all_that_the_checks_need() -> None:
    included = {name.lstrip("/") for name in BUILD["sdist"]["include"]}
    assert {"dicomsniff", "tests", "samples", "docs", "mkdocs.yml", "Makefile", "fuzz", "benchmarks"} <= included
    assert all((ROOT / name).exists() for name in included)


def test_on_a_package_index_every_link_of_the_readme_is_absolute() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for each in PROJECT["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]["substitutions"]:
        text = re.sub(each["pattern"], each["replacement"], text)
    links = re.findall(r"\]\(([^)\s]+)\)", text)
    assert links
    source = PROJECT["project"]["urls"]["Source"]
    for link in links:
        assert link.startswith(("#", f"{source}/blob/main/", "https://raw.githubusercontent.com/")), link
