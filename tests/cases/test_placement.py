import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from patients_for_tests import BRATS_AFFINE, brain, edited, nifti_bytes

from brats3d.cases.nifti import decode_nifti
from brats3d.cases.placement import is_placed
from brats3d.errors import BadInput

RAW = nifti_bytes(brain())
NAN = float("nan")


def decode(**fields):
    return decode_nifti(edited(RAW, **fields), "x.nii")


def codes(image) -> list[str]:
    return [finding.code for finding in image.findings]


@given(st.lists(st.floats(-1, 1, width=32), min_size=3, max_size=3), st.sampled_from([-1, 1]))
def test_a_qform_places_as_nibabel_has_it(direction, qfac):
    quaternion = np.array(direction, np.float32) / max(np.linalg.norm(direction), 1)
    fields = {f"quatern_{letter}": part for letter, part in zip("bcd", quaternion, strict=True)}
    raw = edited(RAW, sform_code=0, pixdim={0: qfac, 1: 0.5, 2: 1.5, 3: 2}, **fields)
    theirs = nib.Nifti1Header(raw[:348], check=False).get_qform()
    assert np.allclose(decode_nifti(raw, "x.nii").grid.affine, theirs, atol=1e-4)


def test_the_sform_wins_and_the_placement_is_kept_raw():
    grid = decode().grid
    assert np.array_equal(grid.affine, BRATS_AFFINE)
    assert grid.placement.srow == tuple(BRATS_AFFINE[:3].ravel())
    assert (grid.placement.sform_code, grid.placement.qform_code) == (1, 1)
    assert is_placed(grid)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"sform_code": 77}, "sform_code is 77"),
        ({"qform_code": -1}, "qform_code is -1"),
        ({"xyzt_units": 1}, "metres"),
        ({"xyzt_units": 3 + 8}, "micrometres"),
        ({"srow_y": [-1, 0, 0, 0]}, "singular"),
        ({"srow_x": {3: 1e30}}, "kilometre"),
        ({"srow_z": {2: float("inf")}}, "no number"),
        ({"quatern_b": NAN}, "quaternion"),
        ({"sform_code": 0, "qoffset_z": NAN}, "no number"),
        ({"pixdim": {3: -1}}, "pixdim[3] is -1"),
        ({"pixdim": {2: 1e-46}}, "pixdim[2] is 0"),
        ({"pixdim": {0: -1}}, "left and right"),
    ],
    ids=str,
)
def test_a_position_in_doubt_is_refused(fields, words):
    with pytest.raises(BadInput, match=words.replace("[", r"\[")):
        decode(**fields)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"qoffset_x": 0.6}, "forms-differ"),
        ({"qform_code": 0, "pixdim": {1: 1.02}}, "spacing-differs"),
        ({"xyzt_units": 5}, "units"),
        ({"qform_code": 0, "srow_x": [-1, 0.1, 0, 0]}, "sheared"),
    ],
    ids=str,
)
def test_what_is_only_odd_is_a_warning(fields, code):
    assert codes(decode(**fields)) == [code]


@pytest.mark.parametrize(
    "fields", [{"qoffset_x": 0.4}, {"qform_code": 0, "pixdim": {1: 1.005}}, {"xyzt_units": 10}], ids=str
)
def test_what_rounding_can_do_is_silent(fields):
    assert codes(decode(**fields)) == []


def test_without_forms_the_grid_is_not_placed_and_taken_as_brats_stores_it():
    grid = decode(sform_code=0, qform_code=0, pixdim={1: 2}).grid
    assert not is_placed(grid)
    assert np.array_equal(grid.affine, np.diag([-2.0, -1, 1, 1]))
