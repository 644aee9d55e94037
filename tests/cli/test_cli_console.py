"""What is written when nobody reads it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from brats3d.cli.console import drop, printable, show, write_line
from brats3d.phantom.files import write_phantoms

ENTRY = [sys.executable, "-c", "from brats3d.cli.main import entry; entry()"]


def run_with(closed: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command whose stdout, stderr or both end in a pipe that nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    streams = {name: writer if name in closed else subprocess.PIPE for name in ("stdout", "stderr")}
    try:
        return subprocess.run([*ENTRY, *words], **streams, text=True, check=False)
    finally:
        os.close(writer)


@pytest.fixture(scope="module")
def patients(tmp_path_factory) -> Path:
    """One sound patient and one refused."""
    folder = tmp_path_factory.mktemp("data")
    write_phantoms(folder / "in", 2, shape=(24, 24, 24))
    next((folder / "in").glob("*_002/*_t1.nii.gz")).write_bytes(b"")
    return folder / "in"


@pytest.mark.parametrize("closed", ["stdout", "stderr", "stdout stderr"])
def test_the_work_goes_on_and_the_code_stays_true_where_nobody_reads(patients, tmp_path, closed):
    phantom = run_with(closed, "phantom", "-o", str(tmp_path / "p"), "-n", "3", "--shape", "24", "24", "24")
    assert phantom.returncode == 0
    assert len(list((tmp_path / "p").iterdir())) == 3
    assert run_with(closed, "cases", str(patients)).returncode == 4
    assert run_with(closed, "verify", str(tmp_path / "nowhere")).returncode == 2


def test_scores_are_written_though_nobody_reads_the_table(patients, tmp_path):
    (tmp_path / "masks").mkdir()
    words = [str(tmp_path / "masks"), str(patients), "-o", str(tmp_path / "s")]
    assert run_with("stdout", "evaluate", *words).returncode == 4
    assert (tmp_path / "s" / "metrics_brats2020.json").is_file()


@pytest.mark.parametrize("redirection", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_streams_are_no_bug(patients, redirection):
    command = f'exec "$0" -c "$1" cases "$2" {redirection}'
    run = subprocess.run(["sh", "-c", command, ENTRY[0], ENTRY[2], str(patients)], capture_output=True, text=True)
    assert run.returncode == 4
    assert "bug" not in run.stderr


def test_a_dropped_stream_takes_everything(tmp_path):
    with (tmp_path / "x").open("w") as stream:
        drop(stream)
        write_line("gone", stream)
    assert (tmp_path / "x").read_text() == ""


def test_names_forge_no_line(capsys):
    show(printable("a\nb\x1b[31m"))
    assert capsys.readouterr().out == "a\\nb\\x1b[31m\n"
