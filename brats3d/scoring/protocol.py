"""What one published way to score consists of."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from brats3d.grid import Spacing
from brats3d.scoring.lesions import LesionRules
from brats3d.scoring.scores import RegionScores
from brats3d.vocabulary import REGIONS, Region, Tissue

RegionMaps = NDArray[np.bool_]
"""(R, X, Y, Z), R in the order of the protocol's regions."""
ScoredRegion = Region | Tissue


@dataclass(frozen=True, slots=True)
class Protocol:
    """One published way to score: labels, regions, figures, and rules for what is missed, false or empty."""

    name: str
    """The word of the command line."""
    label_scheme: str
    """What labels mean where neither a layout, a sidecar nor an option says so."""
    figures: tuple[str, ...]
    """Names out of `FIGURES`, in order."""
    penalty_mm: float | None
    """The HD95 of what cannot be measured; None for the diagonal of the grid in voxels."""
    score: "Callable[[Protocol, RegionMaps, RegionMaps, Spacing], list[RegionScores]]"
    """Scores all regions of a case: itself, prediction and reference on one grid, the spacing in millimetres."""
    unit: str
    """What is scored, in words."""
    regions: tuple[ScoredRegion, ...] = REGIONS
    lesions: Mapping[str, LesionRules] = field(default_factory=dict)
    """By region, how lesions are told apart and weighed; empty where no rules are needed."""
    hd95: str = "google"
    """The definition of HD95, a name out of `surface.HD95`."""
    nsd: str | None = None
    """The tolerances of NSD, in words; None where it is no figure of this protocol."""

    def penalty_on(self, shape: tuple[int, ...]) -> float:
        """Return the HD95 in mm of what cannot be measured on a grid of this shape."""
        # CaPTk's `diag_cube` leaves the spacing out: 373.1287 for the 240 x 240 x 155 voxels of BraTS.
        return math.dist(shape, (0,) * len(shape)) if self.penalty_mm is None else self.penalty_mm
