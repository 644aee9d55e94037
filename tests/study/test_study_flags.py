"""The flag: rates by hand, and limits that tell bad masks from good ones."""

import numpy as np

from brats3d.predict.review import DEFAULT_LIMITS
from brats3d.study.flags import BAD, GOOD, FlagRates, beyond, choose_limits, rates
from brats3d.vocabulary import Measure


def cases(count=40, seed=0):
    """Return measures and Dice of cases whose bad masks are unsure of the core."""
    rng = np.random.default_rng(seed)
    dice = np.where(np.arange(count) % 4 == 0, rng.uniform(0.2, BAD, count), rng.uniform(GOOD, 0.95, count))
    measures = [
        {
            Measure.VOLUME_ML: 50.0,
            Measure.SCATTERED: float(rng.uniform(0, 0.2)),
            Measure.UNSURE_TC: float(rng.uniform(0.5, 0.8) if value < BAD else rng.uniform(0.05, 0.3)),
        }
        for value in dice
    ]
    return measures, dice


def test_rates_are_counted_by_hand():
    found = rates(np.array([True, False, True, False, True]), np.array([0.5, 0.5, 0.7, 0.9, 0.9]))
    assert found == FlagRates(bad=2, caught=1, good=2, flagged=1)
    assert found.worth == 0
    assert found.in_words() == "1 of 2 bad masks caught, 1 of 2 good ones flagged"
    assert FlagRates(0, 0, 0, 0).worth == 0


def test_a_measure_beyond_its_limits_flags_and_an_absent_one_does_not():
    limits = {Measure.SCATTERED: (0.0, 0.25)}
    assert beyond([{Measure.SCATTERED: 0.25}, {Measure.SCATTERED: 0.26}, {}], limits).tolist() == [False, True, False]


def test_the_measure_that_tells_bad_from_good_gets_a_limit_between():
    measures, dice = cases()
    folds = np.arange(len(dice)) % 5
    limits, found, nested = choose_limits(measures, dice, folds)
    assert 0.2 < limits[Measure.UNSURE_TC][1] < 0.5
    assert (found.caught, found.flagged) == (found.bad, 0)
    assert (nested.bad, nested.good) == (found.bad, found.good)
    assert nested.worth > 0.8


def test_what_nothing_tells_apart_is_left_to_the_defaults():
    measures, dice = cases()
    blind = [{**case, Measure.UNSURE_TC: 0.1, Measure.SCATTERED: 0.1} for case in measures]
    limits, found, _ = choose_limits(blind, dice, np.arange(len(dice)) % 5)
    assert found.worth == 0
    assert all(limit[1] >= 0.1 for limit in limits.values())
    assert DEFAULT_LIMITS[Measure.VOLUME_ML][0] > 0
