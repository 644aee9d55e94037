"""What a picture shows of one case: volumes, prediction, reference, on RAS axes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from brats3d.cases.case import Case
from brats3d.cases.read import read_mask, read_reference, read_volumes
from brats3d.grid import Grid, Spacing
from brats3d.labels import scheme_named, to_region_maps
from brats3d.prepare.foreground import brain_box, foreground
from brats3d.prepare.orient import turn_of, turned
from brats3d.scoring.align import laid_on
from brats3d.scoring.overlap import overlap
from brats3d.scoring.pairs import MaskFile, scheme_of
from brats3d.vocabulary import REGIONS, Modality, Region

RegionMaps = NDArray[np.bool_]
"""(3, X, Y, Z): WT, TC, ET."""

SHOWN = (Modality.FLAIR, Modality.T1CE)
"""Oedema is seen on the first, the core on the second."""
DARKEST = 0.06
"""The grey of the darkest brain, so that it stands out from the black around it."""
PERCENTILES = (0.5, 99.6)
"""Of a modality's non-zero voxels: what becomes darkest and white."""


@dataclass(frozen=True, slots=True, eq=False)
class CaseView:
    """A case with RAS axes, cut to its brain: X towards the right, Y to the front, Z upwards."""

    id: str
    greys: Mapping[Modality, NDArray[np.float32]]
    """(X, Y, Z) of each modality shown, 0 outside the brain, to 1."""
    spacing_mm: Spacing
    prediction: RegionMaps
    reference: RegionMaps | None
    volumes_ml: Mapping[Region, float]
    """Of the prediction, over the whole grid."""
    reference_ml: Mapping[Region, float] | None
    dice: Mapping[Region, float] | None
    """Over the whole grid; None where there is no reference."""

    @property
    def focus(self) -> tuple[int, int, int]:
        """The voxel whose three planes hold the largest cross-sections of the tumour, inner regions counting again.

        Prediction and reference count alike; where both are empty it is the middle.
        """
        depth = self.prediction.sum(axis=0, dtype=np.int32)
        if self.reference is not None:
            depth += self.reference.sum(axis=0, dtype=np.int32)
        if not depth.any():
            x, y, z = (count // 2 for count in depth.shape)
        else:
            x, y, z = (int(depth.sum(axis=others).argmax()) for others in ((1, 2), (0, 2), (0, 1)))
        return x, y, z


def view_of(
    case_id: str,
    volumes: Mapping[Modality, NDArray[np.float32]],
    grid: Grid,
    prediction: RegionMaps,
    reference: RegionMaps | None = None,
) -> CaseView:
    """Return what a picture shows of arrays.

    Args:
        case_id: stands in the title.
        volumes: (X, Y, Z) of at least one modality, 0 outside the brain; those of `SHOWN` are shown, or else the first.
        grid: of all the arrays.
        prediction: region maps (3, X, Y, Z).
        reference: region maps (3, X, Y, Z).

    Raises:
        ValueError: an array does not lie on the grid, there is no volume, or no voxel of any differs from 0.
    """
    maps = [prediction] if reference is None else [prediction, reference]
    for array in (*volumes.values(), *(region for each in maps for region in each)):
        if array.shape != grid.shape:
            raise ValueError(f"an array of shape {array.shape} does not lie on a grid of {grid.shape}")
    rows = turn_of(grid.affine).to_ras
    shown = [modality for modality in SHOWN if modality in volumes] or list(volumes)[:1]
    chosen = {modality: np.ascontiguousarray(turned(volumes[modality], rows)) for modality in shown}
    box = brain_box(foreground(np.stack(list(chosen.values())))) if chosen else None
    if box is None:
        raise ValueError("there is no volume to show")
    spacing = [0.0, 0.0, 0.0]
    for (axis, _), step in zip(rows, grid.spacing_mm, strict=True):
        spacing[axis] = step
    return CaseView(
        id=case_id,
        greys={modality: grey(volume[box]) for modality, volume in chosen.items()},
        spacing_mm=(spacing[0], spacing[1], spacing[2]),
        prediction=turned(prediction, rows)[(slice(None), *box)],
        reference=None if reference is None else turned(reference, rows)[(slice(None), *box)],
        volumes_ml=sizes_ml(prediction, grid),
        reference_ml=None if reference is None else sizes_ml(reference, grid),
        dice=None if reference is None else dice_of(prediction, reference),
    )


def read_view(case: Case, mask: Path) -> CaseView:
    """Return what a picture shows of a patient's files and a mask.

    Args:
        case: as `find_cases` gives it; its reference is shown where it has one.
        mask: a label map on the patient's grid; its sidecar, or else the case, says the label scheme.

    Raises:
        BadInput: a file is refused.
    """
    modalities = [modality for modality in SHOWN if modality in case.modalities] or list(case.modalities)[:1]
    volumes = read_volumes(case, modalities)
    scheme = scheme_named(scheme_of(MaskFile(mask, mask.name, case.label_scheme), "brats2020"))
    read = read_mask(mask, mask.name, scheme)
    label_map, _ = laid_on(read.label_map, read.grid, volumes.grid, mask.name)
    reference = None
    if case.reference is not None:
        drawn = read_reference(case, volumes.grid)
        reference = to_region_maps(drawn.label_map, drawn.scheme)
    by_modality = dict(zip(modalities, volumes.data, strict=True))
    return view_of(case.id, by_modality, volumes.grid, to_region_maps(label_map, scheme), reference)


def grey(volume: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a volume (X, Y, Z) as greys: 0 where it is 0, elsewhere from `DARKEST` to 1."""
    inside = volume != 0
    if not inside.any():
        return np.zeros(volume.shape, np.float32)
    low, high = np.percentile(volume[inside], PERCENTILES)
    share = np.clip((volume - low) / max(float(high - low), 1e-6), 0, 1)
    return np.where(inside, DARKEST + (1 - DARKEST) * share, 0).astype(np.float32)


def sizes_ml(region_maps: RegionMaps, grid: Grid) -> dict[Region, float]:
    """Return the volume of each region in millilitres."""
    return {
        region: int(np.count_nonzero(each)) * grid.voxel_ml for region, each in zip(REGIONS, region_maps, strict=True)
    }


def dice_of(prediction: RegionMaps, reference: RegionMaps) -> dict[Region, float]:
    """Return the Dice of each region, 0 to 1; of two empty ones 1."""
    pairs = zip(REGIONS, prediction, reference, strict=True)
    return {region: overlap(one, other).dice for region, one, other in pairs}
