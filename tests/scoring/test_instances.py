import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from brats3d.scoring.instances import Agreement, agreement, match, score_instances
from brats3d.scoring.surface import hd95_medpy, nsd

UNIT = (1.0, 1.0, 1.0)
ALL = ndimage.generate_binary_structure(3, 3)


def row(*voxels: int) -> np.ndarray:
    mask = np.zeros((20, 3, 3), bool)
    mask[list(voxels), 1, 1] = True
    return mask


def random_pair(seed: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    shape = generator.integers(8, 20, 3)
    noise = (ndimage.gaussian_filter(generator.normal(size=shape), 1.1) for _ in range(2))
    one, other = (field > np.quantile(field, generator.uniform(0.85, 0.97)) for field in noise)
    one[: shape[0] // 2] = other[: shape[0] // 2] & (generator.random((shape[0] // 2, *shape[1:])) < 0.9)
    return one, other


def few_parts(generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two maps of a few boxes, the first cut apart elsewhere: so few parts that every matching can be tried."""
    maps = np.zeros((2, 20, 6, 5), bool)
    for mask in maps:
        for _ in range(4):
            place, edges = generator.integers(0, (17, 5, 4)), generator.integers(2, 7, 3)
            mask[tuple(slice(start, start + edge) for start, edge in zip(place, edges, strict=True))] = True
    prediction, reference = maps[0] | maps[1], maps[1]
    prediction[generator.integers(0, 20, 2)] = reference[generator.integers(0, 20, 2)] = False
    return prediction, reference


def best_matching(dice: np.ndarray) -> list[tuple[int, int]]:
    """Every way to pair rows and columns, tried; the greatest sum wins."""
    if dice.shape[0] > dice.shape[1]:
        return [(one, other) for other, one in best_matching(dice.T)]
    ways = permutations(range(dice.shape[1]), dice.shape[0])
    best = max(ways, key=lambda way: sum(dice[one, other] for one, other in enumerate(way)))
    return [(one, other) for one, other in enumerate(best) if dice[one, other] > 0]


@pytest.mark.parametrize("seed", range(40))
def test_random_parts_score_as_every_matching_tried_one_by_one(seed):
    prediction, reference = few_parts(np.random.default_rng(seed))
    spacing_mm = (1.0, 0.7, 2.5)
    (predicted, mine), (parts, theirs) = (ndimage.label(mask, ALL) for mask in (prediction, reference))
    masks = [
        [numbered == number for number in range(1, count + 1)]
        for numbered, count in ((predicted, mine), (parts, theirs))
    ]
    dice = np.array([[2 * (one & other).sum() / (one.sum() + other.sum()) for other in masks[1]] for one in masks[0]])
    pairs = best_matching(dice)
    ours = score_instances(prediction, reference, spacing_mm)
    assert (ours.found, ours.false, ours.missed) == (len(pairs), mine - len(pairs), theirs - len(pairs))
    assert ours.f1 == pytest.approx(len(pairs) / (len(pairs) + (ours.false + ours.missed) / 2))
    matched = [(masks[0][one], masks[1][other]) for one, other in pairs]
    if not pairs:
        assert ours.matched == Agreement(0.0, math.inf, 0.0)
        return
    assert ours.matched.dice == pytest.approx(np.mean([dice[pair] for pair in pairs]))
    assert ours.matched.hd95_mm == pytest.approx(np.mean([hd95_medpy(*each, spacing_mm) for each in matched]))
    assert ours.matched.nsd == pytest.approx(np.mean([nsd(*each, spacing_mm, 0.7) for each in matched]))


def test_a_part_has_one_partner_where_two_would_have_it():
    scores = score_instances(row(*range(1, 9), *range(11, 19)), row(*range(1, 19)), UNIT)
    assert (scores.found, scores.false, scores.missed) == (1, 1, 0)
    assert scores.matched.dice == pytest.approx(2 * 8 / (8 + 18))


def test_the_sum_over_all_pairs_decides_not_the_best_pair():
    # Alone the middle part would take the first lesion; both lesions are found where it takes the second.
    predicted = np.array([1, 1, 1, 0, 2, 2, 2, 2, 2, 2])
    parts = np.array([1, 1, 1, 1, 1, 1, 1, 1, 0, 2])
    assert match(predicted, parts) == [(1, 1), (2, 2)]


def test_parts_meet_by_their_corners():
    corner = np.zeros((4, 4, 4), bool)
    corner[1, 1, 1] = corner[2, 2, 2] = True
    assert score_instances(corner, corner, UNIT).found == 1


def test_nothing_at_all_has_no_figures_and_something_false_has_the_worst():
    nothing, false = score_instances(row(), row(), UNIT), score_instances(row(3), row(), UNIT)
    assert math.isnan(nothing.f1)
    assert all(math.isnan(value) for value in (nothing.matched.dice, nothing.matched.hd95_mm, nothing.matched.nsd))
    assert (false.f1, false.matched.dice, false.matched.hd95_mm, false.matched.nsd) == (0, 0, math.inf, 0)
    assert (false.found, false.false, false.missed) == (0, 1, 0)


def test_maps_side_by_side_have_nothing_in_common():
    beside = agreement(row(3), row(4), UNIT, 1.0)
    assert (beside.dice, beside.hd95_mm, beside.nsd) == (0, math.inf, 0)


@given(voxels=st.sets(st.integers(0, 19), min_size=1))
def test_identical_maps_are_perfect(voxels):
    scores = score_instances(row(*voxels), row(*voxels), (1.0, 2.0, 0.5))
    assert (scores.f1, scores.matched.dice, scores.matched.hd95_mm, scores.matched.nsd) == (1, 1, 0, 1)


# panoptica binds a name in a way that NumPy is about to drop, and warns of its own default tolerance.
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("spacing_mm", [UNIT, (1.0, 0.7, 2.5)], ids=["1 mm", "unequal"])
def test_random_parts_score_as_panoptica_scores_them(seed, spacing_mm):
    pytest.importorskip(
        "panoptica", reason="panoptica is not installed; it needs numpy<2.3 and an environment of its own"
    )
    theirs = scored_by_panoptica(*random_pair(seed), spacing_mm)
    prediction, reference = random_pair(seed)
    ours = score_instances(prediction, reference, spacing_mm)
    whole = agreement(prediction, reference, UNIT, 0.5)
    assert (ours.found, ours.false, ours.missed) == (theirs["tp"], theirs["fp"], theirs["fn"])
    assert ours.f1 == pytest.approx(theirs["rq"])
    assert (ours.matched.dice, ours.matched.hd95_mm, ours.matched.nsd) == pytest.approx(
        (theirs["sq_dsc"], theirs["sq_hd95"], theirs["sq_nsd"])
    )
    # Of whole regions it leaves the spacing out.
    assert (whole.dice, whole.hd95_mm, whole.nsd) == pytest.approx(
        tuple(theirs[f"global_bin_{name}"] for name in ("dsc", "hd95", "nsd"))
    )


def scored_by_panoptica(prediction: np.ndarray, reference: np.ndarray, spacing_mm) -> dict[str, float]:
    import panoptica
    from panoptica.utils.edge_case_handling import EdgeCaseHandler, EdgeCaseResult, MetricZeroTPEdgeCaseHandling

    metrics = [panoptica.Metric.DSC, panoptica.Metric.HD95, panoptica.Metric.NSD]
    worst = dict(zip(metrics, (EdgeCaseResult.ZERO, EdgeCaseResult.INF, EdgeCaseResult.ZERO), strict=True))
    handler = EdgeCaseHandler(
        {
            metric: MetricZeroTPEdgeCaseHandling(no_instances_result=EdgeCaseResult.NAN, default_result=result)
            for metric, result in worst.items()
        }
    )
    evaluator = panoptica.Panoptica_Evaluator(
        expected_input=panoptica.InputType.SEMANTIC,
        instance_approximator=panoptica.ConnectedComponentsInstanceApproximator(),
        instance_matcher=panoptica.MaxBipartiteMatching(panoptica.Metric.DSC, 1e-6),
        edge_case_handler=handler,
        instance_metrics=metrics,
        global_metrics=metrics,
    )
    (result,) = evaluator.evaluate(
        prediction.astype(np.uint8), reference.astype(np.uint8), voxelspacing=spacing_mm
    ).values()
    return result.to_dict()
