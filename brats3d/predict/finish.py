"""From probabilities to a label map on the patient's own grid: thresholds, nesting, islands, small ET, way back."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brats3d.bundle import NO_ISLANDS, Islands
from brats3d.errors import Finding, SegmentationFailed
from brats3d.labels import LabelScheme, to_label_map
from brats3d.predict.islands import drop_islands
from brats3d.predict.nested import nested
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
    "look at this one: the mask is empty, no tumour was found",
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
    regions: NDArray[np.bool_]
    """(3, x, y, z) of the label map, in the brain box on RAS axes at the patient's own spacing."""
    probabilities: NDArray[np.float32]
    """(3, x, y, z), 0 to 1, there too: what the regions were made of."""


def finish(
    probabilities: NDArray[np.float32],
    prepared: Prepared,
    thresholds: Mapping[Region, float],
    smallest_enhancing_ml: float,
    scheme: LabelScheme,
    islands: Islands = NO_ISLANDS,
) -> Finished:
    """Turn probabilities into the label map that is written.

    Where the spacing was changed, the probabilities are first brought back linearly, so that every rule below works on
    the patient's own voxels. Everything is worked out in the brain box; around it all is 0.

    Args:
        probabilities: (3, x, y, z), R in the order of `Region`, 0 to 1, as the network saw the case.
        prepared: the case's network input.
        thresholds: a voxel is in a region where its probability is above this.
        smallest_enhancing_ml: enhancing tumour of less than this in all becomes necrosis; 0 keeps it.
        scheme: the labels to write.
        islands: which connected parts of a region are dropped, before enhancing tumour is measured.

    Raises:
        SegmentationFailed: a probability is not finite: NaN is above no threshold and would be an empty mask.
    """
    if not np.isfinite(probabilities).all():
        raise SegmentationFailed(NOT_FINITE)
    boxed = to_patient_box(probabilities, prepared)
    regions = nested(boxed, thresholds)
    if islands.is_on:
        drop_islands(regions, boxed, islands, prepared.grid.voxel_ml)
    findings = drop_small_enhancing(regions, smallest_enhancing_ml, prepared.grid.voxel_ml)
    if not regions.any():
        findings = (*findings, EMPTY)
    label_map = out_of_box(to_label_map(regions, scheme), prepared)
    return Finished(label_map, scheme, findings, regions, boxed)


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
