"""What a demo came to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from brats3d.scoring.scores import CaseScores, ScoreStatus
from brats3d.vocabulary import REGIONS, Region


@dataclass(frozen=True, slots=True)
class Part:
    """Made-up patients segmented with one bundle."""

    title: str
    """The bundle and the patients, in words."""
    scores: Sequence[CaseScores]
    """By id, protocol `brats2020`."""
    masks: Path
    tables: Path
    """The folder of the figures."""

    @property
    def mean_dice(self) -> Mapping[Region, float]:
        """Over the patients that have figures."""
        scored = [case.regions for case in self.scores if case.regions]
        return {region: sum(each[region].dice for each in scored) / max(1, len(scored)) for region in REGIONS}

    def rows(self) -> list[tuple[str, ...]]:
        """Return a row a patient: id and Dice of each region; the last is the mean."""
        rows = [
            (case.id, *(f"{case.regions[region].dice:.3f}" if case.regions else "-" for region in REGIONS))
            for case in self.scores
        ]
        return [*rows, ("mean", *(f"{self.mean_dice[region]:.3f}" for region in REGIONS))]


@dataclass(frozen=True, slots=True)
class DemoResult:
    """Everything that a demo made."""

    parts: tuple[Part, ...]
    """The trained bundle's, where there is one, then that of the network trained just now."""
    network: Path
    """The bundle trained just now."""
    pictures: tuple[Path, ...]
    seconds: float
    """Of this run."""

    @property
    def curve(self) -> Path:
        """The learning curve of the network trained just now."""
        return self.network / "curve.png"

    @property
    def exit_code(self) -> int:
        """0, or 4 where a patient could not be segmented or scored."""
        return 0 if all(case.status is ScoreStatus.SCORED for part in self.parts for case in part.scores) else 4
