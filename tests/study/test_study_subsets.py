"""Subsets of modalities: all fifteen, the full one scored as `segment` and `evaluate` do."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest
from training_for_tests import write_patients, write_recipe

import brats3d
from brats3d.cases.find import find_cases
from brats3d.predict.predictor import Predictor
from brats3d.study.subsets import dice_without, main, rows_of, subsets_of
from brats3d.train.request import TrainingRequest
from brats3d.train.run import train_bundle
from brats3d.vocabulary import MODALITIES, REGIONS, Modality


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """Return a folder with patients under `data` and a bundle."""
    folder = tmp_path_factory.mktemp("subsets")
    write_patients(folder / "data")
    config = write_recipe(folder, epochs="1")
    train_bundle(TrainingRequest(config, folder / "data", folder / "bundle", cache=folder / "cache", quiet=True))
    return folder


def test_there_are_fifteen_and_the_full_one_comes_first():
    found = subsets_of(MODALITIES)
    assert len(set(found)) == 15
    assert found[0] == MODALITIES
    assert found[-1] == (Modality.FLAIR,)


def test_the_full_set_is_scored_as_segment_and_evaluate_do(room, tmp_path):
    cases, predictor = find_cases(room / "data"), Predictor.from_bundle(room / "bundle")
    brats3d.segment_folder(cases, tmp_path / "masks", room / "bundle")
    for case, scores in zip(cases, brats3d.evaluate(tmp_path / "masks", room / "data"), strict=True):
        assert dice_without(predictor, case, MODALITIES) == pytest.approx([scores.regions[r].dice for r in REGIONS])


def test_a_modality_that_is_left_out_is_not_read(room):
    case, predictor = find_cases(room / "data")[0], Predictor.from_bundle(room / "bundle")
    without = {m: path if m is Modality.T2 else path / "nowhere" for m, path in case.modalities.items()}
    alone = dice_without(predictor, replace(case, modalities=without), (Modality.T2,))
    assert np.array_equal(alone, dice_without(predictor, case, (Modality.T2,)))


def test_the_table_has_a_row_a_subset(room, tmp_path, capsys, monkeypatch):
    cases = find_cases(room / "data")[:1]
    rows = list(rows_of([room / "bundle"] * 2, cases))
    assert [len(row) for row in rows] == [9] * 15
    assert rows[0][0] == "T1 + T1ce + T2 + FLAIR"
    assert rows[0][1:5] == rows[0][5:]
    splits = tmp_path / "splits.json"
    splits.write_text(json.dumps({"train": ["x"], "validation": [cases[0].id]}))
    words = ["subsets", str(room / "bundle"), "--data", str(room / "data"), "--splits", str(splits)]
    monkeypatch.setattr(sys, "argv", words)
    main()
    assert len(capsys.readouterr().out.splitlines()) == 17
