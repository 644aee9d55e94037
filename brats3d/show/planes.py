"""Cutting slices out of a case as they are looked at: which axis runs where, and what stands at the edges."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brats3d.show.view import CaseView
from brats3d.vocabulary import Modality


class Orientation(StrEnum):
    """From where axial and coronal slices are looked at."""

    RADIOLOGICAL = "radiological"
    """From the feet and from the front: the patient's left is on the viewer's right."""
    NEUROLOGICAL = "neurological"
    """From above and from behind: left is left."""


@dataclass(frozen=True, slots=True)
class Plane:
    """One way of cutting, in RAS axes: 0 towards the right, 1 to the front, 2 upwards."""

    name: str
    axis: int
    """The axis that is cut across."""
    across: int
    """The axis that lies level in the picture."""
    up: int
    """The axis that stands upright; its high end is at the top."""


AXIAL = Plane("axial", axis=2, across=0, up=1)
CORONAL = Plane("coronal", axis=1, across=0, up=2)
SAGITTAL = Plane("sagittal", axis=0, across=1, up=2)
PLANES = (AXIAL, CORONAL, SAGITTAL)


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """One slice as it is looked at: row 0 is at the top, column 0 on the viewer's left."""

    greys: Mapping[Modality, NDArray[np.float32]]
    """(rows, columns) of each modality, 0 to 1."""
    prediction: NDArray[np.bool_]
    """(3, rows, columns)."""
    reference: NDArray[np.bool_] | None
    """(3, rows, columns)."""
    pixel_mm: tuple[float, float]
    """Height and width of a pixel."""
    marks: tuple[str, str]
    """What lies at the viewer's left and right: L and R of the patient, or A (front) and P (back)."""

    @property
    def size_mm(self) -> tuple[float, float]:
        """Height and width."""
        rows, columns = self.prediction.shape[1:]
        return rows * self.pixel_mm[0], columns * self.pixel_mm[1]


def slice_of(view: CaseView, plane: Plane, orientation: Orientation = Orientation.RADIOLOGICAL) -> Slice:
    """Return the slice of a case in one plane, through the tumour's largest cross-section, trimmed to what is in it."""
    index = view.focus[plane.axis]
    greys = {modality: cut(volume, plane, index, orientation) for modality, volume in view.greys.items()}
    prediction = cut(view.prediction, plane, index, orientation)
    reference = None if view.reference is None else cut(view.reference, plane, index, orientation)
    regions = prediction if reference is None else prediction | reference
    filled = np.asarray(regions.any(axis=0) | np.stack(list(greys.values())).any(axis=0), np.bool_)
    box = filled_box(filled)
    return Slice(
        greys={modality: grey[box] for modality, grey in greys.items()},
        prediction=prediction[(slice(None), *box)],
        reference=None if reference is None else reference[(slice(None), *box)],
        pixel_mm=(view.spacing_mm[plane.up], view.spacing_mm[plane.across]),
        marks=marks_of(plane, orientation),
    )


def filled_box(filled: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Return the smallest block of rows and columns that holds all that is true; everything where nothing is."""
    if not filled.any():
        return slice(None), slice(None)
    rows, columns = (np.flatnonzero(filled.any(axis=axis)) for axis in (1, 0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def cut(array: NDArray[Any], plane: Plane, index: int, orientation: Orientation) -> NDArray[Any]:
    """Return a slice (..., rows, columns) of an array (..., X, Y, Z) on RAS axes."""
    axes = array.ndim - 3
    taken: NDArray[Any] = np.take(array, index, axis=axes + plane.axis)
    if plane.across < plane.up:
        taken = np.swapaxes(taken, -1, -2)
    taken = taken[..., ::-1, :]  # the high end of the upright axis goes to the top
    return taken[..., ::-1] if is_mirrored(plane, orientation) else taken


def is_mirrored(plane: Plane, orientation: Orientation) -> bool:
    """Return whether the level axis runs from its high end on the viewer's left to its low end.

    A sagittal slice always shows the face on the left; the patient's right is on the left in radiological slices.
    """
    return plane is SAGITTAL or orientation is Orientation.RADIOLOGICAL


def marks_of(plane: Plane, orientation: Orientation) -> tuple[str, str]:
    """Return what lies at the viewer's left and right."""
    low, high = ("P", "A") if plane is SAGITTAL else ("L", "R")
    return (high, low) if is_mirrored(plane, orientation) else (low, high)
