import math

import numpy as np
import pytest
from scores_for_tests import (
    CUBE,
    EMPTY,
    FOUR_LESIONS,
    OEDEMA,
    OEDEMA_WITH_A_SPECK,
    THREE_PARTS,
    figures_of,
    rounded,
    score_label_maps,
)

from brats3d.scoring.protocols import PROTOCOLS
from brats3d.vocabulary import REGIONS, Region, Tissue

WHOLE, LESIONS, MERGED, MATCHED = (PROTOCOLS[f"brats{year}"] for year in (2020, 2023, 2024, 2026))


def small(*voxels: int) -> np.ndarray:
    """A label map of enhancing tumour in these of 3 x 4 x 12 voxels."""
    label_map = np.zeros(3 * 4 * 12, np.uint8)
    label_map[list(voxels)] = 3
    return label_map.reshape(3, 4, 12)


def test_worked_case_1_of_2023_merges_misses_and_drops_lesions():
    for scores in score_label_maps(LESIONS, THREE_PARTS, FOUR_LESIONS).values():
        assert rounded(scores, "dice", "hd95") == (0.218023, 282.25)
        assert rounded(scores, "tp", "fp", "fn") == (1, 2, 1)
        assert rounded(scores, "whole_dice", "whole_hd95") == (0.824553, 63.600314)
        assert rounded(scores, "sensitivity", "specificity") == (0.779221, 0.999986)
        assert (scores.reference_ml, scores.prediction_ml) == (1.155, 1.028)


def test_worked_case_2_of_2023_costs_a_whole_region_for_a_speck():
    scores = score_label_maps(LESIONS, OEDEMA_WITH_A_SPECK, OEDEMA)
    assert figures_of(scores, "dice") == {Region.WT: 1.0, Region.TC: 0.0, Region.ET: 0.0}
    assert figures_of(scores, "hd95") == {Region.WT: 0.0, Region.TC: 374.0, Region.ET: 374.0}


def test_worked_cases_3_and_4_of_2023_are_an_empty_prediction_and_two_empty_maps():
    for scores in score_label_maps(LESIONS, EMPTY, CUBE).values():
        assert rounded(scores, "dice", "hd95", "tp", "fp", "fn") == (0.0, 374.0, 0, 0, 1)
    for scores in score_label_maps(LESIONS, EMPTY, EMPTY).values():
        assert rounded(scores, "dice", "hd95", "tp", "fp", "fn") == (1.0, 0.0, 0, 0, 0)


def test_worked_case_1_of_2024_deletes_the_speck_and_keeps_the_small_lesion():
    found = score_label_maps(MERGED, THREE_PARTS, FOUR_LESIONS)
    for region in REGIONS:
        assert rounded(found[region], "dice", "hd95", "tp", "fp", "fn") == (0.218023, 254.5, 1, 1, 2)
        assert rounded(found[region], "nsd_0.5", "nsd_1.0") == (0.15744, 0.237132)
        assert rounded(found[region], "sensitivity") == (0.779221,)
    for tissue in (Tissue.NETC, Tissue.SNFH, Tissue.RC):
        assert rounded(found[tissue], "dice", "hd95", "tp", "fp", "fn", "nsd_1.0") == (1.0, 0.0, 0, 0, 0, 1.0)


def test_worked_case_2_of_2024_forgives_the_speck():
    found = score_label_maps(MERGED, OEDEMA_WITH_A_SPECK, OEDEMA)
    others = {name: 1.0 for name in ("WT", "TC", "NETC", "ET", "RC")}
    assert {region: round(dice, 4) for region, dice in figures_of(found, "dice").items()} == others | {"SNFH": 0.9995}
    assert set(figures_of(found, "hd95").values()) == {0.0}
    assert (found["ET"].whole_dice, found["ET"].prediction_ml) == (1.0, 0.008)


def test_worked_cases_3_and_4_of_2024_are_an_empty_prediction_and_two_empty_maps():
    missed = score_label_maps(MERGED, EMPTY, CUBE)
    for region in REGIONS:
        assert rounded(missed[region], "dice", "hd95", "tp", "fp", "fn", "nsd_0.5") == (0.0, 337.0, 0, 0, 1, 0.0)
    for scores in score_label_maps(MERGED, EMPTY, EMPTY).values():
        assert rounded(scores, "dice", "hd95", "tp", "fp", "fn", "nsd_0.5") == (1.0, 0.0, 0, 0, 0, 1.0)


def test_worked_case_1_of_2026_averages_matched_parts_alone():
    found = score_label_maps(MATCHED, THREE_PARTS, FOUR_LESIONS)
    for region in REGIONS:
        assert rounded(found[region], "tp", "fp", "fn", "f1") == (1, 2, 3, 0.285714)
        assert rounded(found[region], "dice", "hd95", "nsd") == (0.9, 1.0, 1.0)
        assert rounded(found[region], "whole_dice", "whole_hd95", "whole_nsd") == (0.824553, 56.586217, 0.573349)


def test_worked_case_2_of_2026_costs_a_whole_region_for_a_speck():
    found = score_label_maps(MATCHED, OEDEMA_WITH_A_SPECK, OEDEMA)
    for region in (Region.TC, Region.ET):
        assert rounded(found[region], "f1", "dice", "hd95", "nsd", "tp", "fp", "fn") == (0, 0, 373.0, 0, 0, 1, 0)
        assert rounded(found[region], "whole_dice", "whole_hd95", "whole_nsd") == (0, 373.0, 0)
    assert rounded(found["WT"], "f1", "dice", "hd95", "nsd") == (1, 1, 0, 1)


def test_worked_cases_3_and_4_of_2026_are_a_miss_and_no_figures_at_all():
    for region in REGIONS:
        missed = score_label_maps(MATCHED, EMPTY, CUBE)[region]
        assert rounded(missed, "f1", "dice", "hd95", "tp", "fp", "fn") == (0, 0, 373.0, 0, 0, 1)
    for scores in score_label_maps(MATCHED, EMPTY, EMPTY).values():
        undefined = rounded(scores, "f1", "dice", "hd95", "nsd", "whole_dice", "whole_hd95", "whole_nsd")
        assert all(math.isnan(value) for value in undefined)
        assert rounded(scores, "tp", "fp", "fn") == (0, 0, 0)


@pytest.mark.parametrize(
    ("prediction", "reference", "dice", "sensitivity", "specificity", "hd95_mm"),
    [
        (small(), small(), 1.0, 1.0, 1.0, 0.0),
        (small(7), small(), 0.0, 0.0, 143 / 144, 13.0),
        (small(), small(7), 0.0, 0.0, 1.0, 13.0),
        (small(7), small(7), 1.0, 1.0, 1.0, 0.0),
    ],
    ids=["both empty", "reference empty", "prediction empty", "one voxel"],
)
def test_empty_regions_of_whole_scores(prediction, reference, dice, sensitivity, specificity, hd95_mm):
    # The penalty is in voxels, whatever their size.
    scores = score_label_maps(WHOLE, prediction, reference, (2.0, 2.0, 2.0))["ET"]
    assert (scores.dice, scores.iou, scores.hd95_mm) == (dice, dice, hd95_mm)
    assert (scores.sensitivity, scores.specificity) == (sensitivity, specificity)
    assert scores.tp is None


@pytest.mark.parametrize(
    ("prediction", "reference", "whole", "lesions"),
    [
        (small(), small(), (1.0, 0.0), (1.0, 0.0, 0, 0, 0)),
        (small(7), small(), (0.0, 374.0), (0.0, 374.0, 0, 1, 0)),
        (small(), small(7), (0.0, 374.0), (0.0, 374.0, 0, 0, 1)),
        (small(7), small(7), (1.0, 0.0), (1.0, 0.0, 1, 0, 0)),
    ],
    ids=["both empty", "reference empty", "prediction empty", "one voxel"],
)
def test_empty_regions_of_lesion_wise_scores(prediction, reference, whole, lesions):
    scores = score_label_maps(LESIONS, prediction, reference, (4.0, 4.0, 4.0))["ET"]
    assert (scores.whole_dice, scores.whole_hd95_mm) == whole
    assert rounded(scores, "dice", "hd95", "tp", "fp", "fn") == lesions


def test_a_speck_of_2024_is_judged_by_voxels_and_a_lesion_by_volume():
    # One voxel of 64 mm³: enough for a lesion of the reference, too little for one of the prediction.
    scores = score_label_maps(MERGED, small(7), small(7), (4.0, 4.0, 4.0))["ET"]
    assert rounded(scores, "tp", "fp", "fn", "dice", "whole_dice") == (0, 0, 1, 0.0, 0.0)
    assert scores.prediction_ml == pytest.approx(0.064)


@pytest.mark.parametrize("reference", [small(), small(7)], ids=["empty", "filled"])
@pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=PROTOCOLS)
def test_no_prediction_scores_0_and_the_penalty_even_where_the_reference_is_empty(protocol, reference):
    scores = score_label_maps(protocol, None, reference, (4.0, 4.0, 4.0))
    assert list(scores) == list(protocol.regions)
    for name in protocol.figures:
        if name not in ("fn", "reference_ml", "prediction_ml", "volume_error_ml", "volume_error_percent"):
            penalised = name in ("hd95", "whole_hd95")
            expected = protocol.penalty_on(reference.shape) if penalised else 0
            assert set(figures_of(scores, name).values()) == {expected}, name
    for region in REGIONS:
        found = scores[region]
        assert found.prediction_ml is found.volume_error_ml is found.volume_error_percent is None
        assert found.reference_ml == pytest.approx(0.064 * (reference > 0).sum())
        assert found.fn == (None if protocol is WHOLE else (reference > 0).sum())


def test_volume_errors_are_signed_and_undefined_for_an_empty_reference():
    scores = score_label_maps(WHOLE, small(1, 2, 3), small(1, 2, 3, 4), (10.0, 10.0, 5.0))["ET"]
    assert (scores.volume_error_ml, scores.volume_error_percent) == (pytest.approx(-0.5), pytest.approx(-25.0))
    assert score_label_maps(WHOLE, small(1), small())["ET"].volume_error_percent is None


def test_distances_of_matched_parts_are_in_millimetres():
    scores = score_label_maps(MATCHED, small(13, 14), small(13, 14, 15), (1.0, 1.0, 3.0))["ET"]
    assert rounded(scores, "dice", "whole_dice") == (0.8, 0.8)
    assert scores.hd95_mm == scores.whole_hd95_mm == pytest.approx(np.percentile([0, 0, 0, 0, 3], 95))
    # Two of three border voxels are no further than 1 mm, the smallest side, and all of the other two.
    assert scores.nsd == scores.whole_nsd == (pytest.approx(5 / 6),)
