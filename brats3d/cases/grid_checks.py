"""Checks that need no voxels: do the files of a case lie on one grid, and is it one that can be segmented?"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from brats3d.cases.placement import is_placed
from brats3d.cases.remarks import case_fault, warning
from brats3d.errors import Finding, bad_input
from brats3d.grid import Grid, corner_shift_mm
from brats3d.vocabulary import MODALITY_TITLES, Modality

SAME_GRID_MM = 0.01
NEAR_GRID_MM = 0.5
LEAST_VOXELS = 8
USUAL_SPACING_MM = (0.9, 1.1)
LEAST_EXTENT_MM, MOST_EXTENT_MM = 8.0, 1000.0
MOST_VOLUME_ML = 512**3 / 1000
"""Resampled to 1 mm it would have more voxels than are read."""


@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """Flips and a permutation of axes: exact, no voxel is computed."""

    axes: tuple[int, int, int]
    """Which stored axis comes first, second, third."""
    is_flipped: tuple[bool, bool, bool]
    """Whether each of the axes then runs backwards."""

    def of(self, stored: NDArray[np.generic]) -> NDArray[np.generic]:
        """Return a view of (X, Y, Z) along the new axes."""
        steps = tuple(slice(None, None, -1 if flipped else 1) for flipped in self.is_flipped)
        return stored.transpose(self.axes)[steps]

    def of_grid(self, grid: Grid) -> Grid:
        """Return the grid of the turned volume; its placement stays the file's."""
        matrix = np.eye(4)
        matrix[:3, :3] = 0
        for new, (old, flipped) in enumerate(zip(self.axes, self.is_flipped, strict=True)):
            matrix[old, new] = -1 if flipped else 1
            matrix[old, 3] = grid.shape[old] - 1 if flipped else 0
        shape = (grid.shape[self.axes[0]], grid.shape[self.axes[1]], grid.shape[self.axes[2]])
        return replace(grid, shape=shape, affine=grid.affine @ matrix)


STRAIGHT = Turn((0, 1, 2), (False, False, False))


def turn_onto(grid: Grid, target: Grid) -> Turn:
    """Return the flips and permutation that bring a grid's axes nearest to the axes of another."""
    relative = np.linalg.solve(target.affine[:3, :3] / target.spacing_mm, grid.affine[:3, :3] / grid.spacing_mm)
    axes = [int(np.abs(relative[row]).argmax()) for row in range(3)]
    if sorted(axes) != [0, 1, 2]:
        return STRAIGHT
    flips = [bool(relative[row, axis] < 0) for row, axis in enumerate(axes)]
    return Turn((axes[0], axes[1], axes[2]), (flips[0], flips[1], flips[2]))


def judge_grid(
    grid: Grid, target: Grid, name: str, target_title: str, remedy: str = "co-register the modalities first"
) -> Finding | None:
    """Return what is wrong with a file's grid where another grid is expected, or None.

    Args:
        grid: of the file, as stored.
        target: the grid it must lie on once turned.
        name: how messages call the file.
        target_title: how messages call the file of `target`.
        remedy: what to do where they differ.
    """
    if is_placed(grid) != is_placed(target):
        one, other = ("it has", "has none") if is_placed(grid) else ("it has no", "has one")
        fault = f"its position in space is unknown: {one} sform or qform where {target_title} {other}"
        return bad_input("grid", name, fault, "convert it again, so that all files carry an affine").finding
    turned = turn_onto(grid, target).of_grid(grid)
    if turned.shape != target.shape:
        fault = f"its grid has shape {turned.shape} where {target_title} has {target.shape}"
        return bad_input("grid", name, fault, remedy).finding
    shift = corner_shift_mm(turned, target)
    if not shift <= NEAR_GRID_MM:
        fault = f"its grid lies up to {shift:.2f} mm from that of {target_title} (its affine is another)"
        return bad_input("grid", name, fault, remedy).finding
    if shift > SAME_GRID_MM:
        fault = f"its grid lies {shift:.2f} mm from that of {target_title}"
        return warning("grid-near", name, fault, "less than half a voxel: taken as the same grid")
    return None


@dataclass(frozen=True, slots=True, eq=False)
class GridReading:
    """What the grid checks look at."""

    where: str
    """How messages call the case."""
    grids: Mapping[Modality, Grid]
    """Of each file, as stored."""
    names: Mapping[Modality, str]
    """How messages call each file."""

    @property
    def first(self) -> Modality:
        """The first modality present: its grid is the case's."""
        return next(iter(self.grids))

    @property
    def grid(self) -> Grid:
        """The grid of the case."""
        return self.grids[self.first]


def one_grid(reading: GridReading) -> Iterator[Finding]:
    """All files lie on the grid of the first, turned at most."""
    unplaced = [modality for modality, grid in reading.grids.items() if not is_placed(grid)]
    if unplaced and len(unplaced) < len(reading.grids):
        for modality in unplaced:
            fault = "its position in space is unknown: no sform and no qform, which other modalities have"
            remedy = "convert it again, so that all files carry an affine"
            yield bad_input("grid", reading.names[modality], fault, remedy).finding
        return
    for modality, grid in reading.grids.items():
        finding = judge_grid(grid, reading.grid, reading.names[modality], MODALITY_TITLES[reading.first])
        if finding is not None:
            yield finding


def placed_at_all(reading: GridReading) -> Iterator[Finding]:
    """Some file says where it lies."""
    if not any(is_placed(grid) for grid in reading.grids.values()):
        fault = "no file has an sform or qform: its orientation, and which side is left, are unknown"
        remedy = "it is taken to lie as BraTS patients do (LPS); convert it again from the source if it may not"
        yield warning("unplaced", None, f"{reading.where}: {fault}", remedy)


def large_enough(reading: GridReading) -> Iterator[Finding]:
    """Each axis has voxels and millimetres enough, and not too many millimetres."""
    shape, spacing = reading.grid.shape, reading.grid.spacing_mm
    extent = [count * length for count, length in zip(shape, spacing, strict=True)]
    said = " x ".join(f"{length:.4g}" for length in extent)
    if min(shape) < LEAST_VOXELS:
        fault = f"its shape {shape} is too small: each axis needs {LEAST_VOXELS} voxels (a slice is not enough)"
        yield case_fault("too-small", reading.where, fault, "give the whole volume")
    elif min(extent) < LEAST_EXTENT_MM:
        fault = f"it measures {said} mm, which is too small for a brain"
        yield case_fault("too-small", reading.where, fault, "check the voxel size in its header")
    elif max(extent) > MOST_EXTENT_MM or np.prod(extent) / 1000 > MOST_VOLUME_ML:
        fault = f"it measures {said} mm, which is too large for a head"
        yield case_fault("too-large", reading.where, fault, "check the voxel size in its header")


def usual_spacing(reading: GridReading) -> Iterator[Finding]:
    """The voxels are about 1 mm wide."""
    low, high = USUAL_SPACING_MM
    if any(not low <= length <= high for length in reading.grid.spacing_mm):
        said = " x ".join(f"{length:.3g}" for length in reading.grid.spacing_mm)
        fault = f"the voxel size is {said} mm where the network expects 1 mm"
        yield warning("spacing-unusual", None, f"{reading.where}: {fault}", "resampled, and the mask brought back")


GRID_CHECKS: tuple[Callable[[GridReading], Iterator[Finding]], ...] = (
    placed_at_all,
    large_enough,
    one_grid,
    usual_spacing,
)
"""In the order in which they are made."""
