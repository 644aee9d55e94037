"""Trainings killed and interrupted by the real command line: resumed, they end in the weights of an undisturbed run."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from training_for_tests import write_patients, write_recipe

from brats3d.bundle import open_bundle
from brats3d.train.checkpoint import LAST

pytestmark = pytest.mark.slow

KILLS = 3
DEADLINE_S = 300
STARTED: list[subprocess.Popen[bytes]] = []


@pytest.fixture(autouse=True)
def nobody_stays_behind():
    """End what a failed test left running."""
    yield
    while STARTED:
        process = STARTED.pop()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """Patients, a recipe whose batches are made ahead, and the bundle of an undisturbed run."""
    folder = tmp_path_factory.mktemp("kill-training")
    write_patients(folder / "data")
    write_recipe(folder, epochs="8", steps="8", ahead="2")
    assert start(folder, folder / "whole").wait(DEADLINE_S) == 0
    return folder


def start(work, out, *options):
    """Start the command as the leader of a process group of its own, its stderr in a file beside OUT."""
    words = ["train", str(work / "smallest.yaml"), "--data", str(work / "data"), "-o", str(out), *options]
    command = [sys.executable, "-c", "from brats3d.cli.main import entry; entry()", *words]
    with Path(f"{out}.err").open("a") as err:
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        STARTED.append(subprocess.Popen(command, stderr=err, env=environment, start_new_session=True))
    return STARTED[-1]


def group_of(process):
    """Return the processes of its group that are there and no zombies."""
    alive = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # ended meanwhile
        if int(fields[2]) == process.pid and fields[0] != "Z":
            alive.append(int(status.parent.name))
    return alive


def check_nobody_is_left(process):
    """Wait until no process of the group is there; a worker of a killed run looks for its parent every five seconds."""
    end = time.monotonic() + 30
    while group_of(process) and time.monotonic() < end:
        time.sleep(0.1)
    assert not group_of(process)


def wait_for_epochs(process, out, count):
    """Return once the table holds so many epochs, or the run has ended."""
    table = out / "metrics.csv"
    end = time.monotonic() + DEADLINE_S
    while process.poll() is None and time.monotonic() < end:
        if table.is_file() and len(table.read_text().splitlines()) > count:
            return
        time.sleep(0.01)


def check_same(work, out):
    """The bundle is whole, and its weights are those of the undisturbed run."""
    assert open_bundle(out).missing_files == ()
    assert (out / "models/model.pt").read_bytes() == (work / "whole/models/model.pt").read_bytes()
    epochs = [line.split(",")[0] for line in (out / "metrics.csv").read_text().splitlines()[1:]]
    assert epochs == [str(epoch) for epoch in range(1, 9)]


def test_a_training_killed_at_any_moment_goes_on_to_the_same_weights(work):
    rng, out = np.random.default_rng(0), work / "killed"
    for kill in range(KILLS):
        process = start(work, out, *(["--resume"] if kill else []))
        wait_for_epochs(process, out, 2 * kill + 1)
        time.sleep(rng.uniform(0, 0.5))
        process.kill()
        process.wait()
        check_nobody_is_left(process)
    assert start(work, out, "--resume").wait(DEADLINE_S) == 0
    check_same(work, out)
    assert not list(out.rglob("*.part"))


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"])
@pytest.mark.parametrize("to_all", [True, False], ids=["all", "leader"])
def test_an_interrupted_training_says_how_to_go_on_and_does(work, sent, code, to_all):
    out = work / f"interrupted-{code}-{to_all}"
    process = start(work, out)
    wait_for_epochs(process, out, 3)
    if to_all:
        os.killpg(process.pid, sent)  # as a terminal does with Ctrl-C
    else:
        process.send_signal(sent)
    assert process.wait(DEADLINE_S) == code
    check_nobody_is_left(process)
    said = Path(f"{out}.err").read_text()
    assert said.splitlines()[-1] == (
        "brats3d: interrupted; the last checkpoint is kept: go on with the same command and --resume"
    )
    assert "Traceback" not in said
    assert (out / "models" / LAST).is_file()
    assert not list(out.rglob("*.part"))
    assert start(work, out, "--resume").wait(DEADLINE_S) == 0
    check_same(work, out)
