"""The four families of protocols: what each makes of the region maps of a case."""

import math
from dataclasses import replace

import numpy as np

from brats3d.grid import Box, Spacing, box_of
from brats3d.scoring.instances import agreement, score_instances
from brats3d.scoring.lesions import LesionScores, score_lesions, score_numbered, widened
from brats3d.scoring.merged import number_merged
from brats3d.scoring.overlap import BoolMap, overlap
from brats3d.scoring.protocol import Protocol, RegionMaps
from brats3d.scoring.scores import RegionScores
from brats3d.scoring.surface import HD95, nsd


def score_whole_regions(
    protocol: Protocol, prediction: RegionMaps, reference: RegionMaps, spacing_mm: Spacing
) -> list[RegionScores]:
    """Score each region as a whole, as BraTS did until 2022.

    Args:
        protocol: the rules.
        prediction: (R, X, Y, Z).
        reference: (R, X, Y, Z) on the same grid.
        spacing_mm: voxel size along X, Y, Z in millimetres.
    """
    return [score_whole(protocol, one, other, spacing_mm) for one, other in zip(prediction, reference, strict=True)]


def score_lesion_wise(
    protocol: Protocol, prediction: RegionMaps, reference: RegionMaps, spacing_mm: Spacing
) -> list[RegionScores]:
    """Score each region lesion by lesion, as BraTS 2023 did; arguments as in `score_whole_regions`."""
    return [
        with_lesions(
            score_whole(protocol, one, other, spacing_mm),
            score_lesions(one, other, spacing_mm, protocol.lesions[region]),
        )
        for region, one, other in zip(protocol.regions, prediction, reference, strict=True)
    ]


def score_merged_lesions(
    protocol: Protocol, prediction: RegionMaps, reference: RegionMaps, spacing_mm: Spacing
) -> list[RegionScores]:
    """Score each region lesion by lesion, as BraTS 2024 did; arguments as in `score_whole_regions`.

    The whole-region figures are without the specks too; the predicted volume is with them.
    """
    widest = max(rules.dilations for rules in protocol.lesions.values())
    box = box_around(prediction, reference, widest + 1)
    sides = (
        number_merged(dict(zip(protocol.regions, maps[:, *box], strict=True)), protocol.lesions, drop=drop)
        for maps, drop in ((prediction, True), (reference, False))
    )
    predicted, lesions = sides
    scores = []
    for region, one, other in zip(protocol.regions, prediction, reference, strict=True):
        rules = protocol.lesions[region]
        kept = np.zeros_like(one)
        kept[box] = predicted[region] > 0
        whole = score_whole(protocol, kept, other, spacing_mm)
        found = with_lesions(whole, score_numbered(predicted[region], lesions[region], spacing_mm, rules))
        whole_nsd = tuple(nsd(kept, other, spacing_mm, tolerance_mm) for tolerance_mm in rules.tolerances_mm)
        scores.append(replace(found, whole_nsd=whole_nsd, prediction_ml=volume_ml(one, spacing_mm)))
    return scores


def score_instance_wise(
    protocol: Protocol, prediction: RegionMaps, reference: RegionMaps, spacing_mm: Spacing
) -> list[RegionScores]:
    """Score each region by parts matched one to one, as BraTS since 2025; arguments as in `score_whole_regions`."""
    return [score_matched(protocol, one, other, spacing_mm) for one, other in zip(prediction, reference, strict=True)]


def score_matched(protocol: Protocol, prediction: BoolMap, reference: BoolMap, spacing_mm: Spacing) -> RegionScores:
    """Score one region (X, Y, Z) by parts matched one to one."""
    penalty_mm = protocol.penalty_on(reference.shape)
    counts = overlap(prediction, reference)
    parts = score_instances(prediction, reference, spacing_mm)
    # For the whole region panoptica forgets the spacing, and its tolerance is then half a voxel.
    whole = agreement(prediction, reference, spacing_mm, min(spacing_mm) / 2)
    return RegionScores(
        dice=parts.matched.dice,
        hd95_mm=or_penalty(parts.matched.hd95_mm, penalty_mm),
        iou=counts.iou,
        sensitivity=counts.sensitivity,
        specificity=counts.specificity,
        reference_ml=volume_ml(reference, spacing_mm),
        prediction_ml=volume_ml(prediction, spacing_mm),
        tp=parts.found,
        fp=parts.false,
        fn=parts.missed,
        whole_dice=whole.dice,
        whole_hd95_mm=or_penalty(whole.hd95_mm, penalty_mm),
        f1=parts.f1,
        nsd=(parts.matched.nsd,),
        whole_nsd=(whole.nsd,),
    )


def score_whole(protocol: Protocol, prediction: BoolMap, reference: BoolMap, spacing_mm: Spacing) -> RegionScores:
    """Score one region (X, Y, Z) as a whole."""
    counts = overlap(prediction, reference)
    hd95_mm = HD95[protocol.hd95](prediction, reference, spacing_mm)
    return RegionScores(
        dice=counts.dice,
        hd95_mm=or_penalty(hd95_mm, protocol.penalty_on(reference.shape)),
        iou=counts.iou,
        sensitivity=counts.sensitivity,
        specificity=counts.specificity,
        reference_ml=volume_ml(reference, spacing_mm),
        prediction_ml=volume_ml(prediction, spacing_mm),
    )


def with_lesions(whole: RegionScores, lesions: LesionScores) -> RegionScores:
    """Return the figures of a whole region with those of its lesions before them."""
    return replace(
        whole,
        dice=lesions.dice,
        hd95_mm=lesions.hd95_mm,
        tp=lesions.found,
        fp=lesions.false,
        fn=lesions.missed,
        whole_dice=whole.dice,
        whole_hd95_mm=whole.hd95_mm,
        nsd=lesions.nsd,
    )


def score_nothing(protocol: Protocol, reference: RegionMaps, spacing_mm: Spacing) -> list[RegionScores]:
    """Return what a missing or refused prediction gets: 0 and the penalty, even where the reference is empty.

    Args:
        protocol: the rules.
        reference: (R, X, Y, Z).
        spacing_mm: voxel size along X, Y, Z in millimetres.
    """
    penalty_mm = protocol.penalty_on(reference.shape[1:])
    missed = protocol.score(protocol, np.zeros_like(reference), reference, spacing_mm)
    return [without_prediction(scores, penalty_mm) for scores in missed]


def without_prediction(missed: RegionScores, penalty_mm: float) -> RegionScores:
    """Return the figures of an empty prediction of a region, with 0 and the penalty for whatever they are."""
    counts_lesions = missed.tp is not None
    return replace(
        missed,
        dice=0.0,
        hd95_mm=penalty_mm,
        iou=0.0,
        sensitivity=0.0,
        specificity=0.0,
        prediction_ml=None,
        whole_dice=0.0 if counts_lesions else None,
        whole_hd95_mm=penalty_mm if counts_lesions else None,
        f1=None if missed.f1 is None else 0.0,
        nsd=(0.0,) * len(missed.nsd),
        whole_nsd=(0.0,) * len(missed.whole_nsd),
    )


def box_around(prediction: RegionMaps, reference: RegionMaps, margin: int) -> Box:
    """Return the box of everything in either stack, with so many voxels around it; that of nothing is one voxel."""
    filled = np.asarray(prediction.any(axis=0) | reference.any(axis=0))
    box = box_of(filled) or (slice(0, 1), slice(0, 1), slice(0, 1))
    return widened(box, margin, reference.shape[1:])


def volume_ml(region: BoolMap, spacing_mm: Spacing) -> float:
    """Return the volume of a region in millilitres."""
    return float(np.count_nonzero(region) * math.prod(spacing_mm) / 1000)


def or_penalty(hd95_mm: float, penalty_mm: float) -> float:
    """Return a distance, the penalty in place of infinity; NaN stays what it is."""
    return penalty_mm if math.isinf(hd95_mm) else hd95_mm
