"""Laying a mask on the grid of its reference: by flips and permutations alone, never by interpolation."""

import numpy as np
from numpy.typing import NDArray

from brats3d.cases.grid_checks import judge_grid, turn_onto
from brats3d.errors import BadInput, Finding
from brats3d.grid import Grid
from brats3d.vocabulary import Severity


def laid_on(
    label_map: NDArray[np.uint8], grid: Grid, target: Grid, name: str
) -> tuple[NDArray[np.uint8], tuple[Finding, ...]]:
    """Return a label map with its axes turned to those of another grid that covers the same voxels.

    Args:
        label_map: (X, Y, Z) on `grid`.
        grid: the mask's own.
        target: the reference's.
        name: how messages call the mask.

    Returns:
        The label map on `target`, and a warning where the corners are near but not equal.

    Raises:
        BadInput: it is another grid, by the rule that holds for the modalities of a case.
    """
    remark = judge_grid(grid, target, name, "its reference", "check that both are of the same patient")
    if remark is not None and remark.severity is Severity.ERROR:
        raise BadInput(remark)
    return np.asarray(turn_onto(grid, target).of(label_map), np.uint8), () if remark is None else (remark,)
