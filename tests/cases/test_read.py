import hashlib

import nibabel as nib
import numpy as np
import pytest
from patients_for_tests import BRATS_AFFINE, KINDS, SHAPE, brain, edited, nifti_bytes, write_image, write_patient

from brats3d.cases.examine import in_order
from brats3d.cases.find import find_cases
from brats3d.cases.read import hash_inputs, read_volumes
from brats3d.errors import BadInput
from brats3d.phantom.files import write_phantoms
from brats3d.vocabulary import MODALITIES, Modality


@pytest.fixture
def p1(tmp_path):
    return write_patient(tmp_path / "p1")


def only(folder):
    (case,) = find_cases(folder)
    return case


def test_volumes_are_the_files_voxels_in_channel_order(p1):
    volumes = read_volumes(only(p1))
    assert (volumes.data.shape, volumes.data.dtype) == ((4, *SHAPE), np.float32)
    for index, kind in enumerate(KINDS):
        assert np.array_equal(volumes.data[index], nib.load(p1 / f"p1_{kind}.nii.gz").get_fdata())
    assert np.array_equal(volumes.grid.affine, BRATS_AFFINE)
    assert volumes.findings == ()


def test_channels_come_as_asked_for(p1):
    volumes = read_volumes(only(p1), [Modality.FLAIR, Modality.T1])
    assert np.array_equal(volumes.data[0], brain(3))
    assert list(volumes.inputs) == [Modality.FLAIR, Modality.T1]


def test_inputs_are_named_and_hashed_as_they_lie_on_the_disk(p1):
    case = only(p1.parent)
    inputs = read_volumes(case).inputs
    assert inputs == hash_inputs(case, MODALITIES)
    assert inputs[Modality.T2].file == "p1/p1_t2.nii.gz"
    assert inputs[Modality.T2].sha256 == hashlib.sha256((p1 / "p1_t2.nii.gz").read_bytes()).hexdigest()


def test_a_modality_stored_along_other_axes_is_turned_exactly(p1):
    image = nib.Nifti1Image(brain(2), BRATS_AFFINE)
    turn = nib.orientations.ornt_transform(nib.io_orientation(BRATS_AFFINE), nib.orientations.axcodes2ornt("PSR"))
    turned = image.as_reoriented(turn)
    write_image(p1 / "p1_t2.nii.gz", np.asarray(turned.dataobj), turned.affine)
    volumes = read_volumes(only(p1))
    assert np.array_equal(volumes.data[2], brain(2))
    assert volumes.findings == ()


def test_the_grid_is_the_first_modalitys_as_stored(p1):
    affine = np.diag([1.0, 2, 1, 1])
    for seed, kind in enumerate(KINDS):
        write_image(p1 / f"p1_{kind}.nii.gz", brain(seed), affine)
    volumes = read_volumes(only(p1))
    assert volumes.grid.spacing_mm == (1, 2, 1)
    assert [finding.code for finding in volumes.findings] == ["spacing-unusual"]


def test_a_slope_is_applied(p1):
    (p1 / "p1_t2.nii.gz").unlink()
    (p1 / "p1_t2.nii").write_bytes(edited(nifti_bytes(brain(2)), scl_slope=0.5, scl_inter=2))
    assert np.array_equal(read_volumes(only(p1)).data[2], brain(2) / 2 + 2)


def test_the_first_fault_in_channel_order_is_raised(p1):
    for kind in ("flair", "t1ce"):
        (p1 / f"p1_{kind}.nii.gz").write_bytes(b"")
    with pytest.raises(BadInput, match=r"p1_t1ce\.nii\.gz: is empty"):
        read_volumes(only(p1))


def test_values_beyond_float32_are_refused_as_infinite(p1):
    write_image(p1 / "p1_t2.nii.gz", brain(2) * 1e300)
    with pytest.raises(BadInput, match="not finite"):
        read_volumes(only(p1))


def test_a_refused_case_is_not_read(p1):
    (p1 / "p1_t2.nii.gz").unlink()
    with pytest.raises(BadInput, match="lacks T2"):
        read_volumes(only(p1))
    with pytest.raises(BadInput, match="T2 is missing"):
        read_volumes(only(p1).__class__(**{**fields(only(p1)), "findings": ()}))


def fields(case) -> dict:
    return {name: getattr(case, name) for name in case.__dataclass_fields__}


def test_a_bad_reference_does_not_stop_a_segmentation(p1):
    (p1 / "p1_seg.nii.gz").write_bytes(b"damaged")
    (p1 / "p2_seg.nii.gz").write_bytes(b"")
    assert read_volumes(only(p1)).findings == ()


def test_hashing_says_what_cannot_be_read(p1):
    case = only(p1)
    (p1 / "p1_flair.nii.gz").unlink()
    with pytest.raises(BadInput, match="missing"):
        hash_inputs(case, MODALITIES)
    assert list(hash_inputs(case, [Modality.T2])) == [Modality.T2]


def test_results_keep_their_order_whatever_the_threads_do():
    assert in_order(lambda number: number * number, range(50)) == [number * number for number in range(50)]


def test_a_refusal_brings_every_finding_along(p1):
    for kind in ("t2", "flair"):
        (p1 / f"p1_{kind}.nii.gz").write_bytes(b"")
    with pytest.raises(BadInput) as caught:
        read_volumes(only(p1))
    assert [finding.file for finding in caught.value.findings] == ["p1_t2.nii.gz", "p1_flair.nii.gz"]


def test_the_channel_taken_of_a_shared_image_is_part_of_the_proof(tmp_path):
    write_phantoms(tmp_path / "data", 1, "msd", (24, 24, 24))
    (case,) = find_cases(tmp_path / "data")
    inputs = read_volumes(case).inputs
    assert inputs == hash_inputs(case, MODALITIES)
    assert {modality: each.channel for modality, each in inputs.items()} == case.channels
    assert len({each.sha256 for each in inputs.values()}) == 1
