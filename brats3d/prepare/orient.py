"""Turning arrays to RAS axes and back, by flips and permutations alone."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from nibabel.orientations import apply_orientation, io_orientation, ornt_transform
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Turn:
    """The way between a patient's own axes and the nearest RAS axes."""

    to_ras: tuple[tuple[int, int], ...]
    """For each own axis: the RAS axis it becomes, and 1 or -1 for its direction."""
    from_ras: tuple[tuple[int, int], ...]
    """The same, backwards."""


def turn_of(affine: NDArray[np.float64]) -> Turn:
    """Return the turn to the RAS axes nearest to those of an affine.

    Args:
        affine: (4, 4), voxel index to RAS millimetres.
    """
    ornt = io_orientation(affine)  # type: ignore[no-untyped-call]
    back = ornt_transform(np.array([[0, 1], [1, 1], [2, 1]]), ornt)  # type: ignore[no-untyped-call]
    return Turn(as_rows(ornt), as_rows(back))


def as_rows(ornt: NDArray[Any]) -> tuple[tuple[int, int], ...]:
    """Return nibabel's float table as whole numbers."""
    return tuple((int(axis), int(direction)) for axis, direction in ornt)


def turned(array: NDArray[Any], rows: tuple[tuple[int, int], ...]) -> NDArray[Any]:
    """Return a view of (..., X, Y, Z) with its last three axes turned.

    Args:
        array: any number of leading axes.
        rows: `Turn.to_ras` or `Turn.from_ras`.
    """
    moved = np.moveaxis(array, (-3, -2, -1), (0, 1, 2))
    changed = np.asarray(apply_orientation(moved, np.array(rows)))  # type: ignore[no-untyped-call]
    return np.moveaxis(changed, (0, 1, 2), (-3, -2, -1))
