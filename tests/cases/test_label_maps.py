import numpy as np
import pytest
from patients_for_tests import BRATS_AFFINE, SHAPE, edited, nifti_bytes, reference_labels, write_image, write_patient

from brats3d.cases.find import find_cases
from brats3d.cases.label_maps import outside_brain
from brats3d.cases.read import read_mask, read_reference
from brats3d.errors import BadInput
from brats3d.grid import Grid
from brats3d.labels import SCHEMES

GRID = Grid(SHAPE, BRATS_AFFINE)


@pytest.fixture
def p1(tmp_path):
    return write_patient(tmp_path / "p1")


def read(folder, array, affine=BRATS_AFFINE, **how):
    write_image(folder / "p1_seg.nii.gz", array, affine)
    (case,) = find_cases(folder, **how)
    return read_reference(case, GRID)


def codes(read_map) -> list[str]:
    return [finding.code for finding in read_map.findings]


@pytest.mark.parametrize("dtype", ["u1", "i2", "i8", "f4", "f8"])
def test_labels_are_read_whatever_their_type(p1, dtype):
    reference = read(p1, reference_labels().astype(dtype))
    assert np.array_equal(reference.label_map, reference_labels())
    assert reference.label_map.dtype == np.uint8
    assert (codes(reference), reference.scheme.name) == ([], "brats2020")


def test_a_reference_along_other_axes_is_turned(p1):
    flipped = BRATS_AFFINE @ np.diag([-1.0, 1, 1, 1])
    flipped[0, 3] = -(SHAPE[0] - 1)
    assert np.array_equal(read(p1, reference_labels()[::-1], flipped).label_map, reference_labels())


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (3, "0, 1, 2, 3, 4 where label scheme brats2020 has 0, 1, 2, 4; if its labels mean what brats2024"),
        (5, "0, 1, 2, 4, 5"),
        (-1, "-1, 0, 1"),
        (300, "300"),
        (0.5, "not whole numbers"),
        (np.nan, "not all finite"),
        (1e30, "beyond all labels"),
    ],
)
def test_values_the_scheme_does_not_know_are_refused(p1, value, words):
    labels = reference_labels().astype(np.float64)
    labels[0, 0, 0] = value
    with pytest.raises(BadInput, match=words):
        read(p1, labels)


def test_another_scheme_can_be_named(p1):
    labels = reference_labels(enhancing=3)
    with pytest.raises(BadInput, match="brats2023"):
        read(p1, labels)
    assert read(p1, labels, label_scheme="brats2023").scheme.enhancing == 3


def test_labels_near_whole_numbers_are_rounded_with_a_warning(p1):
    reference = read(p1, reference_labels() * np.float32(0.99999))
    assert np.array_equal(reference.label_map, reference_labels())
    assert codes(reference) == ["label-rounded"]


def test_a_slope_counts_before_the_labels_are_judged(p1):
    (p1 / "p1_seg.nii").write_bytes(edited(nifti_bytes(reference_labels().astype("i2") * 2), scl_slope=0.5))
    (case,) = find_cases(p1)
    assert np.array_equal(read_reference(case, GRID).label_map, reference_labels())


def test_an_empty_reference_is_a_warning(p1):
    assert codes(read(p1, reference_labels() * 0)) == ["no-tumour"]


def test_a_reference_on_another_grid_is_refused(p1):
    with pytest.raises(BadInput, match="shape"):
        read(p1, reference_labels()[1:])
    with pytest.raises(BadInput, match="lies up to 2"):
        read(p1, reference_labels(), BRATS_AFFINE + np.eye(4, k=3) * 2)


def test_a_case_without_reference_says_so(p1):
    (case,) = find_cases(p1)
    with pytest.raises(BadInput, match="no reference"):
        read_reference(case, GRID)


def test_of_two_references_none_is_read(p1):
    write_image(p1 / "p2_seg.nii.gz", reference_labels())
    with pytest.raises(BadInput, match="more than one"):
        read(p1, reference_labels())


def test_a_mask_is_read_on_its_own_grid(tmp_path):
    write_image(tmp_path / "p1.nii.gz", reference_labels())
    mask = read_mask(tmp_path / "p1.nii.gz", "p1.nii.gz", SCHEMES["brats2020"])
    assert np.array_equal(mask.label_map, reference_labels())
    assert np.array_equal(mask.grid.affine, BRATS_AFFINE)
    assert codes(mask) == []
    with pytest.raises(BadInput, match="label"):
        read_mask(tmp_path / "p1.nii.gz", "p1.nii.gz", SCHEMES["brats2023"])


def test_a_tumour_outside_every_modality_is_remarked_on():
    volumes = np.zeros((2, *SHAPE), np.float32)
    labels = reference_labels()
    assert outside_brain(labels, volumes, "x").code == "reference-outside"
    volumes[1][labels > 0] = 1
    assert outside_brain(labels, volumes, "x") is None
    assert outside_brain(labels * 0, volumes, "x") is None
