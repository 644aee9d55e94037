"""The peak of a training: its own, not an earlier one's and not its parent's."""

import subprocess
import sys

import pytest
import torch

from brats3d.train.peak import STATUS, peak_memory, reset_peak

CPU = torch.device("cpu")
MANY = 300 * 2**20
on_linux = pytest.mark.skipif(not STATUS.is_file(), reason="only Linux keeps such an account")


@on_linux
def test_each_training_of_a_process_has_its_own_peak():
    reset_peak(CPU)
    before = peak_memory(CPU)
    block = bytearray(MANY)
    assert peak_memory(CPU) > before + 0.9 * MANY
    del block
    reset_peak(CPU)
    assert peak_memory(CPU) < before + 0.5 * MANY


@on_linux
def test_a_child_does_not_inherit_the_peak_of_its_parent():
    block = bytearray(4 * MANY)
    del block
    program = "import torch; from brats3d.train.peak import peak_memory; print(peak_memory(torch.device('cpu')))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 3 * MANY


def test_without_linux_the_system_is_asked_otherwise(monkeypatch, tmp_path):
    monkeypatch.setattr("brats3d.train.peak.STATUS", tmp_path / "absent")
    assert peak_memory(CPU) > 10**7
