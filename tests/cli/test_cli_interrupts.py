"""Interrupts that are not lost."""

import os
import signal

import pytest

from brats3d.cli import interrupts
from brats3d.cli.interrupts import cause_of, install, interrupt, raise_if_received
from brats3d.cli.main import main
from brats3d.errors import Terminated
from brats3d.phantom.files import write_phantoms


@pytest.fixture(autouse=True)
def nothing_received():
    """Leave signals and memory as they were."""
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    interrupts.received.clear()
    for each, handler in before.items():
        signal.signal(each, handler)


def disguised(*arguments, **options):
    """Do what an import does that an interrupt meets in compiled code."""
    try:
        os.kill(os.getpid(), signal.SIGTERM)
    except KeyboardInterrupt:
        raise ImportError("could not import module datetime") from None


def test_sigterm_and_ctrl_c_are_raised_and_remembered():
    install()
    with pytest.raises(Terminated):
        os.kill(os.getpid(), signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)
    assert interrupts.received == [signal.SIGTERM, signal.SIGINT]


def test_a_ctrl_c_that_the_shell_ignores_stays_ignored():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    install()
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_an_error_after_an_interrupt_is_taken_for_it_and_no_other():
    error = ImportError("x")
    raise_if_received()
    assert cause_of(error) is error
    with pytest.raises(Terminated):
        interrupt(signal.SIGTERM, None)
    assert isinstance(cause_of(error), Terminated)


def test_an_interrupt_that_an_import_disguises_ends_the_command(tmp_path, monkeypatch, capsys):
    install()
    monkeypatch.setattr("brats3d.output.verify.verify", disguised)
    assert main(["verify", str(tmp_path)]) == 143
    assert capsys.readouterr().err == "brats3d: interrupted\n"


def test_an_interrupt_disguised_within_a_patient_ends_the_run_and_is_no_bug(tmp_path, tiny_bundle, monkeypatch, capsys):
    install()
    write_phantoms(tmp_path / "data", 2, shape=(24, 24, 24))
    monkeypatch.setattr("brats3d.predict.predictor.Predictor.segment", disguised)
    words = ["segment", str(tmp_path / "data"), "-o", str(tmp_path / "out"), "-b", str(tiny_bundle)]
    assert main(words) == 143
    assert "interrupted after 0 of 2 patients; run again to go on" in capsys.readouterr().err
    assert os.listdir(tmp_path / "out") == []


def test_an_interrupt_that_got_lost_ends_the_run_at_the_next_patient(tmp_path, tiny_bundle, capsys):
    write_phantoms(tmp_path / "data", 2, shape=(24, 24, 24))
    interrupts.received.append(signal.SIGINT)
    words = ["segment", str(tmp_path / "data"), "-o", str(tmp_path / "out"), "-b", str(tiny_bundle)]
    assert main(words) == 130
    assert "interrupted after 0 of 2 patients" in capsys.readouterr().err
