import math

import numpy as np
import pytest

from brats3d.errors import RequestError
from brats3d.labels import SCHEMES, to_region_maps
from brats3d.scoring.protocols import FIGURES, PROTOCOLS, protocol_named, score_case
from brats3d.vocabulary import REGIONS, Region

UNIT = (1.0, 1.0, 1.0)
SHAPE = (240, 240, 155)
WHOLE, LESIONS = PROTOCOLS["brats2020"], PROTOCOLS["brats2023"]


def cubes(label: int, *edges_and_places: tuple[int, tuple[int, int, int]]) -> np.ndarray:
    label_map = np.zeros(SHAPE, np.uint8)
    for edge, place in edges_and_places:
        label_map[tuple(slice(start, start + edge) for start in place)] = label
    return label_map


def lesion_wise(prediction: np.ndarray, reference: np.ndarray) -> dict:
    maps = [to_region_maps(label_map, SCHEMES["brats2023"]) for label_map in (prediction, reference)]
    return score_case(LESIONS, *maps, UNIT)


def test_worked_case_1_merges_misses_and_drops_lesions():
    reference = cubes(3, (10, (100, 100, 70)), (4, (115, 100, 70)), (4, (60, 60, 70)), (3, (150, 150, 70)))
    prediction = cubes(3, (10, (101, 100, 70)), (3, (60, 160, 70)), (1, (160, 60, 70)))
    for scores in lesion_wise(prediction, reference).values():
        assert (round(scores.dice, 6), scores.hd95_mm) == (0.218023, 282.25)
        assert (scores.tp, scores.fp, scores.fn) == (1, 2, 1)
        assert round(scores.whole_dice, 6) == 0.824553
        assert round(scores.whole_hd95_mm, 4) == 63.6003
        assert (round(scores.sensitivity, 6), round(scores.specificity, 6)) == (0.779221, 0.999986)
        assert (scores.reference_ml, scores.prediction_ml) == (1.155, 1.028)


def test_worked_case_2_costs_a_whole_region_for_a_speck():
    reference = cubes(2, (20, (100, 100, 70)))
    prediction = np.where(cubes(1, (2, (105, 105, 75))) > 0, 3, reference).astype(np.uint8)
    scores = lesion_wise(prediction, reference)
    assert {region: (scores[region].dice, scores[region].hd95_mm) for region in REGIONS} == {
        Region.WT: (1.0, 0.0),
        Region.TC: (0.0, 374.0),
        Region.ET: (0.0, 374.0),
    }


def test_worked_cases_3_and_4_are_an_empty_prediction_and_two_empty_maps():
    empty, cube = cubes(3), cubes(3, (10, (100, 100, 70)))
    for scores in lesion_wise(empty, cube).values():
        assert (scores.dice, scores.hd95_mm, scores.tp, scores.fp, scores.fn) == (0.0, 374.0, 0, 0, 1)
    for scores in lesion_wise(empty, empty).values():
        assert (scores.dice, scores.hd95_mm, scores.tp, scores.fp, scores.fn) == (1.0, 0.0, 0, 0, 0)


def test_penalty_is_the_diagonal_in_voxels_or_fixed():
    assert round(WHOLE.penalty_on(SHAPE), 6) == 373.128664
    assert WHOLE.penalty_on((3, 4, 12)) == 13.0
    assert LESIONS.penalty_on((3, 4, 12)) == 374.0


def small(*voxels: int) -> np.ndarray:
    mask = np.zeros(3 * 4 * 12, bool)
    mask[list(voxels)] = True
    return mask.reshape(3, 4, 12)


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
    scores = WHOLE.score(prediction, reference, (2.0, 2.0, 2.0))
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
    scores = LESIONS.score(prediction, reference, (4.0, 4.0, 4.0))
    assert (scores.whole_dice, scores.whole_hd95_mm) == whole
    assert (scores.dice, scores.hd95_mm, scores.tp, scores.fp, scores.fn) == lesions


@pytest.mark.parametrize("reference", [small(), small(7)], ids=["empty", "filled"])
@pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=PROTOCOLS)
def test_no_prediction_scores_0_and_the_penalty_even_where_the_reference_is_empty(protocol, reference):
    scores = score_case(protocol, None, np.stack([reference] * 3), (4.0, 4.0, 4.0))
    assert set(scores) == set(REGIONS)
    for region in scores.values():
        assert (region.dice, region.iou, region.sensitivity, region.specificity) == (0, 0, 0, 0)
        assert region.hd95_mm == protocol.penalty_on(reference.shape)
        assert region.prediction_ml is region.volume_error_ml is region.volume_error_percent is None
        assert region.reference_ml == pytest.approx(0.064 * reference.sum())
        assert region.fn == (None if protocol is WHOLE else reference.sum())


def test_volume_errors_are_signed_and_undefined_for_an_empty_reference():
    scores = WHOLE.score(small(1, 2, 3), small(1, 2, 3, 4), (10.0, 10.0, 5.0))
    assert (scores.volume_error_ml, scores.volume_error_percent) == (pytest.approx(-0.5), pytest.approx(-25.0))
    assert WHOLE.score(small(1), small(), UNIT).volume_error_percent is None


def test_every_region_of_a_case_is_scored():
    prediction = np.stack([small(1, 2, 3), small(1, 2), small(1)])
    reference = np.stack([small(1, 2, 3), small(1), small()])
    scores = score_case(WHOLE, prediction, reference, UNIT)
    assert [scores[region].dice for region in REGIONS] == [1.0, pytest.approx(2 / 3), 0.0]
    assert scores[Region.ET].hd95_mm == 13.0


@pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=PROTOCOLS)
def test_every_figure_a_protocol_names_exists(protocol):
    scores = protocol.score(small(1, 2), small(2, 3), UNIT)
    assert all(math.isfinite(FIGURES[name](scores)) for name in protocol.figures)


def test_an_unknown_protocol_names_its_nearest():
    with pytest.raises(RequestError, match=r"unknown protocol 'brats2032'; did you mean 'brats2023'\?"):
        protocol_named("brats2032")
