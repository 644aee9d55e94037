"""From probabilities to a label map on the patient's own grid: thresholds, nesting, the small-ET rule, way back."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brats3d.errors import Finding, SegmentationFailed
from brats3d.grid import Grid
from brats3d.labels import LabelScheme, to_label_map, to_region_maps
from brats3d.prepare import Prepared, out_of_box, to_patient_box
from brats3d.vocabulary import REGIONS, Region, Severity

NOT_FINITE = Finding(
    "output-not-finite",
    Severity.ERROR,
    "the probabilities are not finite, so no mask is written; try --precision float32, or check the bundle",
)
EMPTY = Finding(
    "empty-mask",
    Severity.WARNING,
    "the mask is empty: no tumour was found; look at the case before believing it",
)


@dataclass(frozen=True, slots=True, eq=False)
class Finished:
    """A label map, and what is to be said of it."""

    label_map: NDArray[np.uint8]
    """(X, Y, Z) on the patient's grid."""
    label_scheme: LabelScheme
    """What its labels mean."""
    findings: tuple[Finding, ...]
    """Warnings."""


def finish(
    probabilities: NDArray[np.float32],
    prepared: Prepared,
    thresholds: Mapping[Region, float],
    smallest_enhancing_ml: float,
    scheme: LabelScheme,
) -> Finished:
    """Turn probabilities into the label map that is written.

    Where the spacing was changed, the probabilities are first brought back linearly, so that every rule below works on
    the patient's own voxels. Thresholds and volume are worked out in the brain box; around it everything is 0.

    Args:
        probabilities: (3, x, y, z), R in the order of `Region`, 0 to 1, as the network saw the case.
        prepared: the case's network input.
        thresholds: a voxel is in a region where its probability is above this.
        smallest_enhancing_ml: enhancing tumour of less than this in all becomes necrosis; 0 keeps it.
        scheme: the labels to write.

    Raises:
        SegmentationFailed: a probability is not finite: NaN is above no threshold and would be an empty mask.
    """
    if not np.isfinite(probabilities).all():
        raise SegmentationFailed(NOT_FINITE)
    regions = nested(to_patient_box(probabilities, prepared), thresholds)
    findings = drop_small_enhancing(regions, smallest_enhancing_ml, prepared.grid.voxel_ml)
    if not regions.any():
        findings = (*findings, EMPTY)
    return Finished(out_of_box(to_label_map(regions, scheme), prepared), scheme, findings)


def nested(probabilities: NDArray[np.float32], thresholds: Mapping[Region, float]) -> NDArray[np.bool_]:
    """Return region maps in which each region lies inside the one before.

    An inner region draws the outer ones with it: where enhancing tumour is found outside the core, it is core too.

    Args:
        probabilities: (3, X, Y, Z).
        thresholds: one for each region.

    Returns:
        (3, X, Y, Z).
    """
    whole, core, enhancing = (
        probability > np.float32(thresholds[region]) for region, probability in zip(REGIONS, probabilities, strict=True)
    )
    core |= enhancing
    whole |= core
    return np.stack([whole, core, enhancing])


def drop_small_enhancing(regions: NDArray[np.bool_], smallest_ml: float, voxel_ml: float) -> tuple[Finding, ...]:
    """Clear ET in place where all of it together is smaller than `smallest_ml`; it stays in TC, hence necrosis.

    From Isensee 2020 (nnU-Net for BraTS): a stray voxel where the reference has none scores Dice 0.

    Args:
        regions: (3, X, Y, Z), changed in place.
        smallest_ml: millilitres; exactly this much stays.
        voxel_ml: millilitres a voxel.

    Returns:
        A warning where something was cleared.
    """
    enhancing = regions[REGIONS.index(Region.ET)]
    volume_ml = int(np.count_nonzero(enhancing)) * voxel_ml
    if not 0 < volume_ml < smallest_ml:
        return ()
    enhancing[:] = False
    words = f"{volume_ml:.3f} ml of enhancing tumour were found, less than the bundle's {smallest_ml:g} ml"
    return (Finding("small-enhancing", Severity.WARNING, f"{words}; they are written as necrosis"),)


def volumes_ml(label_map: NDArray[np.uint8], grid: Grid, scheme: LabelScheme) -> dict[Region, float]:
    """Return each region's volume in millilitres.

    Args:
        label_map: (X, Y, Z), labels of `scheme`.
        grid: where it lies.
        scheme: what the labels mean.
    """
    maps = to_region_maps(label_map, scheme)
    return {region: int(np.count_nonzero(each)) * grid.voxel_ml for region, each in zip(REGIONS, maps, strict=True)}
