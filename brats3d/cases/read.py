"""Read the volumes of a case, proven whole and brought onto one grid; read label maps likewise."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from brats3d.cases.case import Case
from brats3d.cases.examine import examine, in_order
from brats3d.cases.file_bytes import read_bytes
from brats3d.cases.label_maps import MaskMap, ReferenceMap, read_mask, read_reference
from brats3d.errors import BadInput, Finding, bad_input
from brats3d.grid import Grid
from brats3d.vocabulary import MODALITIES, MODALITY_TITLES, Modality, Severity

__all__ = [
    "InputFile",
    "MaskMap",
    "ReferenceMap",
    "Volumes",
    "hash_inputs",
    "read_mask",
    "read_reference",
    "read_volumes",
]


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file that was read."""

    file: str
    """Relative to the folder it was found under, with `/`."""
    sha256: str
    """Of its bytes."""
    size_bytes: int
    channel: int | None = None
    """Which entry of the fourth axis was taken; None where the file holds one modality alone."""


@dataclass(frozen=True, slots=True, eq=False)
class Volumes:
    """What the network will see of a case, before it is prepared."""

    data: NDArray[np.float32]
    """(M, X, Y, Z) on the grid of the first modality as stored; finite. X runs fastest in memory, as in the files."""
    grid: Grid
    inputs: Mapping[Modality, InputFile]
    findings: tuple[Finding, ...]
    """Warnings, those of finding the case first."""


def read_volumes(case: Case, modalities: Sequence[Modality] = MODALITIES, *, allow_missing: bool = False) -> Volumes:
    """Return the volumes of a case, each file read once and proven whole.

    The reference is never opened: a bad one must not stop a segmentation.

    Args:
        case: as `find_cases` gives it.
        modalities: the channels wanted, in this order.
        allow_missing: a modality that the case lacks is a channel of zeros, as long as it has another of them.

    Raises:
        BadInput: the case is refused; the error is the first of its findings that refuses.
    """
    _refuse(case.findings)
    present = [modality for modality in modalities if modality in case.modalities]
    for modality in modalities:
        if modality not in present and not allow_missing:
            fault = f"{case.place}: {MODALITY_TITLES[modality]} is missing"
            raise bad_input("modality-missing", None, fault, "add it, or check the file names")
    examination = examine(case, modalities)
    _refuse(examination.findings)
    if examination.data is None or examination.grid is None:
        raise bad_input("no-image", None, f"{case.place}: no image was asked for", "name at least one modality")
    inputs = {}
    for modality in present:
        path = case.modalities[modality]
        image = examination.images[path]
        inputs[modality] = InputFile(case.relative(path), image.sha256, image.size_bytes, channel_of(case, modality))
    data = examination.data
    if len(present) < len(modalities):
        data = with_empty_channels(data, [modality in present for modality in modalities])
    return Volumes(data, examination.grid, inputs, examination.findings)


def with_empty_channels(data: NDArray[np.float32], is_present: Sequence[bool]) -> NDArray[np.float32]:
    """Return volumes with a channel of zeros for each modality that is not there.

    Args:
        data: (K, X, Y, Z), the K modalities present.
        is_present: M truths, K of them true.

    Returns:
        (M, X, Y, Z), laid out in memory like `data`.
    """
    memory = np.zeros((len(is_present), *data.shape[:0:-1]), np.float32)
    memory[np.flatnonzero(is_present)] = data.transpose(0, 3, 2, 1)
    return memory.transpose(0, 3, 2, 1)


def _refuse(findings: Sequence[Finding]) -> None:
    for finding in findings:
        if finding.severity is Severity.ERROR:
            raise BadInput(finding, findings)


def channel_of(case: Case, modality: Modality) -> int | None:
    """Return which entry of the image's fourth axis a modality is; None where it has a file of its own."""
    return None if case.channels is None else case.channels[modality]


def hash_inputs(case: Case, modalities: Sequence[Modality]) -> dict[Modality, InputFile]:
    """Return name, hash, size and channel of the file of each modality asked for; nothing is decoded.

    Args:
        case: as `find_cases` gives it.
        modalities: those the case lacks are passed over.

    Raises:
        BadInput: a file cannot be read.
    """
    wanted = {each: case.modalities[each] for each in modalities if each in case.modalities}
    paths = list(dict.fromkeys(wanted.values()))

    def hashed(index: int) -> InputFile:
        name = case.relative(paths[index])
        content = read_bytes(paths[index], name)
        return InputFile(name, hashlib.sha256(content).hexdigest(), len(content))

    files = dict(zip(paths, in_order(hashed, range(len(paths))), strict=True))
    return {each: replace(files[path], channel=channel_of(case, each)) for each, path in wanted.items()}
