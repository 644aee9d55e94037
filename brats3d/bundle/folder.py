"""A bundle on disk: where it lies, what it is, and whether its weights are the ones its metadata names."""

import hashlib
import importlib.resources
import json
import logging
import stat
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from brats3d.bundle.definition import Definition, check_definition
from brats3d.bundle.plain import MAX_BYTES, read_plain_yaml
from brats3d.errors import BundleError

LOG = logging.getLogger(__name__)
DEFAULT_BUNDLE = "unet"
"""The shipped bundle that is used where none is named."""

COMMON_FILE = "configs/common.yaml"
METADATA_FILE = "configs/metadata.json"
WEIGHTS_FILE = "models/model.pt"
FILES = (
    COMMON_FILE,
    METADATA_FILE,
    WEIGHTS_FILE,
    "configs/train.yaml",
    "configs/evaluate.yaml",
    "configs/inference.yaml",
    "configs/multi_gpu_train.yaml",
    "docs/README.md",
    "LICENSE",
)
"""What a whole bundle holds; the first three are what segmenting needs."""

MAX_METADATA_BYTES = 4 * 1024 * 1024
MAX_WEIGHTS_BYTES = 1024**3

STRANGER = (
    "Running a bundle with MONAI runs program code with your rights. Do so only if you trust who made it. "
    "Its SHA-256 is {sha256}; compare it with the publisher's."
)
"""What the docs of every bundle say; `brats3d` itself never executes one."""


@dataclass(frozen=True, slots=True)
class BundleIdentity:
    """What a record says of the bundle that made a mask."""

    name: str
    version: str
    sha256: str
    """Covers `common.yaml` and `model.pt`; of several bundles, the hashes of all."""
    members: tuple["BundleIdentity", ...] = ()
    """Each of several bundles whose logits were averaged; empty for one alone."""

    def as_record(self) -> dict[str, Any]:
        """Return the plain data of the record."""
        alone = {"name": self.name, "version": self.version, "sha256": self.sha256}
        return alone if not self.members else {**alone, "members": [each.as_record() for each in self.members]}


@dataclass(frozen=True, slots=True)
class Bundle(Definition):
    """An opened bundle: its definition, where it lies, and what proves its weights."""

    folder: Path
    version: str
    sha256: str
    """Covers `common.yaml` and `model.pt`."""
    weights_bytes: int
    weights_sha256: str
    metadata: Mapping[str, Any]
    """All of `metadata.json`."""

    @property
    def identity(self) -> BundleIdentity:
        """Name, version and hash."""
        return BundleIdentity(self.name, self.version, self.sha256)

    @property
    def missing_files(self) -> tuple[str, ...]:
        """What a whole bundle holds and this one lacks; segmenting does without."""
        return tuple(name for name in FILES if not (self.folder / name).is_file())

    def weights(self) -> bytes:
        """Return the bytes of `model.pt`, proven to be those that `metadata.json` names.

        Raises:
            BundleError: their number or SHA-256 differs.
        """
        return proven_weights(self.folder, self.weights_bytes, self.weights_sha256)


def shipped_bundles() -> list[str]:
    """Return the names of the bundles that come with brats3d, sorted."""
    return sorted(path.parent.parent.name for path in shipped_folder().glob(f"*/{COMMON_FILE}"))


def shipped_folder() -> Path:
    """Return where the shipped bundles lie, in a wheel as in an editable install."""
    return Path(str(importlib.resources.files("brats3d.bundles")))


def find_bundle(bundle: str | Path) -> Path:
    """Return the folder of a bundle: a name is that of a shipped one first, then a folder; a `Path` is a folder.

    Raises:
        BundleError: there is neither; the message lists what is shipped.
    """
    shipped = shipped_bundles()
    if isinstance(bundle, str) and bundle in shipped:
        return shipped_folder() / bundle
    folder = Path(bundle)
    if not folder.is_dir():
        names = f"shipped are {', '.join(shipped)}" if shipped else "none is shipped"
        raise BundleError(f"bundle {str(bundle)!r}: no such bundle or folder; {names}")
    return folder


def open_bundle(bundle: str | Path) -> Bundle:
    """Open a bundle without executing anything of it; torch is not imported.

    Args:
        bundle: the name of a shipped bundle, or a folder.

    Raises:
        BundleError: it is missing, damaged or refused; the message names the file and the fault.
    """
    folder = find_bundle(bundle)
    common = read_bounded(folder, COMMON_FILE, MAX_BYTES)
    try:
        definition = check_definition(read_plain_yaml(common))
    except BundleError as error:
        raise BundleError(f"bundle {folder.name}: {COMMON_FILE}: {error}") from error
    metadata = read_metadata(folder)
    version, size, sha256 = weights_claim(folder, metadata)
    proven_weights(folder, size, sha256)
    LOG.info("bundle %s: %s, weights of %d bytes, SHA-256 %s", folder.name, folder, size, sha256)
    values = {field.name: getattr(definition, field.name) for field in fields(Definition)}
    return Bundle(
        **values,
        folder=folder,
        version=version,
        sha256=bundle_sha256(common, sha256),
        weights_bytes=size,
        weights_sha256=sha256,
        metadata=metadata,
    )


def bundle_sha256(common: bytes, weights_sha256: str) -> str:
    """Return the hash of a bundle's identity: SHA-256 of the two hex digests, of `common.yaml` and of `model.pt`."""
    return hashlib.sha256(f"{hashlib.sha256(common).hexdigest()}{weights_sha256}".encode("ascii")).hexdigest()


def read_bounded(folder: Path, name: str, limit: int) -> bytes:
    """Return the bytes of a regular file of a bundle, at most `limit`.

    Raises:
        BundleError: it is missing, no regular file (a pipe would block for ever), too large or unreadable.
    """
    path = folder / name
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise BundleError(f"bundle {folder.name}: {name} is no regular file; fetch the bundle again")
        with path.open("rb") as file:
            data = file.read(min(status.st_size, limit) + 1)
    except FileNotFoundError as error:
        remedy = "name a folder that `brats3d train` wrote, or fetch the bundle again"
        raise BundleError(f"bundle {folder.name}: it has no {name}; {remedy}") from error
    except OSError as error:
        raise BundleError(f"bundle {folder.name}: {name}: {error.strerror}; fetch the bundle again") from error
    if len(data) > limit:
        raise BundleError(f"bundle {folder.name}: {name} is larger than {limit} bytes, the most that is read")
    return data


def read_metadata(folder: Path) -> dict[str, Any]:
    """Return `metadata.json`.

    Raises:
        BundleError: it is no JSON object.
    """
    data = read_bounded(folder, METADATA_FILE, MAX_METADATA_BYTES)
    try:
        metadata = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"bundle {folder.name}: {METADATA_FILE} is no JSON: {error}; fetch it again") from error
    if not isinstance(metadata, dict):
        raise BundleError(f"bundle {folder.name}: {METADATA_FILE} holds no keys at its top")
    return metadata


def weights_claim(folder: Path, metadata: Mapping[str, Any]) -> tuple[str, int, str]:
    """Return the version, and the size and SHA-256 that the metadata claims for the weights."""
    about = metadata.get("brats3d")
    entry = about.get("weights") if isinstance(about, dict) else None
    version = metadata.get("version")
    whole = (
        isinstance(version, str)
        and isinstance(entry, dict)
        and entry.get("file") == WEIGHTS_FILE
        and type(entry.get("bytes")) is int
        and isinstance(entry.get("sha256"), str)
    )
    if entry is None and not (folder / WEIGHTS_FILE).exists():
        words = "its training has not come to its end; go on with brats3d train and --resume"
        raise BundleError(f"bundle {folder.name}: there is no {WEIGHTS_FILE}: {words}")
    if not whole or not isinstance(entry, dict):
        wanted = f'"version" and "brats3d": {{"weights": {{"file": "{WEIGHTS_FILE}", "bytes", "sha256"}}}}'
        raise BundleError(f"bundle {folder.name}: {METADATA_FILE} lacks {wanted}; fetch the bundle again")
    return str(version), int(entry["bytes"]), str(entry["sha256"])


def proven_weights(folder: Path, size: int, sha256: str) -> bytes:
    """Return the bytes of `model.pt` after their number and SHA-256 were compared.

    Neither torch's format nor safetensors notices a flipped bit, so no parser sees bytes that were not proven.
    """
    data = read_bounded(folder, WEIGHTS_FILE, MAX_WEIGHTS_BYTES)
    where = f"bundle {folder.name}: {WEIGHTS_FILE}"
    if len(data) != size:
        raise BundleError(f"{where} has {len(data)} bytes where {METADATA_FILE} names {size}; fetch the bundle again")
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        short = f"{found[:12]}… where {METADATA_FILE} names {sha256[:12]}…"
        raise BundleError(f"{where} is damaged: its SHA-256 is {short}; fetch the bundle again")
    return data
