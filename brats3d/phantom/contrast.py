"""How bright each tissue is in each modality, and how much that differs between patients."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from brats3d.vocabulary import MODALITIES, Modality


class Tissue(StrEnum):
    """What a voxel can be made of."""

    WHITE = "white matter"
    GREY = "grey matter"
    FLUID = "cerebrospinal fluid"
    VESSEL = "vessel"
    OEDEMA = "oedema"
    NECROSIS = "necrosis"
    ENHANCING = "enhancing tumour"


@dataclass(frozen=True, slots=True)
class Brightness:
    """One tissue over the four modalities in channel order (T1, T1ce, T2, FLAIR), in z-scores over the foreground."""

    mean: tuple[float, float, float, float]
    """Of the median patient."""
    spread: tuple[float, float, float, float]
    """Standard deviation of that mean between patients."""
    texture: tuple[float, float, float, float]
    """Standard deviation within the tissue of one patient, noise and bias field apart."""


BRIGHTNESS: dict[Tissue, Brightness] = {
    Tissue.WHITE: Brightness((0.8, 0.55, -0.6, -0.2), (0.1, 0.12, 0.1, 0.15), (0.22, 0.22, 0.14, 0.2)),
    Tissue.GREY: Brightness((-0.3, -0.3, 0.0, 0.2), (0.15, 0.12, 0.15, 0.2), (0.25, 0.25, 0.22, 0.3)),
    Tissue.FLUID: Brightness((-2.2, -1.7, 2.6, -1.7), (0.25, 0.3, 0.5, 0.3), (0.3, 0.3, 0.7, 0.4)),
    Tissue.VESSEL: Brightness((-0.6, 4.0, -0.5, -0.6), (0.4, 1.0, 0.5, 0.4), (0.5, 1.2, 0.7, 0.5)),
    Tissue.OEDEMA: Brightness((-0.05, -0.1, 1.0, 1.55), (0.22, 0.2, 0.3, 0.4), (0.3, 0.3, 0.4, 0.5)),
    Tissue.NECROSIS: Brightness((-0.65, -0.7, 2.1, 1.5), (0.35, 0.3, 0.45, 0.5), (0.3, 0.35, 0.5, 0.6)),
    Tissue.ENHANCING: Brightness((0.0, 2.0, 0.95, 1.65), (0.3, 0.5, 0.4, 0.5), (0.3, 0.8, 0.4, 0.6)),
}
"""Measured on 62 BraTS patients: z-scores over the non-zero voxels of each modality; tissues outside the tumour by
three-class clustering at least 4 mm from it, parts of the tumour by the reference, borders eroded by one voxel;
medians over patients, half the range from the 16th to the 84th percentile (for tumours two thirds of it). Vessels
were read off the brightest half percent of T1ce."""

MEAN_OVER_SPREAD: dict[Modality, float] = {Modality.T1: 3.5, Modality.T1CE: 3.0, Modality.T2: 2.3, Modality.FLAIR: 2.7}
"""Mean over standard deviation of the foreground's intensities: the same patients' medians."""
TUMOUR = (Tissue.OEDEMA, Tissue.NECROSIS, Tissue.ENHANCING)
"""These differ between patients together for the most part: a FLAIR in which all of the tumour is bright."""
WIDEST_DRAW = 1.6
"""Patients differ by at most this many standard deviations, so that no tissue changes places with another."""


@dataclass(frozen=True, slots=True, eq=False)
class Contrast:
    """The brightness of every tissue of one patient."""

    means: dict[Tissue, NDArray[np.float32]]
    """(4,) z-scores, modalities in channel order."""
    unit: NDArray[np.float32]
    """(4,) intensity units a z-score."""
    zero: NDArray[np.float32]
    """(4,) the intensity of z-score 0."""


def draw_contrast(rng: np.random.Generator) -> Contrast:
    """Draw the brightness of one patient's tissues and the scale of each modality's intensities."""
    means = {}
    shared = rng.standard_normal(len(MODALITIES))
    for tissue, brightness in BRIGHTNESS.items():
        own = rng.standard_normal(len(MODALITIES))
        shift = np.clip(0.8 * shared + 0.6 * own if tissue in TUMOUR else own, -WIDEST_DRAW, WIDEST_DRAW)
        means[tissue] = (np.array(brightness.mean) + shift * np.array(brightness.spread)).astype(np.float32)
    unit = np.exp(rng.uniform(np.log(60.0), np.log(240.0), len(MODALITIES))).astype(np.float32)
    ratios = np.array([MEAN_OVER_SPREAD[modality] for modality in MODALITIES])
    zero = (unit * ratios * rng.uniform(0.92, 1.15, len(MODALITIES))).astype(np.float32)
    return Contrast(means, unit, zero)


def texture_of(tissue: Tissue, channel: int) -> float:
    """Return how much a tissue varies within one patient, in z-scores of the modality at `channel`."""
    return BRIGHTNESS[tissue].texture[channel]
