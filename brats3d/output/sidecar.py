"""What a sidecar says, as JSON and back: what is known of one mask, or why there is none."""

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from importlib import metadata
from typing import Any, Protocol

from brats3d.errors import Finding
from brats3d.version import VERSION
from brats3d.vocabulary import MapKind, Modality, Region, Severity

EVEN_EMPTY = ("findings", "settings")
TEXTS = ("engine", "device", "precision", "label_scheme", "finished")
FILES = ("mask", *MapKind)
FILE_KEYS = ("file", "sha256", "size_bytes", "channel")
PACKAGES = ("torch", "monai", "numpy", "nibabel")


class RecordStatus(StrEnum):
    """What became of a patient."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


class HashedFile(Protocol):
    """A file as a record names it; what the reading of inputs returns is one."""

    @property
    def file(self) -> str:
        """Relative to the folder it was found under, with `/`."""

    @property
    def sha256(self) -> str:
        """Hex digest of the file's bytes."""

    @property
    def size_bytes(self) -> int | None:
        """The file's length; None where a record does not say."""

    @property
    def channel(self) -> int | None:
        """Which entry of the fourth axis was taken; None where the file holds one volume alone."""


@dataclass(frozen=True, slots=True)
class RecordedFile:
    """A file named in a record."""

    file: str
    sha256: str
    size_bytes: int | None = None
    channel: int | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """The content of a sidecar; None and empty mappings are what does not apply."""

    id: str
    """The patient, as the mask's name has it."""
    status: RecordStatus
    findings: tuple[Finding, ...] = ()
    """Everything remarked on the way."""
    folders: tuple[str, ...] = ()
    """All folders of patients that share this id; empty where the id is one patient's alone."""
    inputs: Mapping[Modality, HashedFile] = field(default_factory=dict)
    bundle: Mapping[str, Any] = field(default_factory=dict)
    """name, version, sha256; of several bundles also `members`, each with the same three."""
    settings: Mapping[str, Any] | None = None
    """The options that can change a voxel, as asked."""
    engine: str | None = None
    device: str | None = None
    precision: str | None = None
    label_scheme: str | None = None
    mask: HashedFile | None = None
    probabilities: HashedFile | None = None
    uncertainty: HashedFile | None = None
    volumes_ml: Mapping[Region, float] = field(default_factory=dict)
    volume_intervals_ml: Mapping[Region, tuple[float, float]] = field(default_factory=dict)
    """The low and the high end of each."""
    review: Mapping[str, Any] = field(default_factory=dict)
    """look, reasons, measures."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    finished: str | None = None
    """ISO 8601, in UTC."""

    def map_of(self, kind: MapKind) -> HashedFile | None:
        """Return the file of a kind that was written beside the mask; None where it was not."""
        return self.probabilities if kind is MapKind.PROBABILITIES else self.uncertainty


@cache
def versions() -> dict[str, str]:
    """Return the versions of brats3d, Python and the packages that can change a voxel; nothing is imported."""
    found = {"brats3d": VERSION, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def now() -> str:
    """Return this moment, ISO 8601 in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def record_bytes(record: Record) -> bytes:
    """Return a record as JSON: ASCII, what does not apply left out.

    Raises:
        ValueError: a number is not finite.
    """
    document = {each.name: plain(getattr(record, each.name)) for each in fields(Record)}
    present = {
        key: value
        for key, value in document.items()
        if value is not None and (key in EVEN_EMPTY or value not in ({}, []))
    }
    return (json.dumps(present, indent=1, ensure_ascii=True, allow_nan=False) + "\n").encode("ascii")


def plain(value: Any) -> Any:
    """Return a field of a record as JSON knows it."""
    if isinstance(value, Finding):
        return {name: plain(getattr(value, name)) for name in ("code", "severity", "file", "message")}
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(each) for each in value]
    if value is None or isinstance(value, (str, int, float)):
        return str(value) if isinstance(value, StrEnum) else value
    named = {name: getattr(value, name) for name in FILE_KEYS}
    return {name: each for name, each in named.items() if each is not None}


def parse_record(content: bytes) -> Record | None:
    """Return the record that bytes hold; None where they hold nothing that can be trusted to be one."""
    try:
        return record_of(json.loads(content.decode("ascii")))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
        return None


def record_of(document: Any) -> Record:
    """Build a record from parsed JSON.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: it is none.
    """
    inputs = {Modality(name): file_of(each) for name, each in document.get("inputs", {}).items()}
    optional: dict[str, Any] = {name: text(document[name]) for name in TEXTS if name in document}
    optional |= {name: file_of(document[name]) for name in FILES if name in document}
    return Record(
        id=text(document["id"]),
        status=RecordStatus(document["status"]),
        findings=tuple(finding_of(each) for each in document["findings"]),
        folders=tuple(text(each) for each in document.get("folders", ())),
        inputs=inputs,
        bundle=bundle_of(document.get("bundle", {})),
        settings=dict(document["settings"]) if "settings" in document else None,
        volumes_ml={Region(key): float(value) for key, value in document.get("volumes_ml", {}).items()},
        volume_intervals_ml={
            Region(key): (float(low), float(high))
            for key, (low, high) in document.get("volume_intervals_ml", {}).items()
        },
        review=dict(document.get("review", {})),
        seconds={text(key): float(value) for key, value in document.get("seconds", {}).items()},
        versions={text(key): text(value) for key, value in document["versions"].items()},
        **optional,
    )


def bundle_of(document: Any) -> dict[str, Any]:
    """Build the entry of a bundle, or of several, from parsed JSON."""
    texts = {text(key): text(value) for key, value in document.items() if key != "members"}
    members = [bundle_of(each) for each in document.get("members", ())]
    return {**texts, "members": members} if members else texts


def text(value: Any) -> str:
    """Return a value that must be text.

    Raises:
        TypeError: it is not.
    """
    if not isinstance(value, str):
        raise TypeError(f"not text: {type(value).__name__}")
    return value


def file_of(document: Any) -> RecordedFile:
    """Build a file's entry from parsed JSON."""
    counts = {name: int(document[name]) for name in FILE_KEYS[2:] if name in document}
    return RecordedFile(text(document["file"]), text(document["sha256"]), **counts)


def finding_of(document: Any) -> Finding:
    """Build a finding from parsed JSON."""
    file = document.get("file")
    severity = Severity(document["severity"])
    return Finding(text(document["code"]), severity, text(document["message"]), None if file is None else text(file))
