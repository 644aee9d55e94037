"""Experiments: rows are trained within their budget, scored on the others, kept, and put into one table."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from training_for_tests import write_patients, write_recipe

from brats3d.errors import Interrupted, MachineError, RequestError
from brats3d.study import budget, experiments
from brats3d.study.budget import seconds_a_step, steps_within
from brats3d.study.comparison import HEADER, as_markdown, difference, row_of
from brats3d.study.experiments import (
    EPOCHS,
    Experiment,
    Laboratory,
    attempt,
    pace,
    planned,
    read_table,
    run_experiment,
)
from brats3d.train import memory
from brats3d.train.recipe import read_recipe

RESULT = {
    "name": "unet",
    "parameters": 5_262_723,
    "steps": 2000,
    "steps_a_second": 2.0,
    "device": "2 threads",
    "precision": "bfloat16",
    "peak_memory_bytes": 3 * 2**29,
    "dice": {f"case{number}": 0.7 + 0.01 * number for number in range(8)},
    "mean": {name: {"dice": dice, "hd95": 10.0} for name, dice in (("WT", 0.8), ("TC", 0.7), ("ET", 0.6))},
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Return three made-up patients and a budget of a second."""
    folder = tmp_path_factory.mktemp("lab")
    data = write_patients(folder / "data")
    ids = sorted(each.name for each in data.iterdir())
    (folder / "splits.json").write_text(json.dumps({"train": ids[:2], "validation": ids[2:]}))
    return Laboratory(data, folder / "splits.json", folder / "out", minutes=0.02, device="cpu")


def test_a_row_is_trained_scored_and_not_done_again(lab, monkeypatch):
    recipe = write_recipe(lab.data.parent)
    experiment = Experiment("Half the Rate!", recipe, ("optimizer.rate=0.0005",))
    said = []
    result = run_experiment(experiment, lab, said.append)
    assert "steps in 0.02 minutes" in said[0]
    trained = (lab.out / "half-the-rate/configs/train.yaml").read_text()
    assert "rate: 0.0005" in trained
    assert len(result["dice"]) == 1
    assert 0 < result["steps"] <= 20 * steps_within(1.2, 1e-4)
    assert result["peak_memory_bytes"] > 10**8
    assert len(row_of(result, result)) == len(HEADER)
    monkeypatch.setattr(experiments, "train", pytest.fail)
    assert run_experiment(experiment, lab, said.append) == result
    assert said[-1] == "Half the Rate!: done already"
    with pytest.raises(RequestError, match="made for another budget"):
        run_experiment(experiment, replace(lab, minutes=0.03), said.append)
    with pytest.raises(RequestError, match="made for another recipe"):
        run_experiment(replace(experiment, changes=("optimizer.rate=0.0006",)), lab, said.append)


def test_a_resumed_row_keeps_the_plan_it_was_begun_with(lab, monkeypatch):
    experiment = Experiment("planned", write_recipe(lab.data.parent))
    first = planned(experiment, lab, lab.out / "planned", lambda line: None)
    monkeypatch.setattr(experiments, "seconds_a_step", pytest.fail)
    assert planned(experiment, lab, lab.out / "planned", lambda line: None) == first
    (lab.out / "planned.plan.json").write_text(json.dumps({"changes": first}))
    with pytest.raises(RequestError, match="was made for another budget"):
        planned(experiment, lab, lab.out / "planned", lambda line: None)


@pytest.mark.parametrize(
    ("code", "error"), [(1, MachineError), (2, RequestError), (3, MachineError), (143, Interrupted)]
)
def test_how_a_training_ended_decides_whether_the_others_go_on(lab, monkeypatch, code, error):
    monkeypatch.setattr(experiments, "RUN_TRAIN", f"import sys; sys.exit({code})")
    with pytest.raises(error, match=r"run again to go on|run the same command again"):
        experiments.train(Experiment("broken", "unet"), [], lab, lab.out / "broken")


def test_a_step_that_finds_no_room_after_all_is_no_crash(lab, monkeypatch):
    def no_room(recipe, device):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(experiments, "seconds_a_step", no_room)
    failed = attempt(Experiment("no room", write_recipe(lab.data.parent)), lab, lambda line: None)
    assert failed["failed"] == "not enough memory on cpu for a step"


def test_a_row_that_does_not_fit_says_so_and_the_others_stand(lab, monkeypatch):
    monkeypatch.setattr(memory, "free_memory", lambda: 2**20)
    failed = attempt(Experiment("too large", "dynunet"), lab, lambda line: None)
    assert failed["failed"].startswith("not enough memory on cpu")
    better = {**RESULT, "dice": {name: value + 0.02 for name, value in RESULT["dice"].items()}}
    rows = as_markdown("Networks", [failed, RESULT, better], 20).splitlines()[-3:]
    assert [row.split(" | ")[0] for row in rows] == ["| too large", "| unet", "| unet"]
    assert "not enough memory" in rows[0]
    assert "+0.020" in rows[2]  # than the first that was trained
    assert len({row.count("|") for row in rows}) == 1
    assert "not enough memory" in as_markdown("Networks", [failed], 20)


def test_a_budget_is_filled_but_for_a_few_steps(lab, monkeypatch):
    monkeypatch.setattr(experiments, "seconds_a_step", lambda recipe, device: 1.0)
    for steps in (1, 9, 10, 39, 59, 119, 1999):
        minutes = replace(lab, minutes=(steps + 0.5) * 1.1 / 60)
        experiment = Experiment(f"fills {steps}", write_recipe(lab.data.parent))
        changes = dict(each.split("=") for each in planned(experiment, minutes, lab.out / f"p{steps}", str))
        epochs, each = int(changes["epochs"]), int(changes["steps"])
        assert 0.9 * steps <= epochs * each <= steps
        assert epochs == steps or epochs in EPOCHS


def test_steps_a_second_leave_the_first_epoch_out_where_there_is_another(tmp_path):
    metrics = tmp_path / "metrics.csv"
    metrics.write_text("epoch,step,seconds\n1,10,70.0\n2,20,75.0\n3,30,80.0\n")
    assert pace(metrics) == 2.0
    metrics.write_text("epoch,step,seconds\n1,10,5.0\n")
    assert pace(metrics) == 2.0


def test_compiling_does_not_count(monkeypatch):
    times = iter([70.0, 5.0, *[0.05] * 10])
    clock = [0.0]

    def step(engine, batch):
        clock[0] += next(times)

    monkeypatch.setattr(
        budget, "bare_step", lambda recipe, device: (step, SimpleNamespace(state=SimpleNamespace(iteration=1)), {})
    )
    monkeypatch.setattr(budget.time, "perf_counter", lambda: clock[0])
    assert seconds_a_step({}, torch.device("cpu")) == pytest.approx(0.05)


def test_too_few_steps_are_told_in_the_row():
    assert row_of(RESULT, RESULT)[2:5] == ["2000", "2.00", "1.5 GiB"]
    few = {**RESULT, "steps": 99, "peak_memory_bytes": None}
    assert row_of(few, RESULT)[2] == "99 (under 100: too few to judge)"
    assert row_of(few, RESULT)[4] == "-"


def test_rows_are_compared_patient_by_patient():
    better = {**RESULT, "dice": {name: value + 0.02 for name, value in RESULT["dice"].items()}}
    assert row_of(better, RESULT)[9] == "+0.020 ± 0.000"
    assert row_of(RESULT, RESULT)[9] == ""
    assert difference({"a": 0.5, "b": 0.9}, {"a": 0.5, "b": 0.5}) == "+0.200 ± 0.200"
    assert difference({"a": 0.5}, {"a": 0.75}) == "-0.250"
    # Two visits of one patient are one patient.
    visits = {"BraTS-GLI-00001-100": 0.5, "BraTS-GLI-00001-101": 0.9}
    assert difference(visits, dict.fromkeys(visits, 0.5)) == "+0.200"


def test_a_table_says_under_what_it_was_made(lab):
    text = as_markdown("Networks", [RESULT, RESULT], 0.02)
    assert "0.02 minutes of training each (2 threads, bfloat16); Dice and HD95 of 8 patients" in text
    row = "| unet | 5.3 M | 2000 | 2.00 | 1.5 GiB | 0.800 | 0.700 | 0.600 | 0.700 |  | 10.0 / 10.0 / 10.0 |"
    assert text.count(row) == 2


@pytest.mark.parametrize("name", ["networks", "hyperparameters", "supervision"])
def test_every_row_that_ships_is_a_recipe(name):
    title, rows = read_table(name)
    assert title
    assert len({row.folder for row in rows}) == len(rows) > 1
    for row in rows:
        read_recipe(row.config, row.changes)


def test_a_step_takes_time_and_a_budget_holds_so_many(tmp_path):
    recipe = read_recipe(write_recipe(tmp_path))
    seconds = seconds_a_step(recipe, torch.device("cpu"))
    assert 0 < seconds < 10
    assert steps_within(11.05, 0.1) == 100
    assert steps_within(0.0, 1.0) == 1
