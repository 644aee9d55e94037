"""What must hold of OUT before the first patient."""

import errno
import os
from pathlib import Path

import pytest

from brats3d.batch import preconditions
from brats3d.batch.preconditions import check_out, open_out
from brats3d.errors import OutputError, RequestError


@pytest.mark.parametrize("below", ["", "deeper/still"])
def test_an_out_that_is_a_file_or_below_one_is_refused(tmp_path, below):
    (tmp_path / "file").touch()
    with pytest.raises(RequestError, match="file: is a file"):
        check_out(tmp_path / "file" / below, [])


@pytest.mark.parametrize("below", ["", "masks", "masks/deeper"])
def test_an_out_inside_data_is_refused(tmp_path, below):
    data = tmp_path / "data"
    data.mkdir()
    with pytest.raises(RequestError, match="lies inside"):
        check_out(data / below, [tmp_path / "other", data])


def test_an_out_inside_data_by_a_link_is_refused(tmp_path):
    (tmp_path / "data" / "below").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "data" / "below")
    with pytest.raises(RequestError, match="lies inside"):
        check_out(tmp_path / "link" / "masks", [tmp_path / "data"])


def test_an_out_beside_or_above_data_is_good(tmp_path):
    (tmp_path / "data").mkdir()
    check_out(tmp_path / "data-masks", [tmp_path / "data"])
    check_out(tmp_path, [tmp_path / "data"])


def test_a_good_out_is_made_and_cleared_of_what_killed_runs_left(tmp_path):
    out = tmp_path / "new" / "out"
    assert open_out(out) is None
    (out / ".brats3d-dead.part").touch()
    (out / ".brats3d-dead.lock").touch()
    (out / "mine.lock").touch()
    assert open_out(out) is None
    assert os.listdir(out) == ["mine.lock"]


def test_an_out_that_cannot_be_locked_is_told_once(tmp_path, monkeypatch):
    monkeypatch.setattr(preconditions, "probe", lambda out: False)
    assert "files cannot be locked" in open_out(tmp_path)


def test_a_full_disk_is_told_before_the_first_patient(tmp_path, monkeypatch):
    usage = preconditions.shutil.disk_usage(tmp_path)._replace(free=0)
    monkeypatch.setattr(preconditions.shutil, "disk_usage", lambda out: usage)
    with pytest.raises(OutputError, match="the disk is full"):
        open_out(tmp_path)


def test_an_out_that_cannot_be_made_is_an_error_of_the_output():
    with pytest.raises(OutputError, match="/proc/brats3d"):
        open_out(preconditions.Path("/proc/brats3d"))


def test_a_folder_that_cannot_be_looked_into_does_not_hold_data(tmp_path, monkeypatch):
    real = os.stat

    def forbidden(path, *args, **options):
        if Path(os.fsdecode(path)).parent == tmp_path / "closed":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path, *args, **options)

    monkeypatch.setattr(os, "stat", forbidden)
    check_out(tmp_path / "closed" / "masks", [tmp_path / "data"])
