"""The fixed words: modalities and regions, each in the one order used everywhere."""

from enum import StrEnum


class Modality(StrEnum):
    """One MRI contrast of a patient; the members stand in channel order."""

    T1 = "t1"
    T1CE = "t1ce"
    T2 = "t2"
    FLAIR = "flair"


class Region(StrEnum):
    """A nested part of the tumour; the members stand in channel order, each inside the one before."""

    WT = "WT"
    TC = "TC"
    ET = "ET"


class Tissue(StrEnum):
    """What one label alone means, by the names of BraTS 2024; ET is also a region."""

    NETC = "NETC"
    """Non-enhancing tumour core: necrosis."""
    SNFH = "SNFH"
    """Oedema: surrounding non-enhancing FLAIR hyperintensity."""
    ET = "ET"
    RC = "RC"
    """Resection cavity."""


MODALITIES: tuple[Modality, ...] = tuple(Modality)
REGIONS: tuple[Region, ...] = tuple(Region)
TISSUES: tuple[Tissue, ...] = tuple(Tissue)

MODALITY_TITLES: dict[Modality, str] = {
    Modality.T1: "T1",
    Modality.T1CE: "T1ce",
    Modality.T2: "T2",
    Modality.FLAIR: "FLAIR",
}
"""How a modality is written for people."""

REGION_COLOURS: dict[Region, str] = {Region.WT: "#56B4E9", Region.TC: "#F0E442", Region.ET: "#E4501E"}
"""Told apart by hue in every common kind of colour blindness, and by lightness where there is no colour at all."""


class MapKind(StrEnum):
    """What is written beside a mask where it is asked for, each kind in a folder of this name."""

    PROBABILITIES = "probabilities"
    UNCERTAINTY = "uncertainty"


class Measure(StrEnum):
    """One number of the review of a mask: `predict/review.py` says how each is taken."""

    VOLUME_ML = "volume_ml"
    SCATTERED = "scattered"
    OUTSIDE_BRAIN = "outside_brain"
    UNSURE_WT = "unsure_wt"
    UNSURE_TC = "unsure_tc"
    UNSURE_ET = "unsure_et"
    BRAIN_ML = "brain_ml"
    SKEW_T1 = "skew_t1"
    SKEW_T1CE = "skew_t1ce"
    SKEW_T2 = "skew_t2"
    SKEW_FLAIR = "skew_flair"


class Severity(StrEnum):
    """How much a finding weighs: one error refuses the case."""

    WARNING = "warning"
    ERROR = "error"


class CaseStatus(StrEnum):
    """What reading a case came to."""

    OK = "ok"
    WARNING = "warning"
    REFUSED = "refused"
