"""The flag: rates by hand, and limits that tell bad masks from good ones."""

import math

import numpy as np
import pytest

from brats3d.study.flags import BAD, GOOD, SOUGHT, FlagRates, Reviewed, beyond, choose_limits, gain_of, rates
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
    groups = np.arange(len(dice)) % 5
    limits, found, nested = choose_limits(measures, dice, groups, {Measure.UNSURE_TC: (0.0, 1.0)})
    assert 0.2 < limits[Measure.UNSURE_TC][1] < 0.5
    assert (found.caught, found.flagged) == (found.bad, 0)
    assert (nested.bad, nested.good) == (found.bad, found.good)
    assert nested.worth > 0.8


def test_what_nothing_tells_apart_is_left_as_it_is():
    measures, dice = cases()
    blind = [{**case, Measure.UNSURE_TC: 0.1, Measure.SCATTERED: 0.1} for case in measures]
    limits, found, nested = choose_limits(blind, dice, np.arange(len(dice)) % 5, {})
    assert limits == {}
    assert found == nested
    assert found.worth == 0


def test_limits_that_only_look_good_on_those_they_were_found_on_are_not_taken():
    rng = np.random.default_rng(0)
    dice = np.where(np.arange(60) % 5 == 0, 0.4, 0.9)
    noise = [{each: float(rng.uniform(0, 1)) for each in SOUGHT} for _ in dice]
    own = dict.fromkeys(SOUGHT, (0.0, 1.0))
    assert rates(beyond(noise, Reviewed(noise, dice).choose({})), dice).worth > 0.15
    limits, found, _ = choose_limits(noise, dice, np.arange(60) % 5, own)
    assert limits == {}
    assert found.worth == 0


def test_noise_hardly_ever_yields_limits():
    rng = np.random.default_rng(1)
    stored = 0
    for _ in range(10):
        dice = rng.normal(0.76, 0.18, 62).clip(0, 1)
        noise = [{each: float(rng.uniform(0, 1)) for each in SOUGHT} for _ in dice]
        stored += bool(choose_limits(noise, dice, np.arange(62) % 5, dict.fromkeys(SOUGHT, (0.0, 1.0)))[0])
    assert stored <= 2


def test_a_gain_is_counted_by_hand():
    dice = np.array([0.5] * 5 + [0.7] + [0.9] * 5)
    flags, others = np.array([1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0], bool), np.array([0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1], bool)
    gain, error = gain_of(flags, others, dice)
    assert gain == pytest.approx(3 / 5 + 1 / 5)
    # Changes 1 1 1 0 0 and 0 0 0 0 1: variances 0.3 and 0.2, and 0.2 is the least for five masks.
    assert error == pytest.approx((0.3 / 5 + 0.2 / 5) ** 0.5)


def test_masks_that_all_agree_are_no_proof_and_too_few_say_nothing():
    dice = np.array([0.5] * 5 + [0.9] * 5)
    flags, none = dice < BAD, np.zeros(10, bool)
    assert gain_of(flags, none, dice) == (1.0, pytest.approx(0.4**0.5 / 5**0.5))
    assert gain_of(flags[1:], none[1:], dice[1:]) == (0.0, math.inf)
    assert gain_of(flags[5:], none[5:], dice[5:]) == (0.0, math.inf)


def test_a_groups_limits_are_found_without_it():
    measures, dice = cases(40)
    groups = np.zeros(40, int)
    groups[20:] = 1
    told = [
        {**case, Measure.SCATTERED: 0.1, Measure.UNSURE_TC: 0.1 if group else case[Measure.UNSURE_TC]}
        for case, group in zip(measures, groups, strict=True)
    ]
    _, _, nested = choose_limits(told, dice, groups, dict.fromkeys(SOUGHT, (0.0, 1.0)))
    # Nobody in group 1 shows what a bad mask is like, and its own bad ones look like all the others.
    assert (nested.caught, nested.flagged) == (0, 0)


def test_limits_of_the_bundle_hold_beside_those_found():
    measures, dice = cases()
    groups = np.arange(len(dice)) % 5
    _, found, _ = choose_limits(measures, dice, groups, {Measure.VOLUME_ML: (60.0, 400.0)})
    assert found.flagged == found.good


def test_a_measure_that_is_worth_nothing_is_left_open_by_what_is_found():
    measures, dice = cases()
    always = [{**case, Measure.SCATTERED: 0.9} for case in measures]
    limits, found, _ = choose_limits(always, dice, np.arange(len(dice)) % 5, {})
    assert limits[Measure.SCATTERED][1] >= 0.9
    assert found.flagged == 0
