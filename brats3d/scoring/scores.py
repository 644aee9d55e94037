"""What scoring gives: figures of one region, and regions of one case."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from brats3d.grid import Spacing


class ScoreStatus(StrEnum):
    """What became of one reference."""

    SCORED = "scored"
    MISSING = "missing"
    """It has no prediction: 0 and the penalty in every region."""
    REFUSED = "refused"
    """Its prediction cannot be judged: 0 and the penalty; or it cannot be judged itself: no figures at all."""


@dataclass(frozen=True, slots=True)
class RegionScores:
    """The figures of one region of one case; their meaning depends on the protocol that gave them."""

    dice: float
    """0 to 1; of the whole region, or the mean over lesions in a lesion-wise protocol. NaN where that has no rule."""
    hd95_mm: float
    """As `dice`; the penalty where it cannot be measured."""
    iou: float
    """Of the whole region, 0 to 1."""
    sensitivity: float
    """Of the whole region, 0 to 1."""
    specificity: float
    """Of the whole region, 0 to 1; NaN where the reference fills the grid."""
    reference_ml: float
    """The reference's volume."""
    prediction_ml: float | None
    """The prediction's volume; None where there is no prediction."""
    tp: int | None = None
    """Lesions found; None in a protocol that counts no lesions, as are the four that follow."""
    fp: int | None = None
    """Predicted parts that belong to no lesion."""
    fn: int | None = None
    """Lesions missed."""
    whole_dice: float | None = None
    """Dice of the whole region, 0 to 1."""
    whole_hd95_mm: float | None = None
    """HD95 of the whole region, or the penalty."""
    f1: float | None = None
    """Of found, false and missed lesions, 0 to 1; None where the protocol has no such figure."""
    nsd: tuple[float, ...] = ()
    """One for each tolerance of the protocol, 0 to 1, as `dice`."""
    whole_nsd: tuple[float, ...] = ()
    """As `nsd`, of the whole region."""

    @property
    def volume_error_ml(self) -> float | None:
        """Prediction less reference; None where there is no prediction."""
        return None if self.prediction_ml is None else self.prediction_ml - self.reference_ml

    @property
    def volume_error_percent(self) -> float | None:
        """The volume error in percent of the reference; None where that is empty."""
        error_ml = self.volume_error_ml
        return None if error_ml is None or self.reference_ml == 0 else 100 * error_ml / self.reference_ml


@dataclass(frozen=True, slots=True)
class CaseScores:
    """One case under one protocol."""

    id: str
    protocol: str
    """The protocol's name."""
    status: ScoreStatus
    regions: Mapping[str, RegionScores] = field(default_factory=dict)
    """Every region of the protocol by its name; empty where the reference is refused."""
    penalty_mm: float | None = None
    """The HD95 of what cannot be measured, on this grid; None where the reference is refused."""
    spacing_mm: Spacing | None = None
    """The voxel size that distances were measured with; None where the reference is refused."""
    reference_scheme: str | None = None
    """The label scheme the reference was read by."""
    prediction_scheme: str | None = None
    """The label scheme the prediction was read by; None where there is none to read."""
    message: str | None = None
    """Why it is not scored, or what was remarked on its files, in one line."""
