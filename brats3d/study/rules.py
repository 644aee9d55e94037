"""Rules that turn logits into regions, and what they give on held-out cases."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brats3d.bundle import Islands
from brats3d.predict.finish import drop_small_enhancing
from brats3d.predict.islands import drop_islands
from brats3d.predict.nested import nested
from brats3d.predict.review import of_mask
from brats3d.scoring.protocols import PROTOCOLS
from brats3d.study.kept import KeptCase
from brats3d.study.parts import PartTable, part_table
from brats3d.study.search import Rule
from brats3d.vocabulary import REGIONS, Measure, Region

LESION_RULES = PROTOCOLS["brats2023"].lesions[Region.ET]
"""What a lesion is, lesion-wise; the same for every region."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything that turns logits into regions."""

    temperature: Mapping[Region, float]
    thresholds: Mapping[Region, float]
    parts: Mapping[Region, Rule]

    @property
    def islands(self) -> Islands:
        """As a bundle says it."""
        return Islands(
            {region: rule.smallest_ml for region, rule in self.parts.items()},
            {region: rule.least_probability for region, rule in self.parts.items()},
        )

    @property
    def smallest_enhancing_ml(self) -> float:
        """As a bundle says it."""
        return self.parts[Region.ET].smallest_in_all_ml

    def without_cuts(self, tempered: Collection[Region]) -> "Rules":
        """Return every mask as the network has it, and the probabilities of some regions at their temperature."""
        temperature = {region: self.temperature[region] if region in tempered else 1.0 for region in REGIONS}
        return Rules(temperature, PLAIN.thresholds, PLAIN.parts)


PLAIN = Rules(dict.fromkeys(REGIONS, 1.0), dict.fromkeys(REGIONS, 0.5), dict.fromkeys(REGIONS, Rule()))
"""A bundle as it was trained."""


def regions_of(case: KeptCase, rules: Rules) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return probabilities and regions (3, x, y, z) of a case, as `finish` makes them."""
    logits = case.logits.astype(np.float32)
    by = np.array([rules.temperature[region] for region in REGIONS], np.float32)[:, None, None, None]
    probabilities = 1 / (1 + np.exp(-logits / by))
    regions = nested(probabilities, rules.thresholds)
    if rules.islands.is_on:
        drop_islands(regions, probabilities, rules.islands, case.voxel_ml)
    drop_small_enhancing(regions, rules.smallest_enhancing_ml, case.voxel_ml)
    return probabilities, regions


def tables_of(case: KeptCase, probabilities: NDArray[np.float32], regions: NDArray[np.bool_]) -> list[PartTable]:
    """Return the parts and lesions of each region of a case."""
    return [part_table(case, i, regions[i], probabilities[i], LESION_RULES) for i in range(len(REGIONS))]


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What rules give on N cases."""

    dice: Mapping[str, NDArray[np.float64]]
    """(N,) mean of the regions, by protocol."""
    measures: Sequence[Mapping[Measure, float]]
    """Of the review, by case."""

    @property
    def means(self) -> dict[str, float]:
        """Over all cases."""
        return {name: float(each.mean()) for name, each in self.dice.items()}

    @property
    def worth(self) -> float:
        """The mean over cases and protocols."""
        return float(np.mean(list(self.means.values())))


def outcome(kept: Sequence[KeptCase], rules: Sequence[Rules]) -> Outcome:
    """Return scores and measures of all cases, each under rules of its own."""
    rows, measures = [], []
    for case, its in zip(kept, rules, strict=True):
        probabilities, regions = regions_of(case, its)
        pairs = [(table, np.ones(len(table.voxels), np.bool_)) for table in tables_of(case, probabilities, regions)]
        rows.append([np.mean([t.dice(all_) for t, all_ in pairs]), np.mean([t.lesion_dice(all_) for t, all_ in pairs])])
        of_case = of_mask(probabilities, regions, np.asarray(case.levels) > 0, its.thresholds, case.voxel_ml)
        measures.append({**case.input_measures, **of_case})
    whole, lesions = np.array(rows).T
    return Outcome({"brats2020": whole, "brats2023": lesions}, measures)
