"""Two processes train as one, by torchrun with gloo: the same weights on both, however few the patients are."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from training_for_tests import write_patients, write_recipe

from brats3d.bundle import open_bundle
from brats3d.cases.find import find_cases
from brats3d.train.recipe import read_recipe
from brats3d.train.splits import Split, every_fifth
from brats3d.train.write_bundle import start_bundle

pytestmark = pytest.mark.slow

DEADLINE_S = 120
WITNESS = """\
imports: [$import torch, $import hashlib, $import pathlib]
held: $[weight.detach().cpu().numpy().tobytes() for weight in @network.module.state_dict().values()]
finalize:
- $(pathlib.Path(@bundle_root) / ('rank' + str(@rank))).write_text(hashlib.sha256(b''.join(@held)).hexdigest())
- $(pathlib.Path(@bundle_root) / ('scores' + str(@rank))).write_text(str(@validate#evaluator.state.metrics))
- $(pathlib.Path(@bundle_root) / ('patch' + str(@rank))).write_bytes(@train#dataset[0]['image'].numpy().tobytes())
- {_target_: brats3d.train.device.leave_ranks}
"""
"""An overlay that writes down what each rank holds in the end."""


JOINT = """\
batch: 4
train#dataset#shares: 2
"""
"""An overlay with which one process does what two with batches of two do."""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_patients(tmp_path_factory.mktemp("ranks") / "data", 4)


def train(data, folder, split, *words, **changes):
    """Train a new bundle on two ranks, or go on with it, and return its folder."""
    if not folder.is_dir():
        folder.mkdir(parents=True)
        recipe = read_recipe(write_recipe(folder.parent, epochs="2", validation_interval="1", **changes))
        start_bundle(folder, recipe, split)
        (folder / "configs/witness.yaml").write_text(WITNESS)
    ranks = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    run_configs(data, folder, ("common", "train", "multi_gpu_train", "witness"), words, ranks)
    return folder


def run_configs(data, folder, names, words=(), before=()):
    """Run configs of a bundle with MONAI."""
    files = [f"configs/{name}.yaml" for name in names]
    command = [sys.executable, *before, "-m", "monai.bundle", "run", "--config_file", str(files)]
    command += ["--dataset_dir", str(data), "--cache_dir", str(data.parent / "cache"), "--quiet", "True", *words]
    answer = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=DEADLINE_S)
    assert answer.returncode == 0, answer.stderr


def check_agreement(folder):
    """Both ranks hold the same weights and have the same scores, each saw patches of its own, the bundle is whole."""
    for name in ("rank", "scores"):
        assert (folder / f"{name}0").read_text() == (folder / f"{name}1").read_text()
    assert (folder / "patch0").read_bytes() != (folder / "patch1").read_bytes()
    assert open_bundle(folder).missing_files == ()


@pytest.mark.parametrize("validating", [1, 3], ids=["fewer-cases-than-ranks", "an-odd-case"])
def test_both_ranks_end_with_the_same_weights_and_scores(data, tmp_path, validating):
    ids = [case.id for case in find_cases(data)]
    split = Split(tuple(ids[validating:]), tuple(ids[:validating]))
    folder = train(data, tmp_path / "bundle", split)
    check_agreement(folder)
    assert len((folder / "metrics.csv").read_text().splitlines()) == 3


def test_both_ranks_stop_at_the_same_epoch_and_go_on_together(data, tmp_path):
    split = every_fifth([case.id for case in find_cases(data)])
    folder = train(data, tmp_path / "bundle", replace(split, source="ranks"), "--max_minutes", "1e-6")
    assert len((folder / "metrics.csv").read_text().splitlines()) == 2
    check_agreement(folder)
    train(data, folder, split, "--resume", "True")
    check_agreement(folder)
    assert json.loads((folder / "configs/metadata.json").read_text())["brats3d"]["training"]["epochs"] == 2


def test_two_ranks_learn_what_one_rank_with_twice_the_batch_learns(data, tmp_path):
    split = every_fifth([case.id for case in find_cases(data)])
    # AdamW would blow rounding up where a gradient is 0 but for it, as that of a bias before a norm is.
    plain = {"optimizer": "{name: sgd, rate: 0.05, momentum: 0.9}"}
    two = train(data, tmp_path / "two", split, **plain)
    one = shutil.copytree(two, tmp_path / "one", ignore=shutil.ignore_patterns("*.pt"))
    (one / "configs/joint.yaml").write_text(JOINT)
    run_configs(data, one, ("common", "train", "joint"))
    ours, theirs = (torch.load(each / "models/model.pt", weights_only=True) for each in (two, one))
    fresh = torch.load(
        train(data, tmp_path / "other" / "seed", split, seed="1", **plain) / "models/model.pt", weights_only=True
    )
    apart = max(float((ours[key] - theirs[key]).abs().max()) for key in theirs)
    assert apart < 1e-5
    assert not all(torch.allclose(ours[key], fresh[key], atol=1e-2) for key in theirs)
