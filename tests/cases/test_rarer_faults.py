"""Damaged and misleading files that the corpus of bad inputs does not hold: each is refused in the file's name."""

import gzip
import lzma
import os
import socket
import zlib

import pytest
from patients_for_tests import SHAPE, brain, edited, nifti_bytes, write_patient

from brats3d.cases.check import check_case
from brats3d.cases.find import find_cases
from brats3d.vocabulary import CaseStatus

RAW = nifti_bytes(brain(1))


def packed(raw, **fields):
    return gzip.compress(edited(raw, **fields), 1, mtime=0)


def with_header_checksum(wrong):
    """Return gzip data whose header carries a CRC of its own (RFC 1952, FHCRC)."""
    header = b"\x1f\x8b\x08\x02" + bytes(6)
    checksum = (zlib.crc32(header) & 0xFFFF) ^ wrong
    return header + checksum.to_bytes(2, "little") + gzip.compress(RAW, 1)[10:]


def with_reserved_flag():
    sound = bytearray(gzip.compress(RAW, 1))
    sound[3] |= 0x80
    return bytes(sound)


def nrrd():
    head = f"NRRD0005\ntype: short\ndimension: 3\nsizes: {SHAPE[0]} {SHAPE[1]} {SHAPE[2]}\nencoding: raw\n\n"
    return gzip.compress(head.encode() + RAW[352:], 1)


def spliced():
    """Return the first half of one download and the second half of another, of the same size."""
    one, two = gzip.compress(RAW, 0), gzip.compress(nifti_bytes(brain(7)), 0)
    return one[: len(one) // 2] + two[len(two) // 2 :]


def block_twice():
    """Return data in which a block stands again in place of the next: a page written twice."""
    sound = gzip.compress(RAW, 1)
    return sound[:4096] + sound[2048:4096] + sound[6144:]


FAULTS = {
    "packed by xz": (lzma.compress(RAW), "not-nifti"),
    "another format, NRRD": (nrrd(), "not-nifti"),
    "the first 16 bytes are lost": (gzip.compress(RAW[16:], 1), "not-nifti"),
    "the CRC of the gzip header is wrong": (with_header_checksum(1), "damaged"),
    "a flag of gzip that does not exist": (with_reserved_flag(), "damaged"),
    "two downloads spliced": (spliced(), "damaged"),
    "a block twice": (block_twice(), "damaged"),
    "voxels begin at half a byte": (packed(RAW, vox_offset=352.5), "vox-offset"),
    "a fourth axis of no entries": (packed(RAW, dim={0: 4, 4: 0}), "dimensions"),
    "first and third axis exchanged": (packed(RAW, dim={1: SHAPE[2], 3: SHAPE[0]}), "grid"),
    "grid in metres": (packed(RAW, xyzt_units=1), "units"),
    "a slope that no float32 holds the product of": (packed(RAW, scl_slope=1e38, scl_inter=0), "not-finite"),
}


def judged(folder):
    (case,) = find_cases(folder)
    return check_case(case).case


@pytest.mark.parametrize("fault", FAULTS)
def test_it_is_refused_by_its_name(tmp_path, fault):
    content, code = FAULTS[fault]
    folder = write_patient(tmp_path / "p1")
    (folder / "p1_t1ce.nii.gz").write_bytes(content)
    case = judged(folder)
    assert case.status is CaseStatus.REFUSED
    (finding,) = [finding for finding in case.findings if finding.severity == "error"]
    assert "p1_t1ce.nii.gz" in finding.message
    assert finding.code == code


def test_a_sound_checksum_of_the_header_is_sound(tmp_path):
    folder = write_patient(tmp_path / "p1")
    (folder / "p1_t1ce.nii.gz").write_bytes(with_header_checksum(0))
    assert judged(folder).status is CaseStatus.OK


def test_a_socket_is_no_file(tmp_path, monkeypatch):
    folder = write_patient(tmp_path / "p1")
    (folder / "p1_t1ce.nii.gz").unlink()
    monkeypatch.chdir(folder)  # a socket's path may have a hundred bytes
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind("p1_t1ce.nii.gz")
        case = judged(folder)
    assert case.status is CaseStatus.REFUSED


def test_what_is_larger_than_any_image_is_not_read(tmp_path):
    folder = write_patient(tmp_path / "p1")
    path = folder / "p1_t1ce.nii.gz"
    os.truncate(path, 3 << 30)  # sparse: takes no room on the disk
    case = judged(folder)
    assert case.status is CaseStatus.REFUSED
    assert "p1_t1ce.nii.gz" in case.findings[0].message
