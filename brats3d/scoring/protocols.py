"""The published ways to score a glioma segmentation, as a table."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from brats3d.errors import RequestError, nearest_name
from brats3d.grid import Spacing
from brats3d.scoring.lesions import LesionRules, score_lesions
from brats3d.scoring.overlap import BoolMap, overlap
from brats3d.scoring.scores import RegionScores
from brats3d.scoring.surface import HD95
from brats3d.vocabulary import REGIONS, Region

FIGURES: dict[str, Callable[[RegionScores], float | None]] = {
    "dice": lambda scores: scores.dice,
    "iou": lambda scores: scores.iou,
    "hd95": lambda scores: scores.hd95_mm,
    "sensitivity": lambda scores: scores.sensitivity,
    "specificity": lambda scores: scores.specificity,
    "tp": lambda scores: scores.tp,
    "fp": lambda scores: scores.fp,
    "fn": lambda scores: scores.fn,
    "whole_dice": lambda scores: scores.whole_dice,
    "whole_hd95": lambda scores: scores.whole_hd95_mm,
    "reference_ml": lambda scores: scores.reference_ml,
    "prediction_ml": lambda scores: scores.prediction_ml,
    "volume_error_ml": lambda scores: scores.volume_error_ml,
    "volume_error_percent": lambda scores: scores.volume_error_percent,
}
"""Every figure of a region by its name in JSON and CSV."""

VOLUMES = ("reference_ml", "prediction_ml", "volume_error_ml", "volume_error_percent")


@dataclass(frozen=True, slots=True)
class Protocol:
    """One published way to score: labels, figures, and rules for what is missed, false or empty."""

    name: str
    """The word of the command line."""
    label_scheme: str
    """What labels mean where neither a layout, a sidecar nor an option says so."""
    figures: tuple[str, ...]
    """Names out of `FIGURES`, in order."""
    penalty_mm: float | None
    """The HD95 of what cannot be measured; None for the diagonal of the grid in voxels."""
    lesions: LesionRules | None = None
    """How lesions are told apart and weighed; None where a region is scored as a whole."""
    hd95: str = "google"
    """The definition of HD95, a name out of `surface.HD95`."""

    def penalty_on(self, shape: tuple[int, ...]) -> float:
        """Return the HD95 in mm of what cannot be measured on a grid of this shape."""
        # CaPTk's `diag_cube` leaves the spacing out: 373.1287 for the 240 x 240 x 155 voxels of BraTS.
        return math.dist(shape, (0,) * len(shape)) if self.penalty_mm is None else self.penalty_mm

    def score(self, prediction: BoolMap, reference: BoolMap, spacing_mm: Spacing) -> RegionScores:
        """Score one region of one case.

        Args:
            prediction: (X, Y, Z).
            reference: (X, Y, Z) on the same grid.
            spacing_mm: voxel size along X, Y, Z in millimetres.
        """
        whole = self.score_whole(prediction, reference, spacing_mm)
        if self.lesions is None:
            return whole
        lesions = score_lesions(prediction, reference, spacing_mm, self.lesions)
        return replace(
            whole,
            dice=lesions.dice,
            hd95_mm=lesions.hd95_mm,
            tp=lesions.found,
            fp=lesions.false,
            fn=lesions.missed,
            whole_dice=whole.dice,
            whole_hd95_mm=whole.hd95_mm,
        )

    def score_whole(self, prediction: BoolMap, reference: BoolMap, spacing_mm: Spacing) -> RegionScores:
        """Score one region as a whole; arguments as in `score`."""
        counts = overlap(prediction, reference)
        hd95_mm = HD95[self.hd95](prediction, reference, spacing_mm)
        voxel_ml = math.prod(spacing_mm) / 1000
        return RegionScores(
            dice=counts.dice,
            hd95_mm=hd95_mm if math.isfinite(hd95_mm) else self.penalty_on(reference.shape),
            iou=counts.iou,
            sensitivity=counts.sensitivity,
            specificity=counts.specificity,
            reference_ml=(counts.both + counts.only_reference) * voxel_ml,
            prediction_ml=(counts.both + counts.only_prediction) * voxel_ml,
        )

    def score_nothing(self, reference: BoolMap, spacing_mm: Spacing) -> RegionScores:
        """Return what a missing or refused prediction gets: 0 and the penalty, even where the reference is empty.

        Args:
            reference: (X, Y, Z).
            spacing_mm: voxel size along X, Y, Z in millimetres.
        """
        penalty_mm = self.penalty_on(reference.shape)
        nothing = RegionScores(
            dice=0.0,
            hd95_mm=penalty_mm,
            iou=0.0,
            sensitivity=0.0,
            specificity=0.0,
            reference_ml=np.count_nonzero(reference) * math.prod(spacing_mm) / 1000,
            prediction_ml=None,
        )
        if self.lesions is None:
            return nothing
        missed = score_lesions(np.zeros_like(reference), reference, spacing_mm, self.lesions).missed
        return replace(nothing, tp=0, fp=0, fn=missed, whole_dice=0.0, whole_hd95_mm=penalty_mm)


PROTOCOLS: dict[str, Protocol] = {
    protocol.name: protocol
    for protocol in (
        Protocol(
            "brats2020",
            label_scheme="brats2020",
            figures=("dice", "iou", "hd95", "sensitivity", "specificity", *VOLUMES),
            penalty_mm=None,
        ),
        Protocol(
            "brats2023",
            label_scheme="brats2023",
            figures=(
                *("dice", "hd95", "tp", "fp", "fn"),
                *("whole_dice", "iou", "whole_hd95", "sensitivity", "specificity"),
                *VOLUMES,
            ),
            penalty_mm=374.0,
            lesions=LesionRules(dilations=3, smallest_mm3=50.0, penalty_mm=374.0),
        ),
    )
}
"""Every protocol by its name."""

DEFAULT_PROTOCOL = "brats2020"


def protocol_named(name: str) -> Protocol:
    """Return the protocol of this name.

    Raises:
        RequestError: there is none; the message names the nearest.
    """
    if name not in PROTOCOLS:
        raise RequestError(f"unknown protocol {name!r}{nearest_name(name, PROTOCOLS)}")
    return PROTOCOLS[name]


def score_case(
    protocol: Protocol, prediction: NDArray[np.bool_] | None, reference: NDArray[np.bool_], spacing_mm: Spacing
) -> dict[Region, RegionScores]:
    """Score all regions of one case under one protocol.

    Args:
        protocol: the rules.
        prediction: region maps (3, X, Y, Z), WT TC ET; None where it is missing or refused.
        reference: region maps (3, X, Y, Z) on the same grid.
        spacing_mm: voxel size along X, Y, Z in millimetres.
    """
    if prediction is None:
        return {region: protocol.score_nothing(reference[index], spacing_mm) for index, region in enumerate(REGIONS)}
    return {
        region: protocol.score(prediction[index], reference[index], spacing_mm) for index, region in enumerate(REGIONS)
    }
