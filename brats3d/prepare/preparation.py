"""What every case gets before a network sees it, and the way back to the patient's own grid."""

from dataclasses import asdict, dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from brats3d.cases.read import Volumes
from brats3d.errors import RequestError, nearest_name
from brats3d.grid import Box, Grid, Shape
from brats3d.labels import LabelScheme, to_region_maps
from brats3d.prepare.foreground import brain_box, foreground
from brats3d.prepare.normalise import z_score
from brats3d.prepare.orient import Turn, turn_of, turned
from brats3d.prepare.resample import needs_resampling, resample, resampled_shape
from brats3d.settings import is_number, is_pair

Value = TypeVar("Value", bound=np.generic)

PREPARATION_VERSION = 1
"""Goes up whenever the same settings would give other voxels."""


@dataclass(frozen=True, slots=True)
class Preparation:
    """The settings of a bundle's preparation."""

    version: int = PREPARATION_VERSION
    """Which code the network was trained behind."""
    spacing_mm: float = 1.0
    """Spacing of the network's input along every axis."""
    percentiles: tuple[float, float] = (0.05, 99.95)
    """Values of a modality are bent back to these percentiles of its non-zero voxels."""

    @classmethod
    def from_settings(cls, settings: dict[str, Any]) -> "Preparation":
        """Return the preparation that plain data describes.

        Raises:
            RequestError: an unknown key, a version this program does not know, or a value out of range.
        """
        known: dict[str, Any] = asdict(cls())
        for key in settings:
            if key not in known:
                raise RequestError(f"unknown key 'preparation.{key}'{nearest_name(key, known)}")
        filled = {**known, **settings}
        if filled["version"] != PREPARATION_VERSION or type(filled["version"]) is not int:
            raise RequestError(f"preparation version {filled['version']!r}: this brats3d knows {PREPARATION_VERSION}")
        spacing, percentiles = filled["spacing_mm"], filled["percentiles"]
        if not is_number(spacing) or not 0.1 <= spacing <= 10:
            raise RequestError(f"preparation.spacing_mm is {spacing!r}: it must be a number from 0.1 to 10")
        if not is_pair(percentiles) or not 0 <= percentiles[0] < percentiles[1] <= 100:
            raise RequestError(f"preparation.percentiles is {percentiles!r}: it must be low and high, 0 to 100")
        return cls(PREPARATION_VERSION, float(spacing), (float(percentiles[0]), float(percentiles[1])))

    def as_settings(self) -> dict[str, Any]:
        """Return the plain data that `from_settings` reads."""
        return {**asdict(self), "percentiles": list(self.percentiles)}


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A case as a network sees it, and what leads back."""

    data: NDArray[np.float32]
    """(M, x, y, z): the brain box on RAS axes at the preparation's spacing, z-scored, 0 outside the brain."""
    grid: Grid
    """The patient's own grid, (X, Y, Z)."""
    turn: Turn
    """Between the patient's axes and RAS."""
    box: Box
    """The brain box on RAS axes at the patient's own spacing."""
    box_shape: Shape
    """Voxels of the box on RAS axes at the patient's own spacing."""


def prepare(volumes: Volumes, preparation: Preparation) -> Prepared:
    """Take a case from volumes to network input: RAS axes, brain box, z-score, spacing.

    Args:
        volumes: (M, X, Y, Z) on the patient's grid.
        preparation: the bundle's settings.

    Returns:
        The box of the brain; nothing outside it is ever computed.

    Raises:
        ValueError: no voxel of any modality differs from 0.
    """
    turn = turn_of(volumes.grid.affine)
    ras = turned(volumes.data, turn.to_ras)
    box = brain_box(foreground(ras))
    cut = ras[(slice(None), *box)]
    scored = np.stack([z_score(volume, preparation.percentiles) for volume in cut])
    box_shape = scored.shape[1:]
    shape = target_shape(volumes.grid, turn, box_shape, preparation)
    if shape != box_shape:
        scored = np.stack([resample_brain(volume, shape) for volume in scored])
    return Prepared(scored, volumes.grid, turn, box, box_shape)


def target_shape(grid: Grid, turn: Turn, box_shape: Shape, preparation: Preparation) -> Shape:
    """Return the voxels of the box at the preparation's spacing; its own where that is near enough."""
    by_ras_axis = {axis: spacing for (axis, _), spacing in zip(turn.to_ras, grid.spacing_mm, strict=True)}
    spacing_mm = (by_ras_axis[0], by_ras_axis[1], by_ras_axis[2])
    if not needs_resampling(spacing_mm, preparation.spacing_mm):
        return box_shape
    return resampled_shape(box_shape, spacing_mm, preparation.spacing_mm)


def resample_brain(volume: NDArray[np.float32], shape: Shape) -> NDArray[np.float32]:
    """Return a z-scored modality at another spacing, with the background exactly 0 again."""
    inside = resample((volume != 0).astype(np.float32), shape) >= 0.5
    return np.where(inside, resample(volume, shape), np.float32(0))


def prepare_reference(label_map: NDArray[np.uint8], prepared: Prepared, scheme: LabelScheme) -> NDArray[np.uint8]:
    """Return the region maps of a reference where `prepare` put its case.

    Args:
        label_map: (X, Y, Z) on the patient's grid.
        prepared: the same case's network input.
        scheme: what the labels mean.

    Returns:
        0 or 1, (3, x, y, z): WT, TC, ET.
    """
    cut = reference_of_box(label_map, prepared)
    maps = to_region_maps(cut, scheme)
    shape = prepared.data.shape[1:]
    if shape != cut.shape:
        maps = np.stack([resample(each.astype(np.float32), shape) >= 0.5 for each in maps])
    return maps.astype(np.uint8)


def reference_of_box(label_map: NDArray[np.uint8], prepared: Prepared) -> NDArray[np.uint8]:
    """Return what of a reference lies in the brain box, (x, y, z) on RAS axes at the patient's own spacing.

    Args:
        label_map: (X, Y, Z) on the patient's grid.
        prepared: the same case's network input.
    """
    return turned(label_map, prepared.turn.to_ras)[prepared.box]


def to_patient_box(probabilities: NDArray[np.float32], prepared: Prepared) -> NDArray[np.float32]:
    """Return probabilities at the patient's own spacing, still in the brain box on RAS axes.

    Args:
        probabilities: (3, x, y, z) as the network saw the case.
        prepared: the case's network input.

    Returns:
        (3, *box_shape); interpolated linearly where the spacing was changed, else the same array.
    """
    if probabilities.shape[1:] == prepared.box_shape:
        return probabilities
    return np.stack([resample(each, prepared.box_shape) for each in probabilities])


def foreground_of_box(prepared: Prepared) -> NDArray[np.bool_]:
    """Return where any modality differs from 0, in the brain box at the patient's own spacing, (x, y, z).

    Where the spacing was changed, the foreground comes back as probabilities do.
    """
    inside = foreground(prepared.data)
    if inside.shape == prepared.box_shape:
        return inside
    return resample(inside.astype(np.float32), prepared.box_shape) >= 0.5


def out_of_box(inside: NDArray[Value], prepared: Prepared) -> NDArray[Value]:
    """Return what lies in the brain box on the patient's whole grid and axes, 0 around it.

    Args:
        inside: (..., *box_shape) on RAS axes.
        prepared: the case's network input.

    Returns:
        (..., X, Y, Z), contiguous.
    """
    ras_shape = [0, 0, 0]
    for (axis, _), voxels in zip(prepared.turn.to_ras, prepared.grid.shape, strict=True):
        ras_shape[axis] = voxels
    whole = np.zeros((*inside.shape[:-3], *ras_shape), inside.dtype)
    whole[(..., *prepared.box)] = inside
    return np.ascontiguousarray(turned(whole, prepared.turn.from_ras))
