import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nibabel.orientations import apply_orientation, inv_ornt_aff
from patients_for_tests import BRATS_AFFINE

from brats3d.cases.grid_checks import GRID_CHECKS, GridReading, judge_grid, turn_onto
from brats3d.grid import Grid, Placement, corner_shift_mm
from brats3d.vocabulary import MODALITIES

SHAPE = (9, 10, 11)
NOWHERE = Placement(0, 0, (0.0,) * 12, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0, 1.0), 2)


def grid(shape=SHAPE, affine=BRATS_AFFINE, placement=None) -> Grid:
    return Grid(shape, np.asarray(affine, float), placement)


def findings(*grids: Grid):
    present = dict(zip(MODALITIES, grids, strict=False))
    reading = GridReading("p", present, {each: f"p/{each}.nii" for each in present})
    return [finding for check in GRID_CHECKS for finding in check(reading)]


@given(st.permutations(range(3)), st.lists(st.sampled_from([-1, 1]), min_size=3, max_size=3), st.floats(0, 0.5))
def test_any_flip_and_permutation_is_undone_exactly(axes, signs, tilt):
    affine = np.eye(4)
    affine[:2, :2] = [[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]]
    target = grid(affine=affine @ np.diag([0.9, 1, 3, 1]))
    turn = np.array([list(axes), signs]).T
    volume = np.arange(990).reshape(SHAPE)
    stored = apply_orientation(volume, turn)
    other = grid(stored.shape, target.affine @ inv_ornt_aff(turn, SHAPE))
    back = turn_onto(other, target)
    assert np.array_equal(back.of(stored), volume)
    assert corner_shift_mm(back.of_grid(other), target) < 1e-9
    assert judge_grid(other, target, "x", "T1") is None


@pytest.mark.parametrize(
    ("shift", "code"),
    [(0.009, None), (0.011, "grid-near"), (0.49, "grid-near"), (0.51, "grid"), (float("nan"), "grid")],
)
def test_corners_are_judged_by_their_shift(shift, code):
    affine = BRATS_AFFINE.copy()
    affine[2, 3] += shift
    finding = judge_grid(grid(affine=affine), grid(), "p/x.nii", "T1")
    assert (finding and finding.code) == code


def test_a_small_turn_is_seen_at_the_far_corner():
    affine = BRATS_AFFINE.copy()
    affine[0, 1] = 0.004
    assert judge_grid(grid((240, 240, 155), affine), grid((240, 240, 155)), "x", "T1").code == "grid"


def test_other_shapes_are_refused_with_both_values():
    (finding,) = findings(grid(), grid(), grid((9, 10, 12)))
    assert "shape (9, 10, 12) where T1 has (9, 10, 11)" in finding.message
    assert finding.file == "p/t2.nii"


def test_a_header_mirrored_alone_is_refused():
    assert [each.code for each in findings(grid(), grid(affine=np.diag([-1, 1, 1, 1]) @ BRATS_AFFINE))] == ["grid"]


def test_files_without_a_position_go_only_together():
    lost = grid(placement=NOWHERE)
    assert [each.code for each in findings(lost, lost)] == ["unplaced"]
    assert [(each.code, each.file) for each in findings(lost, grid())] == [("grid", "p/t1.nii")]
    assert judge_grid(lost, grid(), "x", "T1").code == "grid"


@pytest.mark.parametrize(
    ("shape", "spacing", "codes"),
    [
        ((8, 8, 8), (1, 1, 1), []),
        ((7, 20, 20), (1, 1, 1), ["too-small"]),
        ((20, 20, 20), (0.3, 1, 1), ["too-small", "spacing-unusual"]),
        ((20, 20, 20), (1, 1, 51), ["too-large", "spacing-unusual"]),
        ((100, 100, 100), (9, 9, 9), ["too-large", "spacing-unusual"]),
        ((20, 20, 20), (0.9, 1.1, 1), []),
        ((20, 20, 20), (1, 1, 1.2), ["spacing-unusual"]),
    ],
)
def test_size_and_spacing_have_bounds(shape, spacing, codes):
    assert [each.code for each in findings(grid(shape, np.diag([*spacing, 1])))] == codes
