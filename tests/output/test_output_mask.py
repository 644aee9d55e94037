"""The bytes of a mask."""

import gzip
from dataclasses import replace

import nibabel as nib
import numpy as np
import pytest
import SimpleITK
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from brats3d.grid import Grid
from brats3d.output.mask import map_bytes, mask_bytes


def image_of(content):
    return nib.Nifti1Image.from_bytes(gzip.decompress(content))


def test_a_mask_has_the_label_map_as_uint8_without_scaling(label_map, grid):
    content = mask_bytes(label_map, grid)
    image = image_of(content)
    assert image.get_data_dtype() == np.uint8
    assert np.array_equal(np.asarray(image.dataobj), label_map)
    raw = nib.Nifti1Header(gzip.decompress(content)[:348], check=False)
    assert (float(raw["scl_slope"]), float(raw["scl_inter"]), int(raw["vox_offset"])) == (1.0, 0.0, 352)


def test_a_mask_stands_where_the_patients_file_stands(label_map, grid):
    header = image_of(mask_bytes(label_map, grid)).header
    assert (int(header["sform_code"]), int(header["qform_code"]), int(header["xyzt_units"])) == (2, 1, 10)
    assert header["pixdim"][:4].tolist() == [1.0, 1.0, 1.0, 1.5]
    assert [float(header[f"quatern_{axis}"]) for axis in "bcd"] == [0.0, 0.0, 1.0]
    assert [float(header[f"qoffset_{axis}"]) for axis in "xyz"] == [0.0, 239.0, 0.0]
    assert np.array_equal(header.get_sform(), grid.affine)


def test_a_left_handed_qform_keeps_its_sign(label_map, grid):
    placement = replace(grid.placement, pixdim=(-1.0, 1.0, 1.0, 1.5), sform_code=0)
    header = image_of(mask_bytes(label_map, replace(grid, placement=placement))).header
    assert float(header["pixdim"][0]) == -1.0
    assert int(header["sform_code"]) == 0


def test_the_header_says_nothing_else(label_map, grid):
    header = image_of(mask_bytes(label_map, grid)).header
    fresh = nib.Nifti1Header()
    placing = {"sform_code", "qform_code", "xyzt_units", "pixdim", "srow_x", "srow_y", "srow_z"}
    placing |= {f"quatern_{axis}" for axis in "bcd"} | {f"qoffset_{axis}" for axis in "xyz"}
    others = set(fresh.keys()) - placing - {"dim", "datatype", "bitpix", "scl_slope", "scl_inter"}
    assert all(header[key].tobytes() == fresh[key].tobytes() for key in others)


def test_equal_label_maps_give_equal_bytes_without_time_or_name(label_map, grid):
    content = mask_bytes(label_map, grid)
    assert content == mask_bytes(np.asfortranarray(label_map), grid)
    assert content[:10] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


def test_a_grid_that_no_file_holds_gets_both_forms(label_map, grid):
    image = image_of(mask_bytes(label_map, Grid(grid.shape, grid.affine)))
    assert np.allclose(image.get_sform(coded=True)[0], grid.affine)
    assert np.allclose(image.get_qform(coded=True)[0], grid.affine)
    assert (image.get_sform(coded=True)[1], image.get_qform(coded=True)[1]) == (1, 1)


def test_an_axis_too_long_for_nifti_1_gives_nifti_2():
    label_map = np.zeros((40_000, 1, 2), np.uint8)
    label_map[39_999, 0, 1] = 4
    image = nib.Nifti2Image.from_bytes(gzip.decompress(mask_bytes(label_map, Grid(label_map.shape, np.eye(4)))))
    assert np.array_equal(np.asarray(image.dataobj), label_map)


def test_simpleitk_sees_the_same_mask_in_the_same_place(label_map, grid, tmp_path):
    (tmp_path / "m.nii.gz").write_bytes(mask_bytes(label_map, grid))
    image = SimpleITK.ReadImage(str(tmp_path / "m.nii.gz"))
    assert np.array_equal(SimpleITK.GetArrayFromImage(image).T, label_map)
    assert image.GetSpacing() == (1.0, 1.0, 1.5)
    assert image.GetOrigin() == (0.0, -239.0, 0.0)


@pytest.mark.parametrize("wrong", [np.zeros((5, 6, 8), np.uint8), np.zeros((5, 6, 7), np.int16)], ids=["shape", "type"])
def test_what_does_not_fit_the_grid_is_no_mask(wrong, grid):
    with pytest.raises(ValueError, match="a mask is uint8"):
        mask_bytes(wrong, grid)


@given(arrays(np.uint8, st.tuples(*[st.integers(1, 6)] * 3)))
def test_every_label_map_survives(label_map):
    image = image_of(mask_bytes(label_map, Grid(label_map.shape, np.diag([1.0, 2.0, 3.0, 1.0]))))
    assert np.array_equal(np.asarray(image.dataobj), label_map)


def test_a_map_has_a_fourth_axis_and_lies_where_the_mask_lies(grid, label_map):
    values = np.random.default_rng(0).integers(0, 256, (5, 6, 7, 3)).astype(np.uint8)
    image = nib.Nifti1Image.from_bytes(gzip.decompress(map_bytes(values, grid)))
    mask = nib.Nifti1Image.from_bytes(gzip.decompress(mask_bytes(label_map, grid)))
    assert np.array_equal(np.asarray(image.dataobj), values)
    assert image.get_data_dtype() == np.uint8
    for field in ("sform_code", "qform_code", "srow_x", "srow_y", "srow_z", "quatern_d", "xyzt_units"):
        assert np.array_equal(image.header[field], mask.header[field])
    assert np.array_equal(image.header["pixdim"][:4], mask.header["pixdim"][:4])
    assert map_bytes(values, grid) == map_bytes(values.copy(order="F"), grid)


@pytest.mark.parametrize(("shape", "dtype"), [((5, 6, 7), np.uint8), ((3, 5, 6, 7), np.uint8), ((5, 6, 7, 3), float)])
def test_what_is_no_map_is_refused(grid, shape, dtype):
    with pytest.raises(ValueError, match="a map is uint8"):
        map_bytes(np.zeros(shape, dtype), grid)
