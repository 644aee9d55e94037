"""Rules are kept for what they bring on patients that had no say in them."""

from dataclasses import replace

import numpy as np
import pytest
from kept_for_tests import ball, kept_case

from brats3d.bundle import NO_ISLANDS
from brats3d.study.choose import GROUPS, Search, find_rules, groups_of
from brats3d.study.rules import PLAIN, outcome
from brats3d.vocabulary import Region

SHAPE = (30, 30, 30)


def case_of(folder, number, fold, predicted, true, sure=4.0):
    """Return a case whose three regions are all the same: WT as sure as can be, the specks hardly."""
    logits = np.where(predicted, sure, -sure)
    name = f"case{number}"
    return kept_case(folder, name, np.stack([logits] * 3), np.stack([true] * 3), fold=fold)


@pytest.fixture
def specked(tmp_path):
    """Ten cases in five folds, each with a false speck beside its tumour."""
    tumour, speck = ball(SHAPE, (10, 10, 10), 6), ball(SHAPE, (24, 24, 24), 1)
    return [case_of(tmp_path, number, number % 5, tumour | speck, tumour) for number in range(10)]


def test_what_helps_everybody_is_found_and_helps_those_who_had_no_say(specked):
    tuning, counts = find_rules(specked, {})
    assert tuning.rules.islands.smallest_ml[Region.ET] > 0
    assert tuning.before["brats2023"] < tuning.nested["brats2023"] == tuning.after["brats2023"]
    assert counts.sum() == 3 * len(specked) * np.prod(SHAPE)


def test_what_helps_one_fold_alone_is_not_stored(tmp_path):
    # Each fold asks for what harms the others: in one a speck is true, in the other the same is false.
    tumour, speck = ball(SHAPE, (10, 10, 10), 6), ball(SHAPE, (24, 24, 24), 1)
    kept = [
        case_of(tmp_path, number, number % 2, tumour | speck, tumour | speck if number % 2 else tumour)
        for number in range(8)
    ]
    tuning, _ = find_rules(kept, {})
    assert tuning.rules.islands == NO_ISLANDS
    assert tuning.rules.thresholds == PLAIN.thresholds
    assert tuning.nested == tuning.after == tuning.before


def test_the_error_after_is_of_temperatures_found_on_the_others(tmp_path):
    rng = np.random.default_rng(0)
    kept = []
    for number, scale in enumerate((3.0, 3.0, 0.5, 0.5)):
        logits = rng.normal(0, 2, (3, *SHAPE))
        truth = rng.random((3, *SHAPE)) < 1 / (1 + np.exp(-logits))
        truth = np.stack([truth[0], truth[0] & truth[1], truth[0] & truth[1] & truth[2]])
        kept.append(kept_case(tmp_path, f"case{number}", scale * logits, truth, fold=number // 2))
    tuning, _ = find_rules(kept, {})
    seeker = Search(kept)
    own = [seeker.rules([0, 1])] * 2 + [seeker.rules([2, 3])] * 2
    # Each half is right only with its own temperature, and is given the other's.
    assert own[0].temperature[Region.WT] > 2 > own[2].temperature[Region.WT]
    without = {region: error for region, (error, _) in tuning.calibration.items()}
    nested = seeker.errors([own[2]] * 2 + [own[0]] * 2)
    assert nested[Region.WT] > without[Region.WT] + 0.05
    # So no temperature is kept where it harms.
    assert tuning.rules.temperature[Region.WT] == 1.0
    assert tuning.calibration[Region.WT] == (without[Region.WT], without[Region.WT])


def test_patients_of_one_bundle_are_grouped_and_nobody_has_a_say_in_his_own_rules(specked):
    alone = [replace(case, fold=0) for case in specked]
    assert groups_of(alone).tolist() == [number % GROUPS for number in range(10)]
    assert groups_of(specked).tolist() == [case.fold for case in specked]
    names = ("BraTS-GLI-00000-100", "BraTS-GLI-00000-101", "BraTS-GLI-00001-100")
    visits = [replace(case, id=name) for case, name in zip(alone, names, strict=False)]
    assert groups_of(visits).tolist() == [0, 0, 1]
    tuning, _ = find_rules(alone[:1], {})
    assert tuning.rules.islands == NO_ISLANDS
    assert tuning.nested == tuning.before


def test_nobody_chooses_nothing(specked):
    assert Search(specked).rules([]) == PLAIN


def test_worth_is_the_mean_of_dice_and_lesion_wise_dice(specked):
    plain, clean = outcome(specked[:1], [PLAIN]), ball(SHAPE, (10, 10, 10), 6).sum()
    speck = ball(SHAPE, (24, 24, 24), 1).sum()
    whole, by_lesion = 2 * clean / (2 * clean + speck), 1 / 2  # one lesion found whole, and one that is none
    assert plain.worth == pytest.approx((whole + by_lesion) / 2)
