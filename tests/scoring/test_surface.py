import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from brats3d.grid import box_of
from brats3d.scoring.surface import HD95, ball, border_pair, hd95_google, nsd

UNIT = (1.0, 1.0, 1.0)
MASKS = arrays(np.bool_, (4, 5, 6), elements=st.booleans())
SPACINGS = st.tuples(*[st.sampled_from([0.5, 1.0, 1.3, 3.0])] * 3)


def cubes(shape: tuple[int, int, int], *edges_and_places: tuple[int, tuple[int, int, int]]) -> np.ndarray:
    mask = np.zeros(shape, bool)
    for edge, place in edges_and_places:
        mask[tuple(slice(start, start + edge) for start in place)] = True
    return mask


CUBE = cubes((40, 40, 40), (10, (10, 10, 10)))


@pytest.mark.parametrize(
    ("other", "spacing_mm", "google", "medpy", "monai"),
    [
        (cubes(CUBE.shape, (10, (11, 10, 10))), UNIT, 1.0, 1.0, 1.0),
        (cubes(CUBE.shape, (10, (13, 10, 10))), UNIT, 3.0, 3.0, 3.0),
        (cubes(CUBE.shape, (8, (11, 11, 11))), UNIT, 2**0.5, 2**0.5, 2**0.5),
        (cubes(CUBE.shape, (10, (10, 10, 10)), (3, (33, 10, 10))), UNIT, 14.0, 0.0, 4.9),
        (cubes(CUBE.shape, (10, (10, 10, 11))), (1.0, 1.0, 3.0), 3.0, 3.0, 3.0),
    ],
    ids=["shifted by 1", "shifted by 3", "8 in 10", "far cube", "slices of 3 mm"],
)
def test_the_three_definitions_give_the_published_figures(other, spacing_mm, google, medpy, monai):
    found = {name: hd95(other, CUBE, spacing_mm) for name, hd95 in HD95.items()}
    assert found == pytest.approx({"google": google, "medpy": medpy, "monai": monai}, abs=1e-9)


@pytest.mark.parametrize("hd95", HD95.values(), ids=HD95)
def test_empty_maps_are_0_apart_and_one_empty_map_is_infinitely_far(hd95):
    empty = np.zeros_like(CUBE)
    assert hd95(empty, empty, UNIT) == 0
    assert hd95(CUBE, empty, UNIT) == hd95(empty, CUBE, UNIT) == float("inf")


@pytest.mark.parametrize("hd95", HD95.values(), ids=HD95)
def test_single_voxels_are_as_far_as_their_centres(hd95):
    one, other = np.zeros((2, 5, 5, 5), bool)
    one[0, 0, 0] = other[3, 0, 2] = True
    assert hd95(one, other, (1.0, 1.0, 2.0)) == pytest.approx(5.0)


def random_pair(seed: int) -> tuple[np.ndarray, np.ndarray, tuple[float, float, float]]:
    generator = np.random.default_rng(seed)
    shape = generator.integers(3, 16, 3)
    one, other = generator.random((2, *shape)) < generator.uniform(0.01, 0.6, (2, 1, 1, 1))
    one[tuple(shape // 2)] = other[tuple(shape // 3)] = True
    x, y, z = generator.choice([0.5, 0.9, 1.0, 1.7, 3.0], 3)
    return one, other, (float(x), float(y), float(z))


@pytest.mark.parametrize("seed", range(60))
def test_google_is_what_surface_distance_gives(seed):
    import surface_distance

    one, other, spacing_mm = random_pair(seed)
    with warnings.catch_warnings():
        # The package calls SciPy by names that are gone from its documentation.
        warnings.simplefilter("ignore", DeprecationWarning)
        pair = surface_distance.compute_surface_distances(other, one, spacing_mm)
        theirs = surface_distance.compute_robust_hausdorff(pair, 95)
    assert hd95_google(one, other, spacing_mm) == pytest.approx(theirs, abs=1e-12)


# MONAI warns about an argument that it passes to itself.
@pytest.mark.filterwarnings("ignore:.*always_return_as_numpy:FutureWarning")
@pytest.mark.parametrize("seed", range(10))
def test_monai_is_what_monai_gives(seed):
    import torch
    from monai.metrics import compute_hausdorff_distance

    one, other, spacing_mm = random_pair(seed)
    theirs = compute_hausdorff_distance(
        torch.from_numpy(one[None, None]),
        torch.from_numpy(other[None, None]),
        include_background=True,
        percentile=95,
        spacing=spacing_mm,
    )
    assert HD95["monai"](one, other, spacing_mm) == pytest.approx(float(theirs), rel=1e-5)


@pytest.mark.parametrize("hd95", HD95.values(), ids=HD95)
@settings(max_examples=40, deadline=None)
@given(one=MASKS, other=MASKS, spacing_mm=SPACINGS)
def test_distance_is_symmetric_and_0_for_the_same_map(hd95, one, other, spacing_mm):
    assert hd95(one, other, spacing_mm) == hd95(other, one, spacing_mm)
    assert hd95(one, one, spacing_mm) == 0


@settings(max_examples=40, deadline=None)
@given(one=MASKS, other=MASKS)
def test_room_around_the_maps_changes_nothing(one, other):
    assert hd95_google(np.pad(one, 3), np.pad(other, 3), UNIT) == hd95_google(one, other, UNIT)


def test_the_joint_box_holds_both_and_no_more():
    one, other = np.zeros((2, 9, 9, 9), bool)
    one[1, 4, 8] = other[3, 5, 6] = True
    assert box_of(one | other) == (slice(1, 4), slice(4, 6), slice(6, 9))
    assert box_of(one & other) is None


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("tolerance_mm", [0.5, 1.0, 3.1])
def test_nsd_is_the_mean_share_of_distances_within_the_tolerance(seed, tolerance_mm):
    one, other, spacing_mm = random_pair(seed)
    shares = [(side.distances_mm <= tolerance_mm).mean() for side in border_pair(one, other, spacing_mm)]
    assert nsd(one, other, spacing_mm, tolerance_mm) == pytest.approx(np.mean(shares), abs=1e-12)


@pytest.mark.parametrize(
    ("shift", "tolerance_mm", "expected"),
    # 488 border voxels each. By 1: 9 planes share their rim of 36. By 3: the face left behind is too far, and of the
    # face inside the other cube the middle 4 x 4.
    [(0, 0.0, 1.0), (1, 0.5, 9 * 36 / 488), (1, 1.0, 1.0), (3, 2.9, 1 - (100 + 16) / 488)],
)
def test_nsd_of_shifted_cubes_by_hand(shift, tolerance_mm, expected):
    other = cubes(CUBE.shape, (10, (10 + shift, 10, 10)))
    assert nsd(other, CUBE, UNIT, tolerance_mm) == pytest.approx(expected)


def test_nsd_of_empty_maps_is_1_and_of_one_empty_map_0():
    empty = np.zeros_like(CUBE)
    assert nsd(empty, empty, UNIT, 1.0) == 1
    assert nsd(CUBE, empty, UNIT, 1.0) == nsd(empty, CUBE, UNIT, 1.0) == 0


def test_a_tolerance_holds_distances_that_equal_it():
    one, other = np.zeros((2, 4, 4, 4), bool)
    one[0, 0, 0] = other[0, 0, 1] = True
    assert nsd(one, other, (1.0, 1.0, 0.7), 0.7) == 1
    assert nsd(one, other, (1.0, 1.0, 0.7), 0.699) == 0


def test_a_ball_is_that_of_the_spacing():
    assert ball((1.0, 1.0, 1.0), 0.5).sum() == 1
    assert ball((1.0, 1.0, 1.0), 1.0).sum() == 7
    assert ball((0.5, 1.0, 3.0), 1.0).sum() == 5 + 2
