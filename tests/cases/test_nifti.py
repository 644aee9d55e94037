import contextlib
import gzip
import hashlib
import lzma

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from patients_for_tests import brain, edited, nifti_bytes

from brats3d.cases.nifti import decode_nifti, read_grid, read_nifti
from brats3d.errors import BadInput

RAW = nifti_bytes(brain())


def codes(image) -> list[str]:
    return [finding.code for finding in image.findings]


@pytest.mark.parametrize("form", [nib.Nifti1Image, nib.Nifti2Image])
@pytest.mark.parametrize("dtype", ["u1", "<i2", ">i2", "<i4", ">f4", "<f8", "i8"])
def test_voxels_are_those_nibabel_reads(tmp_path, form, dtype):
    array = brain().astype(dtype)
    path = tmp_path / "x.nii.gz"
    path.write_bytes(gzip.compress(nifti_bytes(array, form=form, order=">" if dtype[0] == ">" else "<")))
    image = read_nifti(path, "x.nii.gz")
    assert np.array_equal(image.voxels(), nib.load(path).get_fdata(dtype=np.float32))
    assert np.array_equal(image.grid.affine, nib.load(path).affine)
    assert image.stored.dtype.isnative
    assert not image.stored.flags.writeable


def test_the_hash_and_size_are_of_the_file_as_it_lies_on_the_disk(tmp_path):
    path = tmp_path / "x.nii.gz"
    path.write_bytes(gzip.compress(RAW))
    image = read_nifti(path, "x.nii.gz")
    assert image.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert image.size_bytes == path.stat().st_size


def test_slope_and_intercept_give_real_values():
    image = decode_nifti(edited(RAW, scl_slope=0.1, scl_inter=-3), "x.nii")
    assert np.array_equal(image.voxels(), (brain() * np.float64(np.float32(0.1)) - 3).astype(np.float32))


def test_what_float32_cannot_hold_becomes_infinite_without_a_warning_of_numpy():
    image = decode_nifti(nifti_bytes(np.full((8, 8, 8), 1e300)), "x.nii")
    assert np.isinf(image.voxels()).all()


@settings(max_examples=200)
@given(st.data())
def test_no_random_damage_of_a_gzip_file_is_accepted_with_other_voxels(data):
    damaged = bytearray(GZ)
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(GZ) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(BadInput):
        assert np.array_equal(decode_nifti(bytes(damaged), "x.nii.gz").stored, brain())


GZ = gzip.compress(RAW, mtime=0)


@given(st.binary(max_size=1000))
def test_random_bytes_are_refused_in_one_line(data):
    with pytest.raises(BadInput) as caught:
        decode_nifti(data, "x.nii")
    assert "\n" not in str(caught.value)


@given(st.binary(min_size=348, max_size=348))
def test_random_headers_never_crash_the_reader(noise):
    head = RAW[:40] + noise[40:344] + RAW[344:348]
    with contextlib.suppress(BadInput):
        assert decode_nifti(head + RAW[348:], "x.nii").stored.size > 0


CORRUPT = {
    "one byte short": (RAW[:-1], "ends early"),
    "one byte long": (RAW + b"\0", "more data"),
    "xz": (lzma.compress(RAW), "an xz file"),
    "bzip2 within gzip": (gzip.compress(b"BZh91AY&SY" + RAW), "within gzip, a bzip2 file"),
    "zstd": (b"\x28\xb5\x2f\xfd" + bytes(range(256)) * 4, "zstd"),
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, "picture"),
    "pdf": (b"%PDF-1.7\n" + RAW, "PDF"),
    "nrrd": (b"NRRD0004\n" + RAW, "NRRD"),
    "hdf5": (b"\x89HDF\r\n\x1a\n" + RAW, "HDF5"),
    "metaimage": (b"ObjectType = Image\nNDims = 3\n" + bytes(500), "MetaImage"),
    "git-annex": (b"/annex/objects/MD5E-s2734518--0f.nii.gz\n", "git annex get"),
    "plain words": (b"No space left on device\n", "a text"),
    "dicom": (bytes(128) + b"DICM" + RAW, "dcm2niix"),
    "header twice": (RAW[:352] + RAW, "more data"),
    "analyze": (edited(RAW, magic=b"\0\0\0\0"), "Analyze"),
    "empty member before a cut one": (gzip.compress(b"") + GZ[:-9], "ends early"),
    "other image behind": (GZ + GZ, "more data"),
    "crc of another file": (GZ[:-8] + gzip.compress(b"other")[-8:], "damaged"),
    "damage in the header": (gzip.compress(b"\x5d" + RAW[1:], 0)[:-8] + gzip.compress(RAW, 0)[-8:], "do not decode"),
    "extension beyond the voxels": (
        edited(RAW[:348] + b"\1\0\0\0" + b"\0\1\0\0".ljust(16, b"\0") + RAW[352:], vox_offset=368),
        "does not fit",
    ),
}


@pytest.mark.parametrize("fault", CORRUPT)
def test_other_corrupt_files_are_refused_in_words(fault):
    data, words = CORRUPT[fault]
    with pytest.raises(BadInput) as caught:
        decode_nifti(data, "x.nii.gz" if data[:2] == b"\x1f\x8b" else "x.nii")
    assert words in str(caught.value)


def test_a_damaged_stream_is_a_better_reason_than_the_header_that_comes_out_of_it():
    raw = nifti_bytes(np.zeros((128, 128, 64), np.int16))
    damaged = bytearray(gzip.compress(raw, 0))
    damaged[damaged.index(raw[:8])] ^= 1
    with pytest.raises(BadInput, match="do not decode"):
        decode_nifti(bytes(damaged), "x.nii.gz")


def test_a_cut_file_says_how_much_of_it_arrived():
    with pytest.raises(BadInput, match=r"ends early \(0\.\d+ of 0\.0215 MB decoded\)"):
        decode_nifti(gzip.compress(RAW, 0)[:-4000], "x.nii.gz")


@pytest.mark.parametrize(("name", "data"), [("x.nii.gz", RAW), ("x.nii", GZ)])
def test_a_name_that_lies_is_a_warning(name, data):
    assert codes(decode_nifti(data, name)) == ["name-lies"]


def test_bytes_behind_a_whole_image_are_a_warning():
    assert codes(decode_nifti(GZ + b"\0" * 7, "x.nii.gz")) == ["trailing-bytes"]


def test_a_bomb_is_refused_before_it_is_unpacked():
    with pytest.raises(BadInput, match="more data"):
        decode_nifti(gzip.compress(RAW + bytes(200_000_000), 1), "x.nii.gz")


def test_a_grid_is_read_from_the_header_alone(tmp_path):
    path = tmp_path / "x.nii.gz"
    path.write_bytes(GZ[:2000])
    assert read_grid(path, "x.nii.gz")[0].shape == brain().shape
    path.write_bytes(GZ[:100])
    with pytest.raises(BadInput, match="ends early"):
        read_grid(path, "x.nii.gz")
