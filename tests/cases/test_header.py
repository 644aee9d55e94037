import nibabel as nib
import numpy as np
import pytest
from patients_for_tests import SHAPE, brain, edited, nifti_bytes

from brats3d.cases.header import DATA_TYPES, HEADER_BYTES, NIFTI_1, NIFTI_2, judge_extensions, judge_header
from brats3d.errors import BadInput


def judge(raw: bytes, **how):
    return judge_header(raw[:HEADER_BYTES], "x.nii", **how)


def refusal(raw: bytes, **how) -> str:
    with pytest.raises(BadInput) as caught:
        judge(raw, **how)
    return str(caught.value)


@pytest.mark.parametrize(
    ("version", "theirs"), [(NIFTI_1, nib.nifti1.header_dtype), (NIFTI_2, nib.nifti2.header_dtype)], ids=["1", "2"]
)
def test_fields_stand_where_nibabel_has_them(version, theirs):
    renamed = {"quatern": "quatern_b", "qoffset": "qoffset_x", "srow": "srow_x"}
    for name, form, offset in version.fields:
        if name == "magic" and version is NIFTI_2:
            name, form = "magic", "S4"  # nibabel has the last four bytes as a field of their own
        field, at = theirs.fields[renamed.get(name, name)][:2]
        assert at == offset, name
        assert np.dtype(form.format("<")).base == field.base, name
    assert theirs.itemsize == version.sizeof_hdr


@pytest.mark.parametrize("form", [nib.Nifti1Image, nib.Nifti2Image])
@pytest.mark.parametrize("order", ["<", ">"])
def test_both_versions_and_byte_orders_are_understood(form, order):
    judged = judge(nifti_bytes(brain(), form=form, order=order))
    assert judged.shape == SHAPE
    assert judged.dtype == np.dtype(f"{order}i2")
    assert judged.need == len(nifti_bytes(brain(), form=form, order=order))


@pytest.mark.parametrize("code", DATA_TYPES)
def test_data_types_are_those_of_nibabel(code):
    assert nib.nifti1.data_type_codes.dtype[code] == np.dtype(DATA_TYPES[code])


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"dim": {0: 7, 1: 32767, 2: 32767, 3: 32767, 4: 32767, 5: 32767, 6: 32767, 7: 32767}}, "too large"),
        ({"dim": {0: 1}}, "1-D"),
        ({"dim": {0: 6, 6: 2}}, "6-D"),
        ({"vox_offset": 352.5}, "vox_offset is 352.5"),
        ({"vox_offset": 3e38}, "header extension is too large"),
        ({"vox_offset": float("inf")}, "vox_offset"),
        ({"datatype": 2304, "bitpix": 32}, "RGBA colour"),
        ({"datatype": 2048}, "complex numbers"),
        ({"datatype": -4}, "unknown"),
        ({"scl_slope": 2, "scl_inter": float("-inf")}, "scl_inter is -inf"),
        ({"magic": b"n+1 "}, "magic"),
        ({"sizeof_hdr": 0}, "sizeof_hdr is 0"),
    ],
    ids=str,
)
def test_impossible_headers_are_refused_in_words(fields, words):
    assert words in refusal(edited(nifti_bytes(brain()), **fields))


def test_a_header_in_two_byte_orders_is_refused():
    raw = nifti_bytes(brain())
    assert "dim[0]" in refusal(raw[3::-1] + raw[4:])


def test_the_magic_of_nifti_2_proves_that_no_line_ends_were_changed():
    raw = nifti_bytes(brain(), form=nib.Nifti2Image)
    assert "magic" in refusal(raw[:4] + raw[4:12].replace(b"\r\n", b"\n\n") + raw[12:])


def test_nifti_2_dimensions_beyond_all_memory_are_refused():
    raw = bytearray(nifti_bytes(brain(), form=nib.Nifti2Image))
    raw[24:32] = (2**62).to_bytes(8, "little")
    assert "too large" in refusal(bytes(raw))


def test_trailing_dimensions_of_one_are_squeezed():
    assert judge(nifti_bytes(brain()[..., None, None])).shape == SHAPE


def test_channels_must_be_as_many_as_were_named():
    raw = nifti_bytes(np.stack([brain()] * 4, axis=-1))
    assert judge(raw, channels=4).shape == (*SHAPE, 4)
    assert "dataset.json names 3" in refusal(raw, channels=3)
    assert "several volumes" in refusal(raw)
    assert judge(nifti_bytes(brain()), channels=1).shape == (*SHAPE, 1)


def test_a_slope_of_zero_means_no_scaling_whatever_the_intercept():
    judged = judge(edited(nifti_bytes(brain()), scl_slope=0, scl_inter=float("nan")))
    assert (judged.slope, judged.intercept, judged.findings) == (1.0, 0.0, ())


def extended(*sizes: int, room: int = 64) -> tuple[bytes, object]:
    raw = bytearray(edited(nifti_bytes(brain()), vox_offset=352 + room))
    raw[348] = 1
    content = b"".join(size.to_bytes(4, "little", signed=True) + bytes(12) for size in sizes)
    raw[352:352] = content.ljust(room, b"\0")
    return bytes(raw), judge(bytes(raw))


@pytest.mark.parametrize("sizes", [(16, 48), (16, 16, 16, 16), (16, 0), (0,), (64,)], ids=str)
def test_extensions_that_fit_are_skipped(sizes):
    judge_extensions(*extended(*sizes), "x.nii")


@pytest.mark.parametrize("sizes", [(16, 49), (7,), (16, -16), (2**31 - 1,)], ids=str)
def test_extensions_that_do_not_fit_are_refused(sizes):
    with pytest.raises(BadInput, match="does not fit"):
        judge_extensions(*extended(*sizes), "x.nii")


def test_a_wrong_bitpix_is_a_warning_for_the_length_proves_the_type():
    judged = judge(edited(nifti_bytes(brain()), bitpix=8))
    assert [finding.code for finding in judged.findings] == ["bitpix"]
    assert judged.dtype == np.dtype("<i2")


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_header_is_read_without_pythons_parser_which_threads_may_not_share(order, monkeypatch):
    raw = nifti_bytes(brain(), order=order)

    def parse(*arguments, **options):
        raise SystemError("AST constructor recursion depth mismatch")

    with monkeypatch.context() as patch:
        patch.setattr("ast.parse", parse)
        judged = judge(raw)
    assert judged.shape == SHAPE
