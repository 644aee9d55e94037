"""The search: tables that score any rule as the protocols do, and the mildest rule that is hardly worse than any."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kept_for_tests import ball, kept_case

from brats3d.predict.islands import keep_parts
from brats3d.predict.parts import parts_of
from brats3d.scoring.lesions import score_lesions
from brats3d.scoring.overlap import overlap
from brats3d.study.calibration import counts_of
from brats3d.study.parts import part_table
from brats3d.study.rules import LESION_RULES
from brats3d.study.search import (
    THRESHOLDS,
    Rule,
    best_threshold,
    mildest,
    rules_of,
    score_rules,
    threshold_dice,
)

SHAPE = (30, 28, 26)


def blobs(rng, count):
    """Return a map of some balls."""
    found = np.zeros(SHAPE, bool)
    for _ in range(count):
        found |= ball(SHAPE, tuple(rng.integers(2, 24, 3)), rng.uniform(0.5, 5))
    return found


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**32))
def test_a_table_scores_every_rule_as_the_protocols_do(seed, tmp_path_factory):
    rng = np.random.default_rng(seed)
    reference, predicted = blobs(rng, rng.integers(0, 5)), blobs(rng, rng.integers(0, 6))
    probability = rng.uniform(0.5, 1, SHAPE).astype(np.float32)
    case = kept_case(tmp_path_factory.mktemp("kept"), "a", np.zeros((3, *SHAPE)), np.stack([reference] * 3))
    table = part_table(case, 0, predicted, probability, LESION_RULES)
    for smallest, least in [(0.0, 0.0), (0.03, 0.0), (0.0, 0.75), (0.05, 0.76)]:
        kept = predicted.copy()
        if smallest or least:
            keep_parts(kept, probability, smallest, least, case.voxel_ml)
        keeps = table.kept(smallest, least)
        scores = score_lesions(kept, reference, (1.0, 1.0, 1.0), LESION_RULES)
        both_empty = not kept.any() and not reference.any()
        assert table.dice(keeps) == pytest.approx(1.0 if both_empty else overlap(kept, reference).dice)
        assert table.lesion_dice(keeps) == pytest.approx(scores.dice)


def test_too_little_in_all_drops_everything(tmp_path):
    predicted = ball(SHAPE, (8, 8, 8), 2) | ball(SHAPE, (20, 20, 20), 1)
    case = kept_case(tmp_path, "a", np.zeros((3, *SHAPE)), np.zeros((3, *SHAPE), bool))
    table = part_table(case, 2, predicted, np.ones(SHAPE, np.float32), LESION_RULES)
    volume = predicted.sum() * 0.001
    assert table.kept(0, 0, volume).all()
    assert not table.kept(0, 0, volume + 1e-6).any()
    assert table.dice(table.kept(0, 0, 1.0)) == 1.0
    assert table.dice(table.kept(0, 0, 0.0)) == 0.0


def test_reference_outside_the_box_counts_as_missed(tmp_path):
    inside = ball(SHAPE, (10, 10, 10), 3)
    case = kept_case(tmp_path, "a", np.zeros((3, *SHAPE)), np.stack([inside] * 3), outside=(int(inside.sum()), 0, 0))
    table = part_table(case, 0, inside, np.ones(SHAPE, np.float32), LESION_RULES)
    assert table.dice(table.kept(0, 0)) == pytest.approx(2 / 3)


def test_thresholds_are_scored_from_counts(tmp_path):
    rng = np.random.default_rng(0)
    regions = np.stack([blobs(rng, 3)] * 3)
    logits = rng.normal(size=(3, *SHAPE)) + 2 * regions
    case = kept_case(tmp_path, "a", logits, regions, outside=(50, 0, 0))
    counts = counts_of(case)
    kept = case.logits.astype(np.float64)
    for temperature in (1.0, 1.6):
        found = threshold_dice(counts[0], 50, temperature)
        for cut, dice in zip(THRESHOLDS, found, strict=True):
            predicted = kept[0] / temperature > np.log(cut / (1 - cut))
            expected = 2 * (predicted & regions[0]).sum() / (predicted.sum() + regions[0].sum() + 50)
            assert dice == pytest.approx(expected, abs=0.01)
    assert threshold_dice(np.zeros_like(counts[0]), 0, 1.0).tolist() == [1.0] * len(THRESHOLDS)


def test_the_mildest_choice_that_is_hardly_worse_is_taken():
    assert mildest(np.array([[0.5], [0.5005], [0.4]]), [2, 1, 0]) == 1
    assert mildest(np.array([[0.5], [0.502], [0.4]]), [1, 2, 0]) == 1
    # The same mean loss of 0.02: once of every case, once of one in four.
    of_all, of_one, best = [0.48] * 4, [0.42, 0.5, 0.5, 0.5], [0.5] * 4
    assert mildest(np.array([of_all, best]), [0, 1]) == 1
    assert mildest(np.array([of_one, best]), [0, 1]) == 0
    flat = np.full((4, len(THRESHOLDS)), 0.7)
    assert best_threshold(flat) == 0.5
    flat[:, THRESHOLDS.index(0.35)] = 0.8
    assert best_threshold(flat) == 0.35


def test_fewer_and_weaker_rules_are_milder():
    strengths = [rule.strength for rule in (Rule(), Rule(0.1), Rule(0.2), Rule(0.02, 0.6), Rule(0.02, 0.6, 0.05))]
    assert strengths == sorted(strengths)
    assert len(rules_of(False)) < len(rules_of(True))
    assert rules_of(True)[0] == Rule()


def test_a_false_speck_chooses_a_rule_and_a_sound_mask_none(tmp_path):
    tumour, speck = ball(SHAPE, (10, 10, 10), 6), ball(SHAPE, (24, 24, 22), 1)
    for name, predicted, expected in (("sound", tumour, Rule()), ("specked", tumour | speck, Rule(0.02))):
        case = kept_case(tmp_path, name, np.zeros((3, *SHAPE)), np.stack([tumour] * 3))
        table = part_table(case, 0, predicted, np.ones(SHAPE, np.float32), LESION_RULES)
        scores = score_rules([table] * 3, rules_of(False))
        assert scores.best == expected
    assert len(parts_of(tumour | speck).voxels) == 2
