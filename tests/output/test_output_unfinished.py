"""Masks that a killed run left without a record."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import textwrap

import pytest

from brats3d.output import whole
from brats3d.output.record import mask_path, record_path, write_done
from brats3d.output.unfinished import announced, settle, sweep
from brats3d.output.verify import verify

KILLED_BETWEEN = """
    import os, signal, sys
    from pathlib import Path
    import numpy as np
    from brats3d.grid import Grid
    from brats3d.output import record
    from brats3d.output.sidecar import Record, RecordStatus
    from brats3d.vocabulary import MapKind

    record.write_record = lambda out, done: os.kill(os.getpid(), signal.SIGKILL)
    label_map = np.ones((8, 8, 8), np.uint8)
    maps = {MapKind(kind): np.ones((8, 8, 8, 3), np.uint8) for kind in sys.argv[2:]}
    record.write_done(Path(sys.argv[1]), Record("p1", RecordStatus.DONE), label_map, Grid((8, 8, 8), np.eye(4)), maps)
"""


@pytest.fixture
def killed(tmp_path):
    """A folder whose run was killed between mask and record."""
    script = [sys.executable, "-c", textwrap.dedent(KILLED_BETWEEN), str(tmp_path)]
    assert subprocess.run(script, check=False).returncode == -signal.SIGKILL
    assert mask_path(tmp_path, "p1").exists()
    assert len(os.listdir(tmp_path)) == 2
    return tmp_path


def test_a_sweep_removes_the_mask_that_has_no_record(killed):
    assert sweep(killed) == 1
    assert os.listdir(killed) == []


def test_a_sweep_removes_the_maps_and_parts_of_a_run_that_was_killed(tmp_path):
    script = [sys.executable, "-c", textwrap.dedent(KILLED_BETWEEN), str(tmp_path), "probabilities", "uncertainty"]
    assert subprocess.run(script, check=False).returncode == -signal.SIGKILL
    (tmp_path / "uncertainty" / ".brats3d-dead.part").touch()
    other = tmp_path / "probabilities" / "p2.nii.gz"
    other.write_bytes(b"drawn by hand")
    assert len(list(tmp_path.rglob("*.nii.gz"))) == 4
    assert [each.id for each in verify(tmp_path).bad if "left by a run" in each.reason][1:] == [".brats3d-dead.part"]
    assert sweep(tmp_path) == 2
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [other]


def test_a_sweep_leaves_another_mask_under_the_same_name(killed):
    mask_path(killed, "p1").write_bytes(b"drawn by hand since")
    sweep(killed)
    assert os.listdir(killed) == ["p1.nii.gz"]


def test_a_sweep_leaves_a_mask_whose_record_stands(tmp_path, record, label_map, grid):
    mask = write_done(tmp_path, record, label_map, grid)
    digest = hashlib.sha256(mask.read_bytes()).hexdigest()
    (tmp_path / ".brats3d-dead.part").write_text(json.dumps({"mask": mask.name, "sha256": digest}))
    assert sweep(tmp_path) == 1
    assert sorted(os.listdir(tmp_path)) == ["p1.json", "p1.nii.gz"]
    record_path(tmp_path, "p1").unlink()
    settle(tmp_path, json.dumps({"mask": mask.name, "sha256": digest}).encode())
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["../victim.nii.gz", "victim.txt"])
def test_a_note_never_reaches_beyond_masks_of_its_folder(tmp_path, name):
    out = tmp_path / "out"
    out.mkdir()
    victim = out / name
    victim.write_bytes(b"x")
    settle(out, json.dumps({"mask": name, "sha256": hashlib.sha256(b"x").hexdigest()}).encode())
    assert victim.exists()


def test_a_note_reaches_no_folder_but_those_of_maps(tmp_path):
    (tmp_path / "other").mkdir()
    victim = tmp_path / "other" / "p1.nii.gz"
    victim.write_bytes(b"x")
    note = {"mask": "p1.nii.gz", "sha256": "", "maps": {"other": hashlib.sha256(b"x").hexdigest()}}
    settle(tmp_path, json.dumps(note).encode())
    assert victim.exists()


@pytest.mark.parametrize(
    "note",
    [b"", b"\x1f\x8b\x08", b"[]", b"{", b'{"mask": "p1.nii.gz"}', b'{"mask": "a", "sha256": "b", "maps": 3}'],
)
def test_a_part_that_is_no_note_is_passed_over(tmp_path, note):
    mask_path(tmp_path, "p1").write_bytes(b"x")
    settle(tmp_path, note)
    assert mask_path(tmp_path, "p1").exists()


def test_an_error_while_the_same_mask_is_written_anew_leaves_the_one_that_stands(tmp_path, record, label_map, grid):
    mask = write_done(tmp_path, record, label_map, grid)
    digest = hashlib.sha256(mask.read_bytes()).hexdigest()
    with pytest.raises(OSError, match="full"), announced(mask, digest):
        raise OSError("the disk is full")
    assert sorted(os.listdir(tmp_path)) == ["p1.json", "p1.nii.gz"]


def test_an_interrupt_after_the_record_took_its_name_leaves_mask_and_record(
    tmp_path, record, label_map, grid, monkeypatch
):
    def interrupted_at_the_record(folder):
        if record_path(tmp_path, "p1").exists():
            raise KeyboardInterrupt

    monkeypatch.setattr(whole, "sync_folder", interrupted_at_the_record)
    with pytest.raises(KeyboardInterrupt):
        write_done(tmp_path, record, label_map, grid)
    assert verify(tmp_path).bad == ()
