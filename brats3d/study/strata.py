"""Scores by how much enhancing tumour a reference holds: the class that decides the mean."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from brats3d.cases.case import patient_of
from brats3d.scoring.scores import CaseScores
from brats3d.vocabulary import REGIONS, Region

SMALL_ML = 3.0
"""Enhancing tumour of less than this is a class of its own."""
CLASSES = ("all", "no ET", f"ET under {SMALL_ML:g} ml", f"ET {SMALL_ML:g} ml or more")
HEADER = ("patients", "n", *(f"{region} Dice" for region in REGIONS), "mean", "median", "standard error", "HD95 mm")


def class_of(case: CaseScores) -> str:
    """Return the class of a case by the volume of its reference's enhancing tumour."""
    volume_ml = case.regions[Region.ET].reference_ml
    if volume_ml == 0:
        return CLASSES[1]
    return CLASSES[2] if volume_ml < SMALL_ML else CLASSES[3]


def mean_dice(case: CaseScores) -> float:
    """Return the mean Dice of the three regions of a case."""
    return float(np.mean([case.regions[region].dice for region in REGIONS]))


def strata_rows(cases: Sequence[CaseScores]) -> list[list[str]]:
    """Return a row for all cases and one for each class: how many, mean Dice per region, and of the regions' mean the
    mean, median and standard error; HD95 in mm at the end.
    """
    judged = [case for case in cases if case.regions]
    groups = {"all": judged} | {name: [case for case in judged if class_of(case) == name] for name in CLASSES[1:]}
    return [row(name, group) for name, group in groups.items() if group]


def error_of_mean(values: Mapping[str, float]) -> float | None:
    """Return the standard error of the mean of values by case; visits of one patient count as one, as they are alike.

    None where there are fewer than two patients.
    """
    by_patient: dict[str, list[float]] = {}
    for case_id, value in values.items():
        by_patient.setdefault(patient_of(case_id), []).append(value)
    means = np.array([np.mean(each) for each in by_patient.values()])
    return float(means.std(ddof=1) / math.sqrt(len(means))) if len(means) > 1 else None


def row(name: str, cases: Sequence[CaseScores]) -> list[str]:
    """Return one row."""
    dice = [float(np.mean([case.regions[region].dice for case in cases])) for region in REGIONS]
    by_case = {case.id: mean_dice(case) for case in cases}
    means, error = np.array(list(by_case.values())), error_of_mean(by_case)
    distances = [float(np.mean([case.regions[region].hd95_mm for case in cases])) for region in REGIONS]
    return [
        name,
        str(len(cases)),
        *(f"{value:.3f}" for value in dice),
        f"{means.mean():.3f}",
        f"{np.median(means):.3f}",
        "-" if error is None else f"{error:.3f}",
        " / ".join(f"{value:.1f}" for value in distances),
    ]
