"""The published ways to score a glioma segmentation, as a table."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from brats3d.errors import RequestError, nearest_name
from brats3d.grid import Spacing
from brats3d.labels import LabelScheme, to_region_maps, to_tissue_maps
from brats3d.scoring.families import (
    score_instance_wise,
    score_lesion_wise,
    score_merged_lesions,
    score_nothing,
    score_whole_regions,
)
from brats3d.scoring.lesions import LesionRules
from brats3d.scoring.protocol import Protocol, RegionMaps, ScoredRegion
from brats3d.scoring.scores import RegionScores
from brats3d.vocabulary import REGIONS, TISSUES, Region, Tissue

FIGURES: dict[str, Callable[[RegionScores], float | None]] = {
    "dice": lambda scores: scores.dice,
    "iou": lambda scores: scores.iou,
    "hd95": lambda scores: scores.hd95_mm,
    "sensitivity": lambda scores: scores.sensitivity,
    "specificity": lambda scores: scores.specificity,
    "f1": lambda scores: scores.f1,
    "tp": lambda scores: scores.tp,
    "fp": lambda scores: scores.fp,
    "fn": lambda scores: scores.fn,
    "nsd": lambda scores: scores.nsd[0],
    "nsd_0.5": lambda scores: scores.nsd[0],
    "nsd_1.0": lambda scores: scores.nsd[1],
    "whole_dice": lambda scores: scores.whole_dice,
    "whole_hd95": lambda scores: scores.whole_hd95_mm,
    "whole_nsd": lambda scores: scores.whole_nsd[0],
    "whole_nsd_0.5": lambda scores: scores.whole_nsd[0],
    "whole_nsd_1.0": lambda scores: scores.whole_nsd[1],
    "reference_ml": lambda scores: scores.reference_ml,
    "prediction_ml": lambda scores: scores.prediction_ml,
    "volume_error_ml": lambda scores: scores.volume_error_ml,
    "volume_error_percent": lambda scores: scores.volume_error_percent,
}
"""Every figure of a region by its name in JSON and CSV."""

VOLUMES = ("reference_ml", "prediction_ml", "volume_error_ml", "volume_error_percent")
COUNTS = ("tp", "fp", "fn")

REGIONS_AND_TISSUES: tuple[ScoredRegion, ...] = (Region.WT, Region.TC, *TISSUES)
"""WT, TC, NETC, SNFH, ET, RC: the last four are single labels."""


def rules_of_2024(region: ScoredRegion) -> LesionRules:
    """Return what BraTS 2024 makes of the lesions of a region.

    SNFH was meant to have 5 dilations as well; a misspelt name in the published program leaves it at 3.
    """
    smallest = 10 if region == Tissue.ET else 20
    dilations = 5 if region in (Tissue.NETC, Tissue.RC) else 3
    return LesionRules(dilations, float(smallest), 337.0, smallest_prediction=smallest, tolerances_mm=(0.5, 1.0))


PROTOCOLS: dict[str, Protocol] = {
    protocol.name: protocol
    for protocol in (
        Protocol(
            "brats2020",
            label_scheme="brats2020",
            figures=("dice", "iou", "hd95", "sensitivity", "specificity", *VOLUMES),
            penalty_mm=None,
            score=score_whole_regions,
            unit="whole regions",
        ),
        Protocol(
            "brats2023",
            label_scheme="brats2023",
            figures=(
                *("dice", "hd95", *COUNTS),
                *("whole_dice", "iou", "whole_hd95", "sensitivity", "specificity"),
                *VOLUMES,
            ),
            penalty_mm=374.0,
            score=score_lesion_wise,
            unit="lesion-wise",
            lesions=dict.fromkeys(REGIONS, LesionRules(dilations=3, smallest_mm3=50.0, penalty_mm=374.0)),
        ),
        Protocol(
            "brats2024",
            label_scheme="brats2024",
            figures=(
                *("dice", "hd95", *COUNTS, "nsd_0.5", "nsd_1.0", "whole_dice", "iou", "whole_hd95"),
                *("whole_nsd_0.5", "whole_nsd_1.0", "sensitivity", "specificity"),
                *VOLUMES,
            ),
            penalty_mm=337.0,
            score=score_merged_lesions,
            unit="lesion-wise",
            regions=REGIONS_AND_TISSUES,
            lesions={region: rules_of_2024(region) for region in REGIONS_AND_TISSUES},
            nsd="0.5 and 1.0 mm",
        ),
        Protocol(
            "brats2026",
            label_scheme="brats2024",
            figures=("dice", "hd95", *COUNTS, "f1", "nsd", "whole_dice", "whole_hd95", "whole_nsd", *VOLUMES),
            penalty_mm=373.0,
            score=score_instance_wise,
            unit="matched parts",
            regions=REGIONS_AND_TISSUES,
            hd95="medpy",
            nsd="the smallest voxel side, half of it for the whole region",
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


def maps_of(label_map: NDArray[np.integer], scheme: LabelScheme, regions: Sequence[ScoredRegion]) -> RegionMaps:
    """Return the maps (R, X, Y, Z) of these regions and tissues, in their order.

    Args:
        label_map: (X, Y, Z), labels of `scheme`.
        scheme: what the labels mean.
        regions: what to look for.
    """
    # Files run along X, stacks along Z: turned once, not once a map, which takes half a second less.
    label_map = np.ascontiguousarray(label_map)
    known: dict[str, NDArray[np.bool_]] = dict(zip(REGIONS, to_region_maps(label_map, scheme), strict=True))
    if set(regions) - set(REGIONS):
        known |= dict(zip(TISSUES, to_tissue_maps(label_map, scheme), strict=True))
    return np.stack([known[region] for region in regions])


def score_case(
    protocol: Protocol, prediction: RegionMaps | None, reference: RegionMaps, spacing_mm: Spacing
) -> dict[str, RegionScores]:
    """Score all regions of one case under one protocol.

    Args:
        protocol: the rules.
        prediction: (R, X, Y, Z), R in the order of the protocol's regions; None where it is missing or refused.
        reference: (R, X, Y, Z) on the same grid.
        spacing_mm: voxel size along X, Y, Z in millimetres.
    """
    if prediction is None:
        scores = score_nothing(protocol, reference, spacing_mm)
    else:
        scores = protocol.score(protocol, prediction, reference, spacing_mm)
    return dict(zip(map(str, protocol.regions), scores, strict=True))
