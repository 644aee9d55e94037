"""The rim: what the words are taken for, and what the machine's faults come to."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from brats3d.cli.main import main

FULL = Path("/dev/full")


@pytest.mark.parametrize("words", [["cases", "--lay", "plain"], ["bundle", "--js"], ["--vers"]])
def test_a_shortened_option_is_unknown(words, tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        main([*words, str(tmp_path)])
    assert capsys.readouterr().out == ""


@pytest.mark.skipif(not FULL.exists(), reason="no device that is always full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_results_that_a_full_disk_does_not_take_are_exit_3(unbuffered):
    with FULL.open("w") as full:
        run = subprocess.run(
            [sys.executable, "-c", "from brats3d.cli.main import entry; entry()", "bundle", "--json"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        )
    assert (run.returncode, run.stderr) == (3, "brats3d: output: the disk is full; make room and run again\n")


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("[enforce fail] can't allocate memory")])
def test_too_little_memory_is_exit_3_and_no_bug(error, monkeypatch, capsys):
    def list_none():
        raise error

    monkeypatch.setattr("brats3d.bundle.shipped_bundles", list_none)
    assert main(["bundle"]) == 3
    assert capsys.readouterr().err.startswith("brats3d: not enough memory; ")
