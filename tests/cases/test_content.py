import pytest

from brats3d.cases.content import no_nifti


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (b"\n<!DOCTYPE html><html>", "web page"),
        (b"<?xml version='1.0'?><Error>", "web page"),
        (b'{"error": 404}', "JSON"),
        (b"PK\x03\x04" + bytes(500), "zip archive"),
        (b"\x1f\x8b\x08" + bytes(500), "compressed twice"),
        (bytes(600), "only zeros"),
        (bytes(257) + b"ustar" + bytes(300), "tar archive"),
        (b"\x01\x02\x03", "only 3 bytes"),
        (bytes(range(256)) * 3, "not gzip"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_content_is_named_and_a_remedy_given(start, words):
    message = str(no_nifti(start, "x.nii", is_inflated=False))
    assert message.startswith("x.nii: is not a NIfTI image")
    assert words in message
    assert "; " in message


def test_what_was_within_gzip_is_said_to_be():
    assert "within gzip, a tar archive" in str(no_nifti(bytes(257) + b"ustar", "x.nii.gz", is_inflated=True))
    assert "is gzip, but" in str(no_nifti(bytes(range(256)) * 3, "x.nii.gz", is_inflated=True))
