"""Runs killed, interrupted and doubled, by the real command line: nothing half-written, and the same masks in the end.

The network is tiny, so that most of a patient's time is reading and writing.
"""

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from bundles_for_tests import write_tiny_bundle

from brats3d.output.verify import verify
from brats3d.phantom.files import write_phantoms

pytestmark = pytest.mark.slow

PATIENTS = 30
KILLS = 20
INTERRUPTS = 6
WITH_MAPS = ("--probabilities", "--uncertainty")


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """Patients, a bundle, and the masks of an undisturbed run."""
    folder = tmp_path_factory.mktemp("kill")
    write_phantoms(folder / "data", PATIENTS, shape=(24, 24, 24))
    write_tiny_bundle(folder / "bundle")
    process = start(folder, folder / "whole")
    assert process.wait() == 0
    return folder


# A shell that starts the tests in the background has them ignore Ctrl-C, and what they start would do so too.
RUN = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
RUN += "from brats3d.cli.main import entry; entry()"


def start(work, out, *options):
    """Start the command in a process of its own, its stderr in a file beside OUT."""
    words = ["segment", str(work / "data"), "-o", str(out), "-b", str(work / "bundle"), "--json", *options]
    command = [sys.executable, "-c", RUN, *words]
    with Path(f"{out}.err").open("w") as err, Path(f"{out}.json").open("w") as answer:
        return subprocess.Popen(command, stdout=answer, stderr=err, env={**os.environ, "OMP_NUM_THREADS": "1"})


def masks(out):
    """Return every mask by its name."""
    return {path.name: path.read_bytes() for path in out.glob("*.nii.gz")}


def hidden(out):
    """Return what starts with a dot."""
    return [name for name in os.listdir(out) if name.startswith(".")] if out.exists() else []


def wait_for_a_moment(process, out, seed):
    """Return somewhere between the first patient and the last few, wherever in a patient that is."""
    rng = np.random.default_rng(seed)
    count = rng.integers(1, PATIENTS - 5)
    while process.poll() is None and not (out.is_dir() and len(masks(out)) >= count):
        time.sleep(0.002)
    time.sleep(rng.uniform(0, 0.1))


def check_final_names(work, out):
    """Whatever bears a final name is whole, and a mask is that of the undisturbed run."""
    whole = masks(work / "whole")
    for name, content in masks(out).items():
        assert gzip.decompress(content)
        assert content == whole[name]
    for path in out.glob("*.json"):
        assert json.loads(path.read_text())


def check_finished(work, out):
    """Everything is there as after the undisturbed run, and nothing more."""
    assert masks(out) == masks(work / "whole")
    assert sorted(os.listdir(out)) == sorted(os.listdir(work / "whole"))
    assert verify(out).as_json() == {"masks": PATIENTS, "whole": PATIENTS, "bad": []}


@pytest.mark.parametrize("number", range(KILLS))
def test_a_run_killed_at_any_moment_goes_on_to_the_same_masks(work, number):
    out = work / f"killed-{number}"
    process = start(work, out)
    wait_for_a_moment(process, out, number)
    process.kill()
    process.wait()
    done = len(masks(out))
    check_final_names(work, out)
    assert start(work, out).wait() == 0
    check_finished(work, out)
    answer = json.loads(Path(f"{out}.json").read_text())
    assert answer["skipped"] in (done, done - 1)
    shutil.rmtree(out)


def every_file(out):
    """Return the names of all files under a folder."""
    return sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())


@pytest.mark.parametrize("number", range(INTERRUPTS))
def test_a_run_killed_among_its_maps_goes_on_to_the_same_files(work, number):
    out = work / f"mapped-{number}"
    process = start(work, out, *WITH_MAPS)
    wait_for_a_moment(process, out, number)
    process.kill()
    process.wait()
    check_final_names(work, out)
    assert start(work, out, *WITH_MAPS).wait() == 0
    assert masks(out) == masks(work / "whole")
    ids = [name.removesuffix(".nii.gz") for name in masks(out)]
    maps = [f"{folder}/{each}.nii.gz" for folder in ("probabilities", "uncertainty") for each in ids]
    assert every_file(out) == sorted([*os.listdir(work / "whole"), *maps])
    assert verify(out).as_json() == {"masks": PATIENTS, "whole": PATIENTS, "bad": []}
    shutil.rmtree(out)


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"])
@pytest.mark.parametrize("number", range(INTERRUPTS))
def test_an_interrupted_run_leaves_nothing_half_written_and_goes_on(work, number, sent, code):
    out = work / f"interrupted-{code}-{number}"
    process = start(work, out)
    if number % 3:
        wait_for_a_moment(process, out, number)
    else:
        time.sleep(np.random.default_rng(number).uniform(0.5, 4))  # while torch is imported, as a rule
    process.send_signal(sent)
    assert process.wait() == code, Path(f"{out}.err").read_text()
    said = Path(f"{out}.err").read_text()
    assert "Traceback" not in said
    if out.exists():
        check_final_names(work, out)
        assert not hidden(out)
        assert len(list(out.glob("BraTS*.json"))) == len(masks(out))
        assert not masks(out) or "run again to go on" in said
    assert start(work, out).wait() == 0
    check_finished(work, out)
    shutil.rmtree(out)


def test_two_runs_at_once_share_the_patients(work):
    out = work / "shared"
    processes = [start(work, out, "-v"), None]
    shutil.move(f"{out}.json", f"{out}.one.json")  # the first run goes on writing to it
    processes[1] = start(work, out)
    assert [process.wait() for process in processes] == [0, 0]
    answers = [json.loads(Path(f"{out}{name}").read_text()) for name in (".one.json", ".json")]
    assert sum(answer["done"] for answer in answers) == PATIENTS
    assert all(answer["done"] + answer["skipped"] == PATIENTS for answer in answers)
    check_finished(work, out)


def test_one_run_killed_beside_another_costs_the_other_nothing(work):
    out = work / "beside"
    killed = start(work, out)
    wait_for_a_moment(killed, out, 0)
    survivor = start(work, out)
    time.sleep(0.5)
    killed.kill()
    killed.wait()
    assert survivor.wait() == 0
    check_final_names(work, out)
    assert start(work, out).wait() == 0
    check_finished(work, out)
