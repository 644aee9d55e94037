"""Validation: regions cut as `finish` cuts them, and Dice with empty references counted."""

import json

import pytest
import torch
from ignite.engine import Engine

from brats3d.errors import RequestError
from brats3d.train.handlers import METRIC, dice_of_cases
from brats3d.train.validation import NestedRegionsd, ScoreTable, region_dice
from brats3d.vocabulary import REGIONS


def test_logits_become_nested_regions_at_their_thresholds():
    probabilities = torch.tensor([[0.2, 0.4, 0.6, 0.1], [0.1, 0.45, 0.3, 0.1], [0.1, 0.1, 0.1, 0.9]])
    logits = torch.logit(probabilities).reshape(3, 4, 1, 1)
    cut = NestedRegionsd(thresholds={"WT": 0.5, "TC": 0.4, "ET": 0.8})
    regions = cut({"pred": logits, "id": "x"})
    assert regions["id"] == "x"
    # A voxel of ET belongs to TC and WT, one of TC to WT.
    assert regions["pred"].reshape(3, 4).tolist() == [[0, 1, 1, 1], [0, 1, 0, 1], [0, 0, 0, 1]]
    assert regions["pred"].dtype == torch.float32


def dice(predicted, reference):
    """Return the Dice of WT, TC, ET of one case, each region a list of voxels, as MONAI's evaluator keeps it."""
    evaluator = Engine(lambda _, batch: batch)
    evaluator.state.metric_details = {}
    region_dice().attach(evaluator, METRIC)
    maps = (torch.tensor(each, dtype=torch.float32)[..., None, None] for each in (predicted, reference))
    evaluator.run([[dict(zip(("pred", "label"), maps, strict=True))]])
    return dice_of_cases(evaluator)[0].tolist()


def test_logits_are_divided_by_the_temperature_before_the_threshold():
    logits = torch.full((3, 1, 1, 1), 1.2)  # a probability of .77, tempered of .65
    thresholds = dict.fromkeys(REGIONS, 0.7)
    assert NestedRegionsd(thresholds=thresholds)({"pred": logits})["pred"].all()
    tempered = NestedRegionsd(thresholds=thresholds, temperature=dict.fromkeys(REGIONS, 2.0))
    assert not tempered({"pred": logits})["pred"].any()


def test_empty_regions_count():
    empty, one, two = [0, 0, 0], [1, 0, 0], [1, 1, 0]
    assert dice([empty, empty, empty], [empty, empty, empty]) == [1, 1, 1]
    assert dice([one, two, one], [one, one, empty]) == pytest.approx([1, 2 / 3, 0])
    assert dice([one, one, empty], [one, one, one]) == pytest.approx([1, 1, 0])


def test_the_table_names_every_case_and_the_means(tmp_path):
    batches = [[{"id": "a"}], [{"id": "b"}]]
    evaluator = Engine(lambda *_: None)
    ScoreTable(folder=str(tmp_path / "eval")).attach(evaluator)
    evaluator.state.metric_details = {METRIC: torch.tensor([[1.0, 0.5, 0.25], [0.0, 0.5, 0.75]])}
    for _ in range(2):  # a second evaluation begins anew
        evaluator.run(batches)
    table = json.loads((tmp_path / "eval/dice.json").read_text())
    assert table["cases"] == {"a": {"WT": 1.0, "TC": 0.5, "ET": 0.25}, "b": {"WT": 0.0, "TC": 0.5, "ET": 0.75}}
    assert table["mean"] == {"WT": 0.5, "TC": 0.5, "ET": 0.5}


def test_an_evaluation_of_nobody_is_refused_before_monai_passes_over_it(tmp_path):
    evaluator = Engine(lambda *_: None)
    evaluator.data_loader = []
    with pytest.raises(RequestError, match="no patient to evaluate on"):
        ScoreTable(folder=str(tmp_path)).attach(evaluator)
