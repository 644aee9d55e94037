"""Checkpoints: what cannot be read is said, and the best weights survive a resumed run."""

import gc
import json
import shutil
from dataclasses import replace

import pytest
import torch
from training_for_tests import write_recipe

from brats3d.bundle import METADATA_FILE
from brats3d.errors import MachineError, OutputError, RequestError
from brats3d.train import run
from brats3d.train.checkpoint import BEST, LAST, write_state
from brats3d.train.patches import CohortCase
from brats3d.train.request import TrainingRequest
from brats3d.train.run import train_bundle


@pytest.fixture
def resumed(room, trained, tmp_path):
    """Return a copy of the trained bundle and the request that resumes it."""
    folder = shutil.copytree(trained, tmp_path / "bundle")
    config = write_recipe(tmp_path)
    return TrainingRequest(config, room / "data", folder, cache=room / "cache", resume=True, quiet=True)


@pytest.mark.parametrize("damage", ["cut", "empty", "junk", "other"])
def test_a_damaged_checkpoint_is_refused_in_words(resumed, damage):
    path = resumed.out / "models" / LAST
    whole = path.read_bytes()
    path.write_bytes({"cut": whole[:-500], "empty": b"", "junk": b"junk" * 99}.get(damage, b""))
    if damage == "other":
        torch.save({"network": {}}, path)
    with pytest.raises(MachineError, match=f"{LAST} cannot be read as a checkpoint"):
        train_bundle(resumed)


def test_a_checkpoint_holds_plain_tensors_and_the_best_score(trained):
    state = torch.load(trained / "models" / LAST, weights_only=True)
    assert (state["epoch"], state["iteration"]) == (4, 12)
    scores = [row["dice_mean"] for row in state["history"]["rows"] if "dice_mean" in row]
    assert state["best_dice"] == max(scores)
    assert set(torch.load(trained / "models" / BEST, weights_only=True)) == set(state["average"])


def test_a_finished_run_that_is_resumed_trains_no_further(resumed):
    model = (resumed.out / "models/model.pt").read_bytes()
    train_bundle(resumed)
    assert (resumed.out / "models/model.pt").read_bytes() == model
    assert len((resumed.out / "metrics.csv").read_text().splitlines()) == 5


def test_a_finished_run_that_is_resumed_is_described_as_it_was(resumed):
    before = (resumed.out / METADATA_FILE).read_bytes()
    assert json.loads(before)["brats3d"]["training"]["peak_memory_bytes"] > 10**8
    train_bundle(resumed)
    assert (resumed.out / METADATA_FILE).read_bytes() == before
    (resumed.out / METADATA_FILE).write_bytes(before.replace(b'"steps": 12', b'"steps": 9'))
    train_bundle(resumed)
    training = json.loads((resumed.out / METADATA_FILE).read_bytes())["brats3d"]["training"]
    assert (training["steps"], training["peak_memory_bytes"]) == (12, None)


def test_a_resumed_run_that_ends_before_a_step_is_described_as_it_was(request_of):
    ended = request_of(changes=("patience=1", "validation_interval=1", "optimizer.rate=0.000001"))
    train_bundle(ended)
    before = json.loads((ended.out / METADATA_FILE).read_bytes())["brats3d"]["training"]
    assert before["steps"] < 12
    train_bundle(replace(ended, resume=True))
    assert json.loads((ended.out / METADATA_FILE).read_bytes())["brats3d"]["training"] == before


def test_rules_are_taken_back_only_when_training_begins(resumed, monkeypatch):
    metadata = json.loads((resumed.out / METADATA_FILE).read_bytes())
    metadata["brats3d"]["tuning"] = {}
    metadata["brats3d"]["training"]["steps"] = 9
    (resumed.out / METADATA_FILE).write_text(json.dumps(metadata))

    def refused(*_):
        raise RequestError("cannot train on 1 of 3 listed patients")

    monkeypatch.setattr(run, "prepare_all", refused)
    with pytest.raises(RequestError):
        train_bundle(resumed)
    assert json.loads((resumed.out / METADATA_FILE).read_bytes()) == metadata


def test_a_cohort_does_not_outlive_its_training(request_of):
    def cohort():
        return {id(each): each for each in gc.get_objects() if type(each) is CohortCase}

    others = cohort()  # what fixtures of other tests hold
    train_bundle(request_of())
    assert not cohort().keys() - others.keys()


def test_a_disk_that_fills_up_is_said_and_leaves_the_old_checkpoint(tmp_path):
    resource = pytest.importorskip("resource")
    path = tmp_path / LAST
    write_state(path, {"weights": torch.zeros(10)})
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**16, old[1]))
    try:
        with pytest.raises(OutputError, match=f"{LAST}.*largest file size allowed"):
            write_state(path, {"weights": torch.zeros(10**6)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
    assert torch.load(path, weights_only=True)["weights"].shape == (10,)
    assert [each.name for each in tmp_path.iterdir()] == [LAST]
