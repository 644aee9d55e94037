"""A mask and its record as a pair."""

import hashlib
import json
import os
from dataclasses import replace

import pytest

from brats3d.errors import Finding, OutputError
from brats3d.output import record as record_module
from brats3d.output.record import (
    map_is_ours,
    mask_is_ours,
    mask_path,
    read_record,
    record_is_ours,
    record_path,
    write_done,
    write_failed,
    write_refused,
)
from brats3d.output.unfinished import map_path
from brats3d.vocabulary import MapKind, Severity

FINDING = Finding("grid", Severity.ERROR, "p1_t2.nii.gz: another grid; co-register", "p1/p1_t2.nii.gz")


def test_a_mask_and_its_record_prove_each_other(tmp_path, record, label_map, grid):
    mask = write_done(tmp_path / "new" / "out", record, label_map, grid)
    written = read_record(mask.parent / "p1.json")
    assert sorted(os.listdir(mask.parent)) == ["p1.json", "p1.nii.gz"]
    assert written.mask.sha256 == hashlib.sha256(mask.read_bytes()).hexdigest()
    assert (written.mask.file, written.mask.size_bytes) == ("p1.nii.gz", mask.stat().st_size)
    assert written.inputs == record.inputs


def test_each_finding_of_a_record_names_the_patient_once(tmp_path):
    write_refused(tmp_path, "p1", (FINDING, replace(FINDING, message="t2.nii.gz: is empty; fetch it again")))
    said = [finding.message for finding in read_record(record_path(tmp_path, "p1")).findings]
    assert said == [FINDING.message, "p1: t2.nii.gz: is empty; fetch it again"]


def test_the_seconds_of_writing_and_all_are_put_in(tmp_path, record, label_map, grid):
    write_done(tmp_path, record, label_map, grid)
    seconds = json.loads(record_path(tmp_path, "p1").read_text())["seconds"]
    assert list(seconds) == ["read", "prepare", "network", "finish", "write", "total"]
    assert seconds["total"] == pytest.approx(1.875 + seconds["write"], abs=0.002)


def test_a_mask_whose_record_cannot_be_written_goes_too(tmp_path, record, label_map, grid):
    record_path(tmp_path, "p1").mkdir()
    with pytest.raises(OutputError, match=r"p1\.json"):
        write_done(tmp_path, record, label_map, grid)
    assert os.listdir(tmp_path) == ["p1.json"]


def test_an_interrupt_between_mask_and_record_takes_the_mask_back(tmp_path, record, label_map, grid, monkeypatch):
    def interrupt(out, done):
        assert mask_path(out, "p1").exists()
        raise KeyboardInterrupt

    monkeypatch.setattr(record_module, "write_record", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_done(tmp_path, record, label_map, grid)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("refuse", [True, False], ids=["refused", "failed"])
def test_a_patient_without_a_mask_loses_an_earlier_one_of_ours(tmp_path, record, label_map, grid, refuse):
    write_done(tmp_path, record, label_map, grid)
    if refuse:
        write_refused(tmp_path, "p1", (FINDING,))
    else:
        write_failed(tmp_path, "p1", (FINDING,), 1.5)
    assert os.listdir(tmp_path) == ["p1.json"]
    assert read_record(record_path(tmp_path, "p1")).findings == (FINDING,)


def test_a_patient_without_a_mask_leaves_a_foreign_one(tmp_path):
    mask_path(tmp_path, "p1").write_bytes(b"drawn by hand")
    write_refused(tmp_path, "p1", (FINDING,))
    assert mask_path(tmp_path, "p1").read_bytes() == b"drawn by hand"
    assert not mask_is_ours(tmp_path, "p1")


def test_a_shared_record_names_every_folder(tmp_path):
    write_refused(tmp_path, "p1", (FINDING,), ("HGG/p1", "LGG/p1"))
    assert json.loads(record_path(tmp_path, "p1").read_text())["folders"] == ["HGG/p1", "LGG/p1"]


def test_a_mask_is_ours_by_a_record_that_names_it(tmp_path, record, label_map, grid):
    mask = write_done(tmp_path, record, label_map, grid)
    assert mask_is_ours(tmp_path, "p1")
    mask.write_bytes(b"changed since")
    assert mask_is_ours(tmp_path, "p1")
    write_done(tmp_path, replace(record, id="p2"), label_map, grid)
    record_path(tmp_path, "p2").replace(record_path(tmp_path, "p1"))
    assert not mask_is_ours(tmp_path, "p1")


@pytest.mark.parametrize("place", range(0, 1000, 50))
def test_a_record_damaged_in_any_place_still_says_that_the_mask_is_ours(tmp_path, record, label_map, grid, place):
    write_done(tmp_path, record, label_map, grid)
    path = record_path(tmp_path, "p1")
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    assert mask_is_ours(tmp_path, "p1")
    assert record_is_ours(tmp_path, "p1")


@pytest.mark.parametrize("content", [b"{}", b'{"SliceTiming": [0.1]}', b"\0\1"])
def test_another_programs_file_is_no_record_of_ours(tmp_path, content):
    record_path(tmp_path, "p1").write_bytes(content)
    assert not record_is_ours(tmp_path, "p1")
    assert read_record(record_path(tmp_path, "p1")) is None


def test_a_pipe_under_a_records_name_does_not_block(tmp_path):
    os.mkfifo(record_path(tmp_path, "p1"))
    assert read_record(record_path(tmp_path, "p1")) is None


def test_a_file_that_cannot_be_read_is_not_ours(tmp_path, monkeypatch):
    mask_path(tmp_path, "p1").write_bytes(b"closed")
    record_path(tmp_path, "p1").write_bytes(b'{"brats3d": 1}')

    def closed(path):
        raise PermissionError(path)

    monkeypatch.setattr(record_module, "sha256_of", closed)
    assert not mask_is_ours(tmp_path, "p1")


def files_in(out):
    return sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())


MASK = ["p1.json", "p1.nii.gz"]
PROBABILITIES, UNCERTAINTY = "probabilities/p1.nii.gz", "uncertainty/p1.nii.gz"


def test_maps_stand_in_the_record_as_the_mask_does(tmp_path, record, label_map, grid, maps):
    mask = write_done(tmp_path, record, label_map, grid, maps)
    written = read_record(record_path(tmp_path, "p1"))
    assert files_in(tmp_path) == [*MASK, PROBABILITIES, UNCERTAINTY]
    for kind, name in ((MapKind.PROBABILITIES, PROBABILITIES), (MapKind.UNCERTAINTY, UNCERTAINTY)):
        content = (tmp_path / name).read_bytes()
        named = written.map_of(kind)
        assert (named.file, named.sha256) == (name, hashlib.sha256(content).hexdigest())
        assert named.size_bytes == len(content)
        assert map_is_ours(tmp_path, "p1", kind)
    assert written.mask.sha256 == hashlib.sha256(mask.read_bytes()).hexdigest()


def test_no_folder_is_made_for_maps_that_nobody_asked_for(tmp_path, record, label_map, grid, maps):
    write_done(tmp_path, record, label_map, grid)
    assert sorted(os.listdir(tmp_path)) == MASK
    write_done(tmp_path, record, label_map, grid, {MapKind.UNCERTAINTY: maps[MapKind.UNCERTAINTY]})
    assert files_in(tmp_path) == [*MASK, UNCERTAINTY]
    assert read_record(record_path(tmp_path, "p1")).probabilities is None


def test_maps_of_an_earlier_mask_go_with_it(tmp_path, record, label_map, grid, maps):
    write_done(tmp_path, record, label_map, grid, maps)
    write_done(tmp_path, record, label_map, grid, {MapKind.PROBABILITIES: maps[MapKind.UNCERTAINTY]})
    assert files_in(tmp_path) == [*MASK, PROBABILITIES]
    write_done(tmp_path, record, label_map, grid)
    assert files_in(tmp_path) == MASK


@pytest.mark.parametrize("refuse", [True, False], ids=["refused", "failed"])
def test_a_patient_without_a_mask_loses_earlier_maps_of_ours_too(tmp_path, record, label_map, grid, maps, refuse):
    write_done(tmp_path, record, label_map, grid, maps)
    if refuse:
        write_refused(tmp_path, "p1", (FINDING,))
    else:
        write_failed(tmp_path, "p1", (FINDING,), 1.5)
    assert files_in(tmp_path) == ["p1.json"]


def test_a_map_that_no_record_names_is_not_ours_and_stays(tmp_path, record, label_map, grid, maps):
    write_done(tmp_path, record, label_map, grid, {MapKind.PROBABILITIES: maps[MapKind.PROBABILITIES]})
    foreign = map_path(tmp_path, MapKind.UNCERTAINTY, "p1")
    foreign.parent.mkdir()
    foreign.write_bytes(b"drawn by hand")
    write_refused(tmp_path, "p1", (FINDING,))
    assert files_in(tmp_path) == ["p1.json", UNCERTAINTY]


def test_a_damaged_record_still_says_that_a_map_is_ours(tmp_path, record, label_map, grid, maps):
    write_done(tmp_path, record, label_map, grid, maps)
    path = record_path(tmp_path, "p1")
    path.write_bytes(path.read_bytes()[:-3])
    assert all(map_is_ours(tmp_path, "p1", kind) for kind in MapKind)


def test_maps_whose_record_cannot_be_written_go_too(tmp_path, record, label_map, grid, maps):
    record_path(tmp_path, "p1").mkdir()
    with pytest.raises(OutputError, match=r"p1\.json"):
        write_done(tmp_path, record, label_map, grid, maps)
    assert files_in(tmp_path) == []


def test_the_mask_comes_after_its_maps(tmp_path, record, label_map, grid, maps, monkeypatch):
    written = []
    monkeypatch.setattr(record_module, "write_whole", lambda path, content: written.append(path.parent.name))
    write_done(tmp_path, record, label_map, grid, maps)
    assert written == ["probabilities", "uncertainty", tmp_path.name, tmp_path.name]


def test_a_file_where_the_folder_of_maps_should_be_is_the_machines_fault(tmp_path, record, label_map, grid, maps):
    (tmp_path / "probabilities").touch()
    with pytest.raises(OutputError, match="probabilities"):
        write_done(tmp_path, record, label_map, grid, maps)
    assert files_in(tmp_path) == ["probabilities"]
