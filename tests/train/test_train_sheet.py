"""The sheet: every patch before and after, of patients that would be trained on, and nothing trained."""

import numpy as np
from matplotlib.image import imread
from training_for_tests import a_case, write_recipe

from brats3d.cli.main import main
from brats3d.train.augmentation import Augmentation
from brats3d.train.dataset import PatchDataset
from brats3d.train.sheet import fullest, slices_of


def dataset(**augmentation):
    """Return a data set of one case."""
    return PatchDataset(
        cohort=[a_case()], patch=[12, 12, 8], batch=1, count=8, augmentation=Augmentation(**augmentation), seed=1
    )


def test_a_row_shows_the_same_place_before_and_after():
    still = {"flip": 0, "rotation": 0, "scale": 0, "noise": 0, "blur": 0, "low_resolution": 0, "shading": 0}
    still |= {"added_brightness": 0, "brightness": 0, "contrast": 0, "gamma": 0, "gamma_inverted": 0}
    case_id, before, after = slices_of(dataset(**still), 0)
    assert case_id == "case-0"
    assert all(np.array_equal(one, other) for one, other in zip(before, after, strict=True))
    _, before, after = slices_of(dataset(**{**still, "noise": 1.0}), 0)
    assert np.array_equal(before[1], after[1])
    assert not np.array_equal(before[0], after[0])


def test_the_slice_with_most_tumour_is_shown():
    batch = dataset()[0]
    levels = batch["label"].clone()
    levels[...] = 1
    levels[0, 4:8, 4:8, 6] = 3
    assert (fullest(batch["image"], levels)[1] == 3).sum() == 16


def test_the_command_draws_a_picture_and_trains_nothing(room, tmp_path, capsys):
    sheet = tmp_path / "sheet.png"
    arguments = ["train", write_recipe(tmp_path), "--data", str(room / "data"), "--cache", str(room / "cache")]
    assert main([*arguments, "--sheet", str(sheet)]) == 0
    assert "nothing was trained" in capsys.readouterr().err
    assert imread(sheet).shape[0] > 500
    assert sorted(each.name for each in tmp_path.iterdir()) == ["sheet.png", "smallest.yaml"]
    assert main(arguments) == 2
    assert "-o BUNDLE" in capsys.readouterr().err
    assert main([*arguments[:-1], str(room / "data/cache"), "--sheet", str(sheet)]) == 2
    assert "lies inside DATA" in capsys.readouterr().err
    assert not (room / "data/cache").exists()
