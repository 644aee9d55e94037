"""MONAI's own command line on a trained bundle: it trains, scores, and segments as the predictor does, to the byte."""

import json
import subprocess
import sys

import pytest
from training_for_tests import write_patients, write_recipe

from brats3d.cases.find import find_cases
from brats3d.predict.predictor import Predictor
from brats3d.scoring.folder import evaluate
from brats3d.train.request import TrainingRequest
from brats3d.train.run import train_bundle

pytestmark = pytest.mark.slow

DEADLINE_S = 120


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """Patients, and a bundle trained on them until it finds tumour."""
    folder = tmp_path_factory.mktemp("runner")
    write_patients(folder / "data")
    recipe = write_recipe(folder, epochs="10", steps="20", patch="[24, 24, 24]")
    train_bundle(TrainingRequest(recipe, folder / "data", folder / "bundle", device="cpu", quiet=True))
    return folder


def run(work, *names):
    """Run configs of the bundle, in its folder."""
    files = [f"configs/{name}.yaml" for name in ("common", *names)]
    command = [sys.executable, "-m", "monai.bundle", "run", "--config_file", str(files)]
    command += ["--dataset_dir", str(work / "data"), "--precision", "float32", "--device", "$torch.device('cpu')"]
    answer = subprocess.run(command, cwd=work / "bundle", capture_output=True, text=True, timeout=DEADLINE_S)
    assert answer.returncode == 0, answer.stderr


def test_inference_gives_the_predictors_masks_byte_for_byte(work):
    run(work, "inference")
    predictor = Predictor.from_bundle(work / "bundle", device="cpu", precision="float32")
    for case in find_cases(work / "data"):
        result = predictor.segment(case)
        assert result.label_map.any()
        ours = result.save(work / "ours")
        assert (work / "bundle/masks" / ours.name).read_bytes() == ours.read_bytes()


def test_evaluate_gives_the_dice_that_the_masks_score(work):
    run(work, "train", "evaluate")
    table = json.loads((work / "bundle/eval/dice.json").read_text())
    (validating,) = table["cases"]
    predictor = Predictor.from_bundle(work / "bundle", device="cpu", precision="float32")
    for case in find_cases(work / "data"):
        predictor.segment(case).save(work / "scored")
    scores = {score.id: score for score in evaluate(work / "scored", work / "data")}
    for region, dice in table["cases"][validating].items():
        assert scores[validating].regions[region].dice == pytest.approx(dice, abs=1e-6)


def test_training_by_monais_command_line_gives_the_same_weights(work):
    model = work / "bundle/models/model.pt"
    before = model.read_bytes()
    model.unlink()
    run(work, "train")
    assert model.read_bytes() == before
