"""A file appears whole or not at all."""

import multiprocessing
import os
import subprocess
import sys
import textwrap
import time

import pytest

from brats3d.errors import OutputError
from brats3d.output import whole
from brats3d.output.locks import Lock, try_lock
from brats3d.output.whole import PARTS, locked_part, probe, sweep_parts, write_whole


def parts(folder):
    return list(folder.glob(PARTS))


def test_new_content_takes_the_place_of_the_old(tmp_path):
    path = tmp_path / "x.json"
    write_whole(path, b"old")
    write_whole(path, b"new, longer")
    assert path.read_bytes() == b"new, longer"
    assert os.listdir(tmp_path) == ["x.json"]


def test_the_file_has_the_mode_that_the_umask_gives(tmp_path):
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "x", b"1")
    finally:
        os.umask(before)
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o640


def test_a_name_as_long_as_the_disk_allows_is_written(tmp_path):
    write_whole(tmp_path / ("n" * 255), b"1")
    assert os.listdir(tmp_path) == ["n" * 255]


def test_a_folder_that_is_gone_is_an_error_that_names_the_file(tmp_path):
    with pytest.raises(OutputError, match=r"gone/x\.json: the folder is gone; choose another"):
        write_whole(tmp_path / "gone" / "x.json", b"1")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_an_error(tmp_path):
    tmp_path.chmod(0o555)
    with pytest.raises(OutputError, match="writing is not permitted"):
        write_whole(tmp_path / "x", b"1")


@pytest.mark.parametrize(
    ("code", "words"), [(28, "disk is full"), (122, "quota"), (30, "read-only"), (13, "not permitted")]
)
def test_what_the_system_says_becomes_plain_words(tmp_path, monkeypatch, code, words):
    def refuse(descriptor):
        raise OSError(code, os.strerror(code))

    (tmp_path / "x").write_bytes(b"old")
    monkeypatch.setattr(whole.os, "fsync", refuse)
    with pytest.raises(OutputError, match=words) as caught:
        write_whole(tmp_path / "x", b"new")
    assert caught.value.exit_code == 3
    assert (tmp_path / "x").read_bytes() == b"old"
    assert not parts(tmp_path)


def test_a_disk_that_fills_up_leaves_the_old_file_and_no_part(tmp_path):
    (tmp_path / "x").write_bytes(b"old")
    script = """
        import resource, signal, sys
        from pathlib import Path
        from brats3d.errors import OutputError
        from brats3d.output.whole import write_whole
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        try:
            write_whole(Path(sys.argv[1]), bytes(1_000_000))
        except OutputError as error:
            print(error); sys.exit(error.exit_code)
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(tmp_path / "x")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr
    assert "largest file size" in done.stdout
    assert (tmp_path / "x").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["x"]


def test_an_interrupt_leaves_no_part(tmp_path, monkeypatch):
    def interrupt(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr(whole.os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "x", b"1")
    assert os.listdir(tmp_path) == []


def test_a_sweep_takes_parts_that_nobody_writes_and_leaves_the_others(tmp_path):
    (tmp_path / ".brats3d-dead.part").write_bytes(b"half")
    (tmp_path / "mine.part").write_bytes(b"not ours")
    with locked_part(tmp_path) as (alive, _):
        assert sweep_parts(tmp_path) == 1
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted([alive.name, "mine.part"])
    assert os.listdir(tmp_path) == ["mine.part"]


def test_a_part_swept_before_it_was_locked_is_written_again(tmp_path, monkeypatch):
    swept = []

    def swept_first(descriptor):
        if not swept:
            swept.extend(parts(tmp_path))
            swept[0].unlink()
        return try_lock(descriptor)

    monkeypatch.setattr(whole, "try_lock", swept_first)
    write_whole(tmp_path / "x", b"1")
    assert len(swept) == 1
    assert (tmp_path / "x").read_bytes() == b"1"


def test_a_part_that_a_sweep_holds_is_written_again(tmp_path, monkeypatch):
    answers = [Lock.TAKEN, Lock.HELD]
    monkeypatch.setattr(whole, "try_lock", lambda descriptor: answers.pop(0))
    write_whole(tmp_path / "x", b"1")
    assert not answers
    assert os.listdir(tmp_path) == ["x"]


def test_where_nothing_can_be_locked_files_are_whole_and_parts_stay(tmp_path, monkeypatch):
    monkeypatch.setattr(whole, "try_lock", lambda descriptor: Lock.UNKNOWN)
    (tmp_path / ".brats3d-dead.part").write_bytes(b"half")
    write_whole(tmp_path / "x", b"1")
    assert probe(tmp_path) is False
    assert sweep_parts(tmp_path) == 0
    assert sorted(os.listdir(tmp_path)) == [".brats3d-dead.part", "x"]


def test_a_probe_leaves_nothing_and_knows_locks(tmp_path):
    assert probe(tmp_path) is True
    assert os.listdir(tmp_path) == []


def sweep_until_told(folder, stop, begun):
    begun.release()
    while not stop.is_set():
        sweep_parts(folder)
        time.sleep(0.0005)


def test_two_sweeping_processes_never_cost_a_writer_its_file(tmp_path):
    context = multiprocessing.get_context("spawn")
    stop, begun = context.Event(), context.Semaphore(0)
    sweepers = [context.Process(target=sweep_until_told, args=(tmp_path, stop, begun), daemon=True) for _ in range(2)]
    for each in sweepers:
        each.start()
    try:
        assert all(begun.acquire(timeout=60) for _ in sweepers)
        for number in range(150):
            write_whole(tmp_path / f"{number}", bytes(2000))
    finally:
        stop.set()
        for each in sweepers:
            each.join()
    assert all((tmp_path / f"{number}").stat().st_size == 2000 for number in range(150))
    assert not parts(tmp_path)
