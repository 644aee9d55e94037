import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from brats3d.scoring.lesions import LesionRules, LesionScores, score_lesions
from brats3d.scoring.surface import hd95_google

UNIT = (1.0, 1.0, 1.0)
GLIOMA = LesionRules(dilations=3, smallest_mm3=50.0, penalty_mm=374.0)
ALL = ndimage.generate_binary_structure(3, 3)


def row(*voxels: int) -> np.ndarray:
    mask = np.zeros((40, 3, 3), bool)
    mask[list(voxels), 1, 1] = True
    return mask


def slow_scores(prediction, reference, spacing_mm, rules) -> LesionScores:
    """The published steps as they are written, each over the whole grid."""
    near = ndimage.generate_binary_structure(3, 2)

    def dilated(mask):
        for _ in range(rules.dilations):
            mask = ndimage.binary_dilation(mask, near)
        return mask

    lesions = ndimage.label(dilated(reference), ALL)[0] * reference
    parts, count = ndimage.label(prediction, ALL)
    used, dice, hd95_mm, found, missed = set(), [], [], 0, 0
    for number in range(1, lesions.max() + 1):
        lesion = lesions == number
        hits = set(np.unique(parts[dilated(lesion)])) - {0}
        used |= hits
        if lesion.sum() * np.prod(spacing_mm) <= rules.smallest_mm3:
            continue
        matched = np.isin(parts, list(hits))
        found, missed = found + bool(hits), missed + (not hits)
        dice.append(2 * (matched & lesion).sum() / (matched.sum() + lesion.sum()))
        hd95_mm.append(hd95_google(matched, lesion, spacing_mm) if hits else rules.penalty_mm)
    false = count - len(used)
    total = len(dice) + false
    if total == 0:
        return LesionScores(1.0, 0.0, 0, 0, 0)
    return LesionScores(sum(dice) / total, (sum(hd95_mm) + rules.penalty_mm * false) / total, found, false, missed)


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("dilations", [0, 1, 3])
def test_random_blobs_score_as_the_published_steps_written_out(seed, dilations):
    generator = np.random.default_rng(seed)
    shape = generator.integers(6, 24, 3)
    noise = (ndimage.gaussian_filter(generator.normal(size=shape), 1.2) for _ in range(2))
    prediction, reference = (field > np.quantile(field, generator.uniform(0.8, 1.0)) for field in noise)
    rules = LesionRules(dilations, smallest_mm3=float(generator.choice([0, 10, 60])), penalty_mm=374.0)
    spacing_mm = (1.0, 0.7, 2.5)
    ours, theirs = (score(prediction, reference, spacing_mm, rules) for score in (score_lesions, slow_scores))
    assert (ours.found, ours.false, ours.missed) == (theirs.found, theirs.false, theirs.missed)
    assert (ours.dice, ours.hd95_mm) == pytest.approx((theirs.dice, theirs.hd95_mm), abs=1e-12)


@pytest.mark.parametrize("dilations", [0, 1, 3, 5])
def test_parts_with_a_gap_of_twice_the_dilations_are_one_lesion(dilations):
    rules = LesionRules(dilations, smallest_mm3=0.0, penalty_mm=374.0)
    together, apart = row(5, 6 + 2 * dilations), row(5, 7 + 2 * dilations)
    assert score_lesions(row(), together, UNIT, rules).missed == 1
    assert score_lesions(row(), apart, UNIT, rules).missed == 2


def test_a_lesion_of_the_threshold_itself_is_left_out():
    reference = row(*range(10))
    assert score_lesions(row(), reference, (1.0, 1.0, 5.0), GLIOMA) == LesionScores(1.0, 0.0, 0, 0, 0)
    assert score_lesions(row(), reference, (1.0, 1.0, 5.1), GLIOMA) == LesionScores(0.0, 374.0, 0, 0, 1)


def test_a_part_on_a_lesion_left_out_is_neither_rewarded_nor_false():
    assert score_lesions(row(5), row(5), UNIT, GLIOMA) == LesionScores(1.0, 0.0, 0, 0, 0)


def test_a_false_lesion_costs_the_same_whatever_its_size():
    assert score_lesions(row(5), row(), UNIT, GLIOMA) == LesionScores(0.0, 374.0, 0, 1, 0)
    assert score_lesions(np.ones((9, 9, 9), bool), np.zeros((9, 9, 9), bool), UNIT, GLIOMA).hd95_mm == 374.0


def test_one_part_may_serve_two_lesions():
    rules = LesionRules(dilations=1, smallest_mm3=0.0, penalty_mm=374.0)
    scores = score_lesions(row(*range(10, 20)), row(10, 19), UNIT, rules)
    assert (scores.found, scores.false, scores.missed) == (2, 0, 0)
    assert scores.dice == pytest.approx(2 / 11)


@settings(max_examples=30, deadline=None)
@given(voxels=st.sets(st.integers(0, 39)))
def test_identical_maps_are_perfect(voxels):
    mask = row(*voxels)
    scores = score_lesions(mask, mask, UNIT, LesionRules(0, 0.0, 374.0))
    assert (scores.dice, scores.hd95_mm, scores.false, scores.missed) == (1.0, 0.0, 0, 0)
