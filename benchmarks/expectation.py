"""What a capture must be found to hold: written beside it, read by the checks."""

import json
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path


@dataclass
class StoredObject:
    """A data set that went by; `end` is where the record of its last byte ends in the capture, if known."""

    sop_instance: str
    length: int
    sha256: str
    end: int | None = None

    @classmethod
    def of(cls, sop_instance: str, data: bytes) -> "StoredObject":
        return cls(sop_instance, len(data), sha256(data).hexdigest())


@dataclass
class Expectation:
    """Counts over the whole capture: `stored` are the C-STORE-RSPs with Success."""

    kind: str
    associations: int = 0
    messages: int = 0
    stored: int = 0
    packets: int | None = None
    objects: list[StoredObject] = field(default_factory=list)

    def write(self, capture: str | Path) -> None:
        Path(f"{capture}.expect.json").write_text(json.dumps(asdict(self), indent=1))


def read_expectation(path: str | Path) -> Expectation:
    """Read an expectation; also one that lists the objects of every association."""
    said = json.loads(Path(path).read_text())
    if isinstance(said["associations"], list):
        objects = [
            StoredObject(each["sop_instance"], each["dataset_len"], each["sha256"])
            for association in said["associations"]
            for each in association["objects"]
        ]
        return Expectation("c-store", len(said["associations"]), 2 * len(objects), len(objects), None, objects)
    said["objects"] = [StoredObject(**each) for each in said["objects"]]
    return Expectation(**said)


def find_expectation(capture: str) -> Path | None:
    """Find what belongs to a capture: CAPTURE.expect.json, or with its suffix replaced."""
    candidates = (Path(f"{capture}.expect.json"), Path(capture).with_suffix(".expect.json"))
    return next((path for path in candidates if path.exists()), None)
