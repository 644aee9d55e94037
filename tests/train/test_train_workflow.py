"""Errors come out of MONAI's workflow as what they are."""

import errno
import logging
import sys

import pytest

from brats3d.errors import BadInput, Finding, MachineError, OutputError, SegmentationFailed, Terminated, TrainingStopped
from brats3d.train.workflow import QUIET_LOGGERS, meant_by, quiet_libraries, run_training
from brats3d.vocabulary import Severity

FINDING = Finding("code", Severity.ERROR, "words")


def wrapped(error):
    """Return an error as MONAI hands it on: inside two of its own."""
    try:
        try:
            try:
                raise error
            except Exception as inner:
                raise RuntimeError("Failed to instantiate component") from inner
        except RuntimeError as outer:
            raise RuntimeError("Failed to evaluate ConfigExpression") from outer
    except RuntimeError as told:
        return told


@pytest.mark.parametrize("error", [TrainingStopped("nan"), BadInput(FINDING), OutputError("full")])
def test_our_own_errors_are_found_under_monais(tmp_path, error):
    assert meant_by(wrapped(error), tmp_path) is error
    assert meant_by(error, tmp_path) is error


def test_an_output_that_is_not_finite_stops_the_training_and_fails_no_patient(tmp_path):
    told = meant_by(wrapped(SegmentationFailed(FINDING)), tmp_path)
    assert isinstance(told, TrainingStopped)
    assert told.exit_code == 3


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS])
def test_a_full_or_read_only_disk_is_said_in_words(tmp_path, code):
    told = meant_by(wrapped(OSError(code, "x", "events")), tmp_path)
    assert isinstance(told, OutputError)
    assert str(told).startswith("events: the ")


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: 8 bytes")])
def test_too_little_memory_is_the_machines_fault(tmp_path, error):
    told = meant_by(wrapped(error), tmp_path)
    assert isinstance(told, MachineError)
    assert "smaller batch or patch" in str(told)


def test_a_worker_that_was_killed_is_told_by_who_did_it(tmp_path):
    words = "DataLoader worker (pid(s) 7) is killed by signal: {}. "
    assert isinstance(meant_by(wrapped(RuntimeError(words.format("Terminated"))), tmp_path), Terminated)
    told = meant_by(wrapped(RuntimeError(words.format("Killed"))), tmp_path)
    assert isinstance(told, MachineError)
    assert "not enough memory" in str(told)


def test_a_killed_worker_says_nothing_when_its_loader_is_cleared_away(capfd):
    class Loader:
        def __del__(self):
            raise RuntimeError("DataLoader worker (pid 7) is killed by signal: Terminated. ")

    hook = sys.unraisablehook
    with quiet_libraries():
        Loader()
    assert sys.unraisablehook is hook
    assert capfd.readouterr() == ("", "")


def test_a_bug_stays_a_bug(tmp_path):
    assert meant_by(wrapped(KeyError("x")), tmp_path) is None
    (tmp_path / "configs").mkdir()
    for name in ("common", "train"):
        (tmp_path / f"configs/{name}.yaml").write_text("initialize: [$1/0]\nrun: []\n")
    (tmp_path / "configs/metadata.json").write_text("{}")
    with pytest.raises(RuntimeError, match="Failed to evaluate"):
        run_training(tmp_path, {})


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("$(_ for _ in ()).throw(__import__('brats3d.errors').errors.TrainingStopped('nan'))", TrainingStopped),
        ("$(_ for _ in ()).throw(KeyboardInterrupt())", KeyboardInterrupt),
        ("$(_ for _ in ()).throw(__import__('brats3d.errors').errors.Terminated())", KeyboardInterrupt),
    ],
)
def test_what_is_raised_in_a_config_comes_out_as_itself(tmp_path, capfd, expression, kind):
    (tmp_path / "configs").mkdir()
    for name in ("common", "train"):
        (tmp_path / f"configs/{name}.yaml").write_text(f'initialize: []\nrun: ["{expression}"]\n')
    (tmp_path / "configs/metadata.json").write_text("{}")
    with pytest.raises(kind):
        run_training(tmp_path, {})
    assert capfd.readouterr() == ("", "")


def test_loggers_are_as_before_afterwards():
    before = {name: logging.getLogger(name).level for name in QUIET_LOGGERS}
    with quiet_libraries():
        assert {name: logging.getLogger(name).level for name in QUIET_LOGGERS} == QUIET_LOGGERS
    assert {name: logging.getLogger(name).level for name in QUIET_LOGGERS} == before
