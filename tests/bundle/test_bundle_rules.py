"""Temperature, islands and limits of the review: what they may be, and what holds where they are absent."""

import math

import pytest
from bundles_for_tests import tiny_common

from brats3d.bundle import NO_ISLANDS, check_definition
from brats3d.errors import BundleError
from brats3d.vocabulary import REGIONS, Measure, Region

ZERO = {"WT": 0, "TC": 0, "ET": 0}


def test_a_bundle_without_these_keys_changes_nothing():
    definition = check_definition(tiny_common())
    assert definition.temperature == dict.fromkeys(REGIONS, 1.0)
    assert definition.islands == NO_ISLANDS
    assert not definition.islands.is_on
    assert definition.review == {}


def test_one_temperature_holds_for_all_regions_or_each_has_its_own():
    assert check_definition(tiny_common(temperature=2)).temperature == dict.fromkeys(REGIONS, 2.0)
    own = check_definition(tiny_common(temperature={"WT": 1, "TC": 1.5, "ET": 0.5})).temperature
    assert own == {Region.WT: 1.0, Region.TC: 1.5, Region.ET: 0.5}


def test_either_rule_on_islands_may_be_absent():
    islands = check_definition(tiny_common(islands={"smallest_ml": {**ZERO, "ET": 0.1}})).islands
    assert islands.smallest_ml[Region.ET] == 0.1
    assert islands.least_probability == dict.fromkeys(REGIONS, 0.0)
    assert islands.is_on
    assert check_definition(tiny_common(islands={"least_probability": {**ZERO, "WT": 0.7}})).islands.is_on


def test_limits_may_be_open_at_either_end():
    limits = check_definition(tiny_common(review={"volume_ml": [2, None], "skew_t1": [None, 0.5]})).review
    assert limits == {Measure.VOLUME_ML: (2.0, math.inf), Measure.SKEW_T1: (-math.inf, 0.5)}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"temperature": 0}, "'temperature' is 0, not a number from 0.05 to 20"),
        ({"temperature": "warm"}, "'temperature' is 'warm'"),
        ({"temperature": {"WT": 1, "TC": 1}}, "'temperature.ET' is missing"),
        ({"temperature": {"WT": 1, "TC": -1, "ET": 1}}, "'temperature.TC' is -1"),
        ({"islands": None}, "'islands' is None, not a mapping with smallest_ml, least_probability"),
        ({"islands": {"smallest": ZERO}}, r"unknown key 'islands.smallest'; did you mean 'smallest_ml'\?"),
        ({"islands": {"smallest_ml": 1}}, "'islands.smallest_ml' is 1, not a mapping with WT, TC, ET"),
        ({"islands": {"smallest_ml": {**ZERO, "ET": -1}}}, "'islands.smallest_ml.ET' is -1"),
        ({"islands": {"least_probability": {**ZERO, "ET": 1}}}, "'islands.least_probability.ET' is 1"),
        ({"review": []}, "'review' is \\[\\], not a mapping of measures"),
        ({"review": {"volume": [1, 2]}}, r"unknown key 'review.volume'; did you mean 'volume_ml'\?"),
        ({"review": {"volume_ml": 3}}, "'review.volume_ml' is 3, not \\[low, high\\]"),
        ({"review": {"volume_ml": [1]}}, "not \\[low, high\\] of two numbers or null"),
        ({"review": {"volume_ml": [1, True]}}, "not \\[low, high\\] of two numbers or null"),
        ({"review": {"volume_ml": [2, 1]}}, "the first is the lowest"),
    ],
    ids=str,
)
def test_a_rule_out_of_range_is_refused(changes, words):
    with pytest.raises(BundleError, match=words):
        check_definition(tiny_common(**changes))
