"""A patient in work is claimed."""

import os
import subprocess
import sys
import threading

import pytest

from brats3d.batch import claims
from brats3d.batch.claims import claim_path, claimed, sweep_claims
from brats3d.errors import OutputError
from brats3d.output.locks import Lock

HOLD = """
import sys
from pathlib import Path
from brats3d.batch.claims import claimed
with claimed(Path(sys.argv[1]), "p1") as granted:
    print(granted, flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that has claimed the patient p1."""
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "True\n"
        yield process
        if process.poll() is None:
            process.kill()


def test_a_claim_is_granted_once_and_leaves_nothing(tmp_path):
    with claimed(tmp_path, "p1") as one, claimed(tmp_path, "p1") as other, claimed(tmp_path, "p2") as another:
        assert (one, other, another) == (True, False, True)
    assert os.listdir(tmp_path) == []


def test_what_another_process_has_in_work_is_not_granted_until_it_ends(tmp_path, holder):
    with claimed(tmp_path, "p1") as granted:
        assert not granted
    assert sweep_claims(tmp_path) == 0
    holder.communicate("\n")
    with claimed(tmp_path, "p1") as granted:
        assert granted


def test_the_claim_of_a_killed_process_is_free(tmp_path, holder):
    holder.kill()
    holder.wait()
    assert claim_path(tmp_path, "p1").exists()
    assert sweep_claims(tmp_path) == 1
    with claimed(tmp_path, "p1") as granted:
        assert granted
    assert os.listdir(tmp_path) == []


def test_an_error_gives_the_claim_back(tmp_path):
    with pytest.raises(ZeroDivisionError), claimed(tmp_path, "p1"):
        raise ZeroDivisionError
    assert os.listdir(tmp_path) == []


def test_ids_that_a_disk_takes_for_one_share_a_claim_and_none_is_too_long(tmp_path):
    assert claim_path(tmp_path, "P\u00e9") == claim_path(tmp_path, "pe\u0301")
    assert "secret" not in claim_path(tmp_path, "secret").name
    with claimed(tmp_path, "n" * 255 + os.fsdecode(b"\xff")) as granted:
        assert granted


def test_a_lock_on_a_file_that_was_just_given_back_is_not_taken_for_a_claim(tmp_path, monkeypatch):
    path, tries = claim_path(tmp_path, "p1"), []

    def given_back_meanwhile(descriptor):
        if not tries:
            path.unlink()
        tries.append(descriptor)
        return Lock.HELD

    monkeypatch.setattr(claims, "try_lock", given_back_meanwhile)
    with claimed(tmp_path, "p1") as granted:
        assert granted
        assert path.exists()
    assert len(tries) == 2


def test_where_nothing_can_be_locked_everything_is_granted(tmp_path, monkeypatch):
    monkeypatch.setattr(claims, "try_lock", lambda descriptor: Lock.UNKNOWN)
    with claimed(tmp_path, "p1") as one, claimed(tmp_path, "p1") as other:
        assert (one, other) == (True, True)
    assert os.listdir(tmp_path) == []


def test_a_folder_that_is_gone_is_an_error_of_the_output(tmp_path):
    with pytest.raises(OutputError, match="the folder is gone"), claimed(tmp_path / "gone", "p1"):
        pass


def test_never_do_two_threads_hold_one_claim(tmp_path):
    inside, most = [], []

    def work():
        for _ in range(300):
            with claimed(tmp_path, "p1") as granted:
                if granted:
                    inside.append(1)
                    most.append(len(inside))
                    inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert max(most) == 1
    assert os.listdir(tmp_path) == []


def test_the_instant_in_which_another_run_sweeps_does_not_cost_a_claim(tmp_path, monkeypatch):
    answers = [Lock.TAKEN, Lock.HELD]
    monkeypatch.setattr(claims, "try_lock", lambda descriptor: answers.pop(0))
    with claimed(tmp_path, "p1") as granted:
        assert granted
