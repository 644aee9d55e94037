"""Masks against their records."""

import gzip
import hashlib
import json
import os
from dataclasses import replace

import numpy as np
import pytest

from brats3d.errors import RequestError
from brats3d.output.record import mask_path, record_path, write_done, write_refused
from brats3d.output.verify import verify
from brats3d.output.whole import locked_part


@pytest.fixture
def out(tmp_path, record, grid):
    """Two patients done and one refused."""
    out = tmp_path / "out"
    label_map = np.zeros((5, 6, 7), np.uint8)
    label_map[1, 2, 3:6] = 4
    for name in ("p1", "p2"):
        write_done(out, replace(record, id=name), label_map, grid)
    write_refused(out, "p3", ())
    (out / "summary.json").write_text('{"brats3d": 1}')
    (out / "summary-1-of-2.json").write_text('{"brats3d": 1}')
    (out / "notes.json").write_text("{}")
    return out


def reasons(out):
    return {each.id: each.reason for each in verify(out).bad}


def rewrite(out, case_id, content):
    """Put other bytes under a mask's name, and their hash into its record."""
    path = record_path(out, case_id)
    document = json.loads(path.read_text())
    document["mask"]["sha256"] = hashlib.sha256(content).hexdigest()
    path.write_text(json.dumps(document))
    mask_path(out, case_id).write_bytes(content)


def test_a_whole_folder_is_whole(out):
    found = verify(out)
    assert found.as_json() == {"masks": 2, "whole": 2, "bad": []}
    assert found.exit_code == 0


def test_a_folder_of_nothing_is_whole(tmp_path):
    assert verify(tmp_path).as_json() == {"masks": 0, "whole": 0, "bad": []}


def test_no_folder_is_a_request_that_cannot_be(tmp_path):
    with pytest.raises(RequestError, match="is no folder"):
        verify(tmp_path / "none")


def test_a_changed_mask_is_found(out):
    content = bytearray(mask_path(out, "p1").read_bytes())
    content[5] ^= 1  # the time stamp: the voxels are the same
    mask_path(out, "p1").write_bytes(content)
    assert verify(out).whole == 1
    assert verify(out).exit_code == 4
    assert "changed" in reasons(out)["p1"]


def test_a_missing_mask_is_found(out):
    mask_path(out, "p1").unlink()
    found = verify(out)
    assert (found.masks, found.whole) == (1, 1)
    assert "missing" in reasons(out)["p1"]


@pytest.mark.parametrize("name", ["p3", "p4"], ids=["refused", "no record"])
def test_an_extra_mask_is_found(out, name):
    mask_path(out, name).write_bytes(b"drawn by hand")
    assert "extra" in reasons(out)[name]
    assert verify(out).masks == 3


def test_a_mask_under_another_patients_name_is_found(out):
    mask_path(out, "p1").rename(mask_path(out, "p9"))
    record_path(out, "p1").rename(record_path(out, "p9"))
    assert "extra" in reasons(out)["p9"]


def test_a_damaged_record_is_found_with_and_without_its_mask(out):
    for name in ("p1", "p3"):
        path = record_path(out, name)
        path.write_bytes(path.read_bytes()[:-3])
    assert {name: "record is damaged" in reason for name, reason in reasons(out).items()} == {"p1": True, "p3": True}


def test_a_label_outside_the_scheme_is_found(out):
    content = bytearray(gzip.decompress(mask_path(out, "p1").read_bytes()))
    content[-1] = 3
    rewrite(out, "p1", gzip.compress(content))
    assert "3" in reasons(out)["p1"]


def test_a_mask_that_cannot_be_read_whole_is_found(out):
    rewrite(out, "p1", mask_path(out, "p1").read_bytes()[:-4])
    assert list(reasons(out)) == ["p1"]


def test_a_record_without_a_scheme_is_found(out):
    path = record_path(out, "p1")
    document = json.loads(path.read_text())
    del document["label_scheme"]
    path.write_text(json.dumps(document))
    assert "label scheme" in reasons(out)["p1"]


def test_a_part_that_nobody_writes_is_found_and_one_in_work_is_not(out):
    (out / ".brats3d-dead.part").touch()
    with locked_part(out):
        assert list(reasons(out)) == [".brats3d-dead.part"]


def test_verifying_changes_nothing(out):
    (out / ".brats3d-dead.part").touch()
    mask_path(out, "p1").unlink()
    before = {name: (out / name).read_bytes() for name in os.listdir(out)}
    verify(out)
    assert {name: (out / name).read_bytes() for name in os.listdir(out)} == before


@pytest.mark.slow
def test_every_single_byte_alteration_of_a_mask_is_found(out):
    rng = np.random.default_rng(7)
    whole = mask_path(out, "p1").read_bytes()
    found = 0
    for _ in range(200):
        content = bytearray(whole)
        content[rng.integers(len(whole))] ^= int(rng.integers(1, 256))
        mask_path(out, "p1").write_bytes(content)
        found += verify(out).exit_code == 4
    assert found == 200


def test_a_record_that_says_done_and_names_no_mask_is_missing_one(tmp_path, record, label_map, grid):
    write_done(tmp_path, record, label_map, grid).unlink()
    path = record_path(tmp_path, "p1")
    document = json.loads(path.read_text())
    del document["mask"]
    path.write_text(json.dumps(document))
    assert [each.reason for each in verify(tmp_path).bad] == [
        "p1.nii.gz: missing: its record stands alone; run segment again"
    ]


@pytest.fixture
def mapped(out, record, label_map, grid, maps):
    """The same folder, where one more patient has both maps."""
    write_done(out, replace(record, id="p5"), label_map, grid, maps)
    return out


MAPS = ["probabilities", "uncertainty"]


def test_maps_that_are_whole_are_whole(mapped):
    assert verify(mapped).as_json() == {"masks": 3, "whole": 3, "bad": []}


@pytest.mark.parametrize("kind", MAPS)
def test_a_changed_map_is_found_and_its_mask_is_not_counted(mapped, kind):
    path = mapped / kind / "p5.nii.gz"
    content = bytearray(path.read_bytes())
    content[5] ^= 1
    path.write_bytes(content)
    found = verify(mapped)
    assert (found.masks, found.whole, found.exit_code) == (3, 2, 4)
    reason = f"{kind}/p5.nii.gz: changed: its SHA-256 is not the record's; run segment again with --{kind}"
    assert reasons(mapped) == {"p5": reason}


@pytest.mark.parametrize("kind", MAPS)
def test_a_missing_map_is_found(mapped, kind):
    (mapped / kind / "p5.nii.gz").unlink()
    assert "missing: a record names it" in reasons(mapped)["p5"]
    (mapped / kind).rmdir()
    assert "missing: a record names it" in reasons(mapped)["p5"]


@pytest.mark.parametrize("name", ["p2", "p3", "p9"], ids=["mask without maps", "refused", "nobody's"])
def test_an_extra_map_is_found(mapped, name):
    (mapped / "uncertainty" / f"{name}.nii.gz").write_bytes(b"drawn by hand")
    assert "uncertainty/" in reasons(mapped)[name]
    assert "extra" in reasons(mapped)[name]


def test_a_map_that_cannot_be_read_whole_is_found(mapped):
    path = record_path(mapped, "p5")
    document = json.loads(path.read_text())
    content = (mapped / "probabilities/p5.nii.gz").read_bytes()[:-4]
    document["probabilities"]["sha256"] = hashlib.sha256(content).hexdigest()
    path.write_text(json.dumps(document))
    (mapped / "probabilities/p5.nii.gz").write_bytes(content)
    assert reasons(mapped)["p5"].startswith("probabilities/p5.nii.gz: ")


def test_a_damaged_record_is_said_once_and_not_of_each_map(mapped):
    path = record_path(mapped, "p5")
    path.write_bytes(path.read_bytes()[:-3])
    assert [each.id for each in verify(mapped).bad] == ["p5"]


def test_a_map_under_another_patients_name_is_found(mapped):
    for kind in MAPS:
        (mapped / kind / "p5.nii.gz").rename(mapped / kind / "p1.nii.gz")
    assert set(reasons(mapped)) == {"p1", "p5"}


def test_a_part_beside_a_map_is_found(mapped):
    (mapped / "uncertainty" / ".brats3d-dead.part").touch()
    assert list(reasons(mapped)) == [".brats3d-dead.part"]
