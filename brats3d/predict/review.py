"""Which masks a person should look at first: measures of one case, limits, and the reasons where they are left.

The rule changes no voxel. A bundle may set its own limits (`review` in `common.yaml`), found on patients that it was
not trained on; those below hold for every measure that it does not name.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brats3d.bundle import Limits
from brats3d.errors import Finding
from brats3d.predict.parts import parts_of
from brats3d.predict.volumes import ODDS, shifted
from brats3d.prepare import Prepared, foreground_of_box
from brats3d.vocabulary import REGIONS, Measure, Modality, Region, Severity

STEP = 3
"""Every so many voxels along each axis are looked at where the input is described."""
EMPTY, TINY = "empty", "tiny"
"""The reasons that a small volume gives."""

DEFAULT_LIMITS: Mapping[Measure, Limits] = {
    Measure.VOLUME_ML: (1.0, 400.0),
    Measure.SCATTERED: (0.0, 0.25),
    Measure.OUTSIDE_BRAIN: (0.0, 0.01),
    Measure.UNSURE_WT: (0.0, 0.25),
    Measure.UNSURE_TC: (0.0, 0.4),
    Measure.UNSURE_ET: (0.0, 0.5),
    Measure.BRAIN_ML: (900.0, 2000.0),
    Measure.SKEW_T1: (-2.7, 0.3),
    Measure.SKEW_T1CE: (-1.6, 4.6),
    Measure.SKEW_T2: (-0.6, 3.5),
    Measure.SKEW_FLAIR: (-1.8, 3.4),
}
"""The lowest and highest value of each measure that is nothing to look at.

Those of the input are the range over 62 adult patients of the BraTS challenges 2013 to 2021, a little widened; one of
the 62, whose T1 is skew to the other side, lies outside.
"""
REASONS: Mapping[Measure, tuple[str, str]] = {
    Measure.VOLUME_ML: ("large", "the whole tumour measures {} ml"),
    Measure.SCATTERED: ("scattered", "{} of the whole tumour lie apart from its largest part"),
    Measure.OUTSIDE_BRAIN: ("outside-the-brain", "{} of the whole tumour lie where every modality is 0"),
    Measure.UNSURE_WT: ("unsure", "{} of the whole tumour lie hardly above the threshold"),
    Measure.UNSURE_TC: ("unsure", "{} of the tumour core lie hardly above the threshold"),
    Measure.UNSURE_ET: ("unsure", "{} of the enhancing tumour lie hardly above the threshold"),
    Measure.BRAIN_ML: ("unlike-training", "the foreground measures {} ml"),
    Measure.SKEW_T1: ("unlike-training", "the skewness of T1 is {}"),
    Measure.SKEW_T1CE: ("unlike-training", "the skewness of T1ce is {}"),
    Measure.SKEW_T2: ("unlike-training", "the skewness of T2 is {}"),
    Measure.SKEW_FLAIR: ("unlike-training", "the skewness of FLAIR is {}"),
}
"""The reason that each measure gives where its limits are left, and how it reads with the value in it."""
SHARES = (
    Measure.SCATTERED,
    Measure.OUTSIDE_BRAIN,
    Measure.UNSURE_WT,
    Measure.UNSURE_TC,
    Measure.UNSURE_ET,
)
"""Written in percent."""


@dataclass(frozen=True, slots=True)
class Review:
    """What was measured of a case and its mask, and whether somebody should look at it first."""

    reasons: tuple[str, ...]
    """empty, tiny, large, scattered, outside-the-brain, unsure, unlike-training; none where nothing stands out."""
    measures: Mapping[Measure, float]
    """What there was to measure; a region that is empty has no share of unsure voxels."""
    findings: tuple[Finding, ...]
    """The reasons in words, as one warning; an empty mask has its own."""

    def as_record(self) -> dict[str, Any]:
        """Return the plain data of the record."""
        measures = {str(measure): round(value, 4) for measure, value in self.measures.items()}
        return {"look": bool(self.reasons), "reasons": list(self.reasons), "measures": measures}


def review(
    probabilities: NDArray[np.float32],
    regions: NDArray[np.bool_],
    prepared: Prepared,
    modalities: Sequence[Modality],
    thresholds: Mapping[Region, float],
    limits: Mapping[Measure, Limits],
) -> Review:
    """Measure a case and its mask, and hold the measures against limits.

    Args:
        probabilities: (3, x, y, z), 0 to 1, in the brain box at the patient's own spacing.
        regions: (3, x, y, z), the regions of the mask, there too.
        prepared: the case's network input.
        modalities: what its channels are.
        thresholds: those of the mask.
        limits: the bundle's; the default holds for what it does not name.
    """
    of_case = of_mask(probabilities, regions, foreground_of_box(prepared), thresholds, prepared.grid.voxel_ml)
    measures = {**of_case, **of_input(prepared, modalities)}
    return judged(measures, {**DEFAULT_LIMITS, **limits})


def judged(measures: Mapping[Measure, float], limits: Mapping[Measure, Limits]) -> Review:
    """Return the reasons that measures give: a pure function of both.

    Args:
        measures: any of them.
        limits: of each of these measures.
    """
    left = [each for each, value in measures.items() if not limits[each][0] <= value <= limits[each][1]]
    reasons = {measure: reason_of(measure, measures[measure], limits[measure]) for measure in left}
    words = [in_words(each, measures[each], limits[each]) for each, reason in reasons.items() if reason != EMPTY]
    look = Finding("look", Severity.WARNING, f"look at this one: {'; '.join(words)}")
    return Review(tuple(dict.fromkeys(reasons.values())), dict(measures), (look,) if words else ())


def reason_of(measure: Measure, value: float, limits: Limits) -> str:
    """Return the reason that a measure beyond its limits gives."""
    if measure is Measure.VOLUME_ML and value < limits[0]:
        return TINY if value else EMPTY
    return REASONS[measure][0]


def in_words(measure: Measure, value: float, limits: Limits) -> str:
    """Return what a measure beyond its limits is, and the limit that it left.

    >>> in_words(Measure.SCATTERED, 0.5, (0.0, 0.25))
    '50 % of the whole tumour lie apart from its largest part (usual: up to 25 %)'
    """
    low, high = limits
    shown = [f"{100 * each:.3g} %" if measure in SHARES else f"{each:.3g}" for each in (value, low, high)]
    usual = f"from {shown[1]}" if value < low else f"up to {shown[2]}"
    return f"{REASONS[measure][1].format(shown[0])} (usual: {usual})"


def of_mask(
    probabilities: NDArray[np.float32],
    regions: NDArray[np.bool_],
    foreground: NDArray[np.bool_],
    thresholds: Mapping[Region, float],
    voxel_ml: float,
) -> dict[Measure, float]:
    """Return the measures of a mask: the volume of WT in ml, the others shares of its voxels, 0 to 1.

    `scattered` is the share of WT apart from its largest connected part, `outside_brain` the share of WT where every
    modality is 0, `unsure_...` the share of a region's voxels whose odds are less than
    three times the threshold's: a probability under 0.75 where that is 0.5.
    """
    whole = regions[0]
    parts = parts_of(whole)
    if parts is None:
        return {Measure.VOLUME_ML: 0.0}
    count = int(parts.voxels.sum())
    outside = count - int(np.count_nonzero(foreground[whole]))
    return {
        Measure.VOLUME_ML: count * voxel_ml,
        Measure.SCATTERED: 1 - int(parts.voxels.max()) / count,
        Measure.OUTSIDE_BRAIN: outside / count,
        **dict(unsure_shares(probabilities, regions, thresholds)),
    }


def unsure_shares(
    probabilities: NDArray[np.float32], regions: NDArray[np.bool_], thresholds: Mapping[Region, float]
) -> Iterator[tuple[Measure, float]]:
    """Yield the share of unsure voxels of each region that has voxels."""
    sure = shifted(thresholds, ODDS)
    for region, inside, probability in zip(REGIONS, regions, probabilities, strict=True):
        values = probability[inside]
        if values.size:
            yield Measure(f"unsure_{region.lower()}"), np.count_nonzero(values < sure[region]) / values.size


def of_input(prepared: Prepared, modalities: Sequence[Modality]) -> dict[Measure, float]:
    """Return what the images themselves are like: the volume of the foreground in ml, and how skew each modality is.

    `skew_...` is the third standardised moment of a modality over its own foreground: fluid is dark in T1 and bright
    in T2, so that a modality under another's name leaves its range. Modalities that are missing have none.
    """
    seen = np.ascontiguousarray(prepared.data[:, ::STEP, ::STEP, ::STEP])
    box_ml = math.prod(prepared.box_shape) * prepared.grid.voxel_ml
    measures = {Measure.BRAIN_ML: float((seen != 0).any(axis=0).mean()) * box_ml}
    for modality, volume in zip(modalities, seen, strict=True):
        values = volume[volume != 0].astype(np.float64)
        deviation = values.std() if values.size else 0.0
        if deviation > 0:
            moment = float((((values - values.mean()) / deviation) ** 3).mean())
            measures[Measure(f"skew_{modality}")] = moment
    return measures
