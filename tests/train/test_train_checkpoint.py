"""Checkpoints: what cannot be read is said, and the best weights survive a resumed run."""

import shutil

import pytest
import torch
from training_for_tests import write_recipe

from brats3d.errors import MachineError
from brats3d.train.checkpoint import BEST, LAST
from brats3d.train.run import TrainingRequest, train_bundle


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
