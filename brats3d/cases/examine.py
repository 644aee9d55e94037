"""Read all files of a case and make every check: `cases` and `segment` see with these same eyes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from brats3d.cases.case import Case, worst
from brats3d.cases.grid_checks import GRID_CHECKS, GridReading, turn_onto
from brats3d.cases.nifti import ProvenImage, read_grid, read_nifti, write_real_values
from brats3d.cases.voxel_checks import VOXEL_CHECKS, VoxelReading
from brats3d.errors import BadInput, Finding
from brats3d.grid import Grid
from brats3d.vocabulary import CaseStatus, Modality, Severity

READERS = 2
"""Threads: zlib and numpy let go of the interpreter, and disks and processors saturate early."""

Content = TypeVar("Content")
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, eq=False)
class Examination:
    """What reading the files of a case came to."""

    findings: tuple[Finding, ...]
    """Those of finding the case first, then of each file, then of the files together."""
    grid: Grid | None = None
    """Of the first modality whose header could be read."""
    data: NDArray[np.float32] | None = None
    """(M, X, Y, Z) on that grid, finite; None where the case is refused or only headers were read."""
    images: Mapping[Path, ProvenImage] = field(default_factory=dict)
    """Each file as read; empty where only headers were read."""


@dataclass(frozen=True, slots=True, eq=False)
class FileRead:
    """What reading one file came to."""

    findings: tuple[Finding, ...]
    grid: Grid | None = None
    image: ProvenImage | None = None


def in_order(work: Callable[[Item], Content], items: Iterable[Item]) -> list[Content]:
    """Return the results of some threads in the order of the items, whatever the order in which they end."""
    with ThreadPoolExecutor(READERS) as pool:
        return list(pool.map(work, items))


def examine(case: Case, modalities: Sequence[Modality], *, quick: bool = False) -> Examination:
    """Read the files of a case and make every check.

    Args:
        case: as `find_cases` gives it.
        modalities: the modalities to read, in channel order; those the case lacks are passed over.
        quick: headers alone.
    """
    refused = {finding.file for finding in case.findings if finding.severity is Severity.ERROR}
    present = [each for each in modalities if each in case.modalities]
    present = [each for each in present if case.relative(case.modalities[each]) not in refused]
    files = list(dict.fromkeys(case.modalities[modality] for modality in present))
    reads = dict(zip(files, in_order(lambda path: _read(case, path, quick=quick), files), strict=True))
    findings = [*case.findings, *(finding for read in reads.values() for finding in read.findings)]
    grids = {each: grid for each in present if (grid := reads[case.modalities[each]].grid) is not None}
    if not grids:
        return Examination(tuple(findings))
    names = {modality: case.relative(case.modalities[modality]) for modality in grids}
    where = case.place
    grid_reading = GridReading(where, grids, names)
    findings += [finding for check in GRID_CHECKS for finding in check(grid_reading)]
    images = {path: read.image for path, read in reads.items() if read.image is not None}
    if quick or worst(tuple(findings)) is CaseStatus.REFUSED:
        return Examination(tuple(findings), grid_reading.grid, images=images)
    voxels = _voxels(case, where, present, images, grid_reading.grid)
    findings += [finding for check in VOXEL_CHECKS for finding in check(voxels.reading)]
    is_refused = worst(tuple(findings)) is CaseStatus.REFUSED
    return Examination(tuple(findings), grid_reading.grid, None if is_refused else voxels.data, images)


def _read(case: Case, path: Path, *, quick: bool) -> FileRead:
    name = case.relative(path)
    try:
        if quick:
            grid, findings = read_grid(path, name, channels=case.channel_count)
            return FileRead(findings, grid)
        image = read_nifti(path, name, channels=case.channel_count)
        return FileRead(image.findings, image.grid, image)
    except BadInput as refusal:
        return FileRead((refusal.finding,))


@dataclass(frozen=True, slots=True, eq=False)
class Voxels:
    """The volumes of a case, and the same memory as the checks look at it."""

    data: NDArray[np.float32]
    """(M, X, Y, Z); X runs fastest, as in the files."""
    reading: VoxelReading


def _voxels(
    case: Case, where: str, present: Sequence[Modality], images: Mapping[Path, ProvenImage], grid: Grid
) -> Voxels:
    # In the files' own order: turning each volume in memory would take longer than inflating it.
    shape = (grid.shape[2], grid.shape[1], grid.shape[0])
    memory = np.empty((len(present), *shape), np.float32)
    flat = memory.reshape(len(present), -1)

    def fill(index: int) -> tuple[float, float]:
        image = images[case.modalities[present[index]]]
        stored = image.stored if case.channels is None else image.stored[..., case.channels[present[index]]]
        turned = turn_onto(image.grid, grid).of(stored)
        write_real_values(turned, image.slope, image.intercept, memory[index].T)
        return float(flat[index].min()), float(flat[index].max())

    extremes = in_order(fill, range(len(present)))
    names = [case.relative(case.modalities[modality]) for modality in present]
    lows, highs = [low for low, _ in extremes], [high for _, high in extremes]
    return Voxels(memory.transpose(0, 3, 2, 1), VoxelReading(where, present, names, shape, list(flat), lows, highs))
