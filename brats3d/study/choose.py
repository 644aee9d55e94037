"""The rules that held-out predictions choose, and what they bring on patients that had no say in them.

Few patients decide such a search. So it is made once more without the patients of each fold, who are then scored by
what the others chose: rules that bring nothing that way are not stored. The smallest enhancing volume hangs on the few
who have none, so the search is made with it and without.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from brats3d.bundle import Limits
from brats3d.cases.case import patient_of
from brats3d.study import calibration, search
from brats3d.study.flags import choose_limits
from brats3d.study.kept import KeptCase
from brats3d.study.parts import PartTable
from brats3d.study.rules import PLAIN, Outcome, Rules, outcome, regions_of, tables_of
from brats3d.study.store import Tuning
from brats3d.vocabulary import REGIONS, Measure, Region

GROUPS = 5
"""Into so many the patients of a single bundle are divided, by turns, as if they were folds."""


class Search:
    """The search for rules on some of the cases, as often as it is asked for; tables of parts are made once.

    Args:
        kept: all cases.
    """

    def __init__(self, kept: Sequence[KeptCase]) -> None:
        self.kept = kept
        self.counts = [calibration.counts_of(case) for case in kept]
        self.tables: dict[tuple[float, ...], list[PartTable]] = {}

    def rules(self, cases: Sequence[int], *, with_all: bool = True) -> Rules:
        """Return what these cases choose; no case chooses nothing.

        Args:
            cases: their numbers.
            with_all: whether a smallest enhancing volume in all may be among it.
        """
        if not len(cases):
            return PLAIN
        temperature, thresholds = {}, {}
        for index, region in enumerate(REGIONS):
            counts = [self.counts[case][index] for case in cases]
            temperature[region] = calibration.best_temperature(calibration.total(counts))
            outside = [self.kept[case].outside[index] for case in cases]
            both = zip(counts, outside, strict=True)
            dice = np.stack([search.threshold_dice(each, missed, temperature[region]) for each, missed in both])
            thresholds[region] = search.best_threshold(dice)
        unruled = Rules(temperature, thresholds, PLAIN.parts)
        tables = [self.tables_of(case, unruled) for case in cases]
        parts = {
            region: search.score_rules(
                [each[index] for each in tables], search.rules_of(with_all and region is Region.ET)
            ).best
            for index, region in enumerate(REGIONS)
        }
        return Rules(temperature, thresholds, parts)

    def tables_of(self, case: int, unruled: Rules) -> list[PartTable]:
        """Return the parts and lesions of each region of a case, made where they were not yet."""
        key = (case, *unruled.temperature.values(), *unruled.thresholds.values())
        if key not in self.tables:
            self.tables[key] = tables_of(self.kept[case], *regions_of(self.kept[case], unruled))
        return self.tables[key]

    def errors(self, rules: Sequence[Rules]) -> dict[Region, float]:
        """Return the calibration error of each region, each case under rules of its own."""
        errors = {}
        for index, region in enumerate(REGIONS):
            both = zip(self.counts, rules, strict=True)
            bins = [calibration.bins_of(counts[index], its.temperature[region]) for counts, its in both]
            errors[region] = calibration.calibration_error(np.sum(bins, axis=0))
        return errors


def find_rules(kept: Sequence[KeptCase], own: Mapping[Measure, Limits]) -> tuple[Tuning, NDArray[np.int64]]:
    """Return what the search finds and what it brings, and the counts of all voxels by logit and truth.

    Args:
        kept: the held-out cases.
        own: limits of the review that the bundle has already.
    """
    seeker, groups = Search(kept), groups_of(kept)
    as_it_is = [PLAIN] * len(kept)
    before = outcome(kept, as_it_is)
    found = [nested_search(seeker, groups, with_all) for with_all in (False, True)]
    rules, fair, nested = max(found, key=lambda each: each.nested.worth)
    as_trained, tempered = seeker.errors(as_it_is), seeker.errors(fair)
    is_worth_it = nested.worth > before.worth
    if not is_worth_it:
        helped = [region for region in REGIONS if tempered[region] < as_trained[region]]
        rules, fair = rules.without_cuts(helped), [each.without_cuts(helped) for each in fair]
        nested, tempered = outcome(kept, fair), seeker.errors(fair)
    limits, flags, flags_nested = choose_limits(nested.measures, nested.dice["brats2020"], groups, own)
    tuning = Tuning(
        patients=len(kept),
        rules=rules,
        before=before.means,
        after=outcome(kept, [rules] * len(kept)).means if is_worth_it else before.means,
        nested=nested.means,
        calibration={region: (as_trained[region], tempered[region]) for region in REGIONS},
        limits=limits,
        flags=flags,
        flags_nested=flags_nested,
    )
    return tuning, calibration.total(seeker.counts)


class Found(NamedTuple):
    """What a search found, and what it brings."""

    rules: Rules
    """By all cases."""
    fair: list[Rules]
    """For each case, by those of the other groups."""
    nested: Outcome
    """Each case under the rules that it had no say in."""


def nested_search(seeker: Search, groups: NDArray[np.intp], with_all: bool) -> Found:
    """Search with all cases, and for each group without it.

    Args:
        seeker: the search.
        groups: (N,), of each case.
        with_all: whether a smallest enhancing volume in all may be among the rules.
    """
    others = {group: np.flatnonzero(groups != group).tolist() for group in np.unique(groups).tolist()}
    by_others = {group: seeker.rules(cases, with_all=with_all) for group, cases in others.items()}
    fair = [by_others[group] for group in groups.tolist()]
    return Found(seeker.rules(range(len(groups)), with_all=with_all), fair, outcome(seeker.kept, fair))


def groups_of(kept: Sequence[KeptCase]) -> NDArray[np.intp]:
    """Return the group of each case: its fold, or a few groups by turns where there is one fold."""
    folds = np.array([case.fold for case in kept], np.intp)
    if len(np.unique(folds)) > 1:
        return folds
    _, patients = np.unique([patient_of(case.id) for case in kept], return_inverse=True)
    return np.asarray(patients % GROUPS)
