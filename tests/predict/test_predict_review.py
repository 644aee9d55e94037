"""Measures of a case and its mask by hand, and the reasons that they give."""

import math

import numpy as np
import pytest

from brats3d.grid import Grid
from brats3d.predict.review import DEFAULT_LIMITS, REASONS, judged, of_input, of_mask, review
from brats3d.prepare import Prepared, foreground_of_box
from brats3d.prepare.orient import turn_of
from brats3d.vocabulary import MODALITIES, REGIONS, Measure

SHAPE = (12, 12, 12)
AFFINE = np.diag([1.0, 1.0, 2.0, 1.0])
HALVES = dict.fromkeys(REGIONS, 0.5)
SOUND = {measure: (low if math.isfinite(low) else 0.0) + 0.01 for measure, (low, _) in DEFAULT_LIMITS.items()}


def prepared_of(data):
    box = tuple(slice(0, voxels) for voxels in SHAPE)
    return Prepared(data, Grid(SHAPE, AFFINE), turn_of(AFFINE), box, SHAPE)


@pytest.fixture
def prepared():
    """Brain everywhere but in the last slice along X."""
    data = np.random.default_rng(0).normal(size=(4, *SHAPE)).astype(np.float32)
    data[:, -1] = 0
    return prepared_of(data)


@pytest.fixture
def regions():
    """WT in two parts of 6 and 2 voxels, one of them outside the brain; TC of 4; no ET."""
    regions = np.zeros((3, *SHAPE), bool)
    regions[0, 2, 2, 2:8] = regions[0, 10:12, 9, 9] = True
    regions[1, 2, 2, 2:6] = True
    return regions


def test_the_measures_of_a_mask_are_those_worked_out_by_hand(prepared, regions):
    probabilities = np.where(regions, np.float32(0.9), np.float32(0))
    probabilities[0, 2, 2, 2:4] = 0.6
    found = of_mask(probabilities, regions, foreground_of_box(prepared), HALVES, prepared.grid.voxel_ml)
    assert found == pytest.approx(
        {
            Measure.VOLUME_ML: 8 * 0.002,
            Measure.SCATTERED: 2 / 8,
            Measure.OUTSIDE_BRAIN: 1 / 8,
            Measure.UNSURE_WT: 2 / 8,
            Measure.UNSURE_TC: 0,
        }
    )


def test_unsure_is_what_lies_hardly_above_the_threshold_wherever_that_is(prepared, regions):
    probabilities = np.where(regions, np.float32(0.85), np.float32(0))
    for threshold, share in ((0.5, 0.0), (0.6, 0.0), (0.7, 1.0)):
        thresholds = dict.fromkeys(REGIONS, threshold)
        found = of_mask(probabilities, regions, foreground_of_box(prepared), thresholds, 0.002)
        assert found[Measure.UNSURE_WT] == found[Measure.UNSURE_TC] == share


def test_an_empty_mask_has_a_volume_alone(prepared, regions):
    nothing = np.zeros((3, *SHAPE), np.float32)
    found = of_mask(nothing, np.zeros_like(regions), foreground_of_box(prepared), HALVES, 0.002)
    assert found == {Measure.VOLUME_ML: 0.0}


def test_the_foreground_is_measured_at_the_patients_spacing(prepared):
    box = (slice(0, 12), slice(0, 12), slice(0, 6))
    coarse = Prepared(prepared.data, Grid((12, 12, 6), np.diag([1, 1, 4.0, 1])), turn_of(AFFINE), box, (12, 12, 6))
    assert of_input(coarse, MODALITIES)[Measure.BRAIN_ML] == pytest.approx(12 * 12 * 6 * 0.004, rel=0.3)
    inside = np.zeros((3, 12, 12, 6), bool)
    inside[0, 11, 5, 1:5] = inside[0, 4, 5, 1:5] = True
    found = of_mask(inside.astype(np.float32), inside, foreground_of_box(coarse), HALVES, coarse.grid.voxel_ml)
    assert found[Measure.OUTSIDE_BRAIN] == 0.5


def test_skewness_tells_which_side_is_longer_and_a_missing_modality_has_none():
    values = np.random.default_rng(0).exponential(size=SHAPE).astype(np.float32) + 0.1
    found = of_input(prepared_of(np.stack([-values, values, np.zeros_like(values), values])), MODALITIES)
    assert found[Measure.SKEW_T1] == pytest.approx(-found[Measure.SKEW_T1CE])
    assert found[Measure.SKEW_FLAIR] > 0.5
    assert Measure.SKEW_T2 not in found


def test_measures_within_their_limits_give_no_reason():
    found = judged(SOUND, DEFAULT_LIMITS)
    assert (found.reasons, found.findings) == ((), ())
    assert found.as_record()["look"] is False


def test_a_limit_itself_is_within():
    assert judged({Measure.SCATTERED: 0.25}, {Measure.SCATTERED: (0.0, 0.25)}).reasons == ()


@pytest.mark.parametrize(
    ("measure", "value", "reason"),
    [
        (Measure.VOLUME_ML, 0.0, "empty"),
        (Measure.VOLUME_ML, 0.5, "tiny"),
        (Measure.VOLUME_ML, 900.0, "large"),
        (Measure.SCATTERED, 0.9, "scattered"),
        (Measure.OUTSIDE_BRAIN, 0.9, "outside-the-brain"),
        (Measure.UNSURE_ET, 0.9, "unsure"),
        (Measure.BRAIN_ML, 200.0, "unlike-training"),
        (Measure.SKEW_T2, -4.0, "unlike-training"),
    ],
)
def test_each_measure_beyond_its_limits_gives_its_reason(measure, value, reason):
    assert judged({**SOUND, measure: value}, DEFAULT_LIMITS).reasons == (reason,)


def test_two_measures_with_one_reason_give_it_once_and_both_are_told():
    found = judged({Measure.UNSURE_WT: 0.5, Measure.UNSURE_ET: 0.75}, DEFAULT_LIMITS)
    assert found.reasons == ("unsure",)
    (finding,) = found.findings
    assert (finding.code, str(finding.severity)) == ("look", "warning")
    assert finding.message == (
        "look at this one: 50 % of the whole tumour lie hardly above the threshold (usual: up to 25 %); "
        "75 % of the enhancing tumour lie hardly above the threshold (usual: up to 50 %)"
    )


def test_an_empty_mask_is_a_reason_and_its_own_finding_says_it():
    found = judged({Measure.VOLUME_ML: 0.0}, DEFAULT_LIMITS)
    assert (found.reasons, found.findings) == (("empty",), ())


def test_a_bundles_limits_go_before_the_default(prepared, regions):
    probabilities = regions.astype(np.float32)
    wide = dict.fromkeys(Measure, (-math.inf, math.inf))
    assert review(probabilities, regions, prepared, MODALITIES, HALVES, wide).reasons == ()
    narrow = {**wide, Measure.BRAIN_ML: (1000.0, 2000.0)}
    assert review(probabilities, regions, prepared, MODALITIES, HALVES, narrow).reasons == ("unlike-training",)
    assert "tiny" in review(probabilities, regions, prepared, MODALITIES, HALVES, {}).reasons


def test_the_record_holds_every_measure(prepared, regions):
    record = review(regions.astype(np.float32), regions, prepared, MODALITIES, HALVES, {}).as_record()
    assert record["look"] is True
    assert record["measures"].keys() == {str(measure) for measure in Measure} - {"unsure_et"}


def test_every_measure_has_limits_and_words():
    assert set(DEFAULT_LIMITS) == set(REASONS) == set(Measure)
    assert {f"unsure_{region.lower()}" for region in REGIONS} < set(Measure)
    assert {f"skew_{modality}" for modality in MODALITIES} < set(Measure)
