"""Locks on open files."""

import errno

import pytest

from brats3d.output import locks
from brats3d.output.locks import Lock, try_lock


def test_a_lock_is_held_once_and_freed_by_closing(tmp_path):
    path = tmp_path / "x"
    path.touch()
    with path.open("r+b") as one:
        assert try_lock(one.fileno()) is Lock.HELD
        with path.open("r+b") as other:
            assert try_lock(other.fileno()) is Lock.TAKEN
    with path.open("r+b") as other:
        assert try_lock(other.fileno()) is Lock.HELD


def test_a_platform_without_locks_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(locks, "fcntl", None)
    with (tmp_path / "x").open("wb") as file:
        assert try_lock(file.fileno()) is Lock.UNKNOWN


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.ENOTSUP])
def test_a_file_system_without_locks_is_told(tmp_path, monkeypatch, code):
    def refuse(descriptor, operation):
        raise OSError(code, "no locks here")

    monkeypatch.setattr(locks.fcntl, "flock", refuse)
    with (tmp_path / "x").open("wb") as file:
        assert try_lock(file.fileno()) is Lock.UNKNOWN


def test_another_error_is_raised(tmp_path, monkeypatch):
    def refuse(descriptor, operation):
        raise OSError(errno.EIO, "broken disk")

    monkeypatch.setattr(locks.fcntl, "flock", refuse)
    with (tmp_path / "x").open("wb") as file, pytest.raises(OSError, match="broken disk"):
        try_lock(file.fileno())
