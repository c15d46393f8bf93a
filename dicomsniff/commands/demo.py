"""The captures that come with the program, for who has just installed it."""

SAMPLES = (
    "c-move-destination-refuses",
    "association-rejected",
    "mal-pdu-length-too-short",
    "slow-archive",
    "storage-commitment",
    "worklist-empty",
)
"""Their names; the first one shows most. pyproject.toml puts them into the wheel."""


def sample_path(name: str) -> str:
    """Return where a capture of `SAMPLES` is: in the package, or beside it, where that is a clone."""
    from pathlib import Path

    package = Path(__file__).parents[1]
    places = (package / "samples" / f"{name}.pcap", package.parent / "samples" / f"{name}.pcap")
    return str(next((place for place in places if place.exists()), places[0]))
