"""Temperature, against numbers worked out by hand."""

import pytest
import torch

from brats3d.predict.calibrate import calibrated
from brats3d.vocabulary import REGIONS, Region


def test_each_region_is_divided_by_its_own_temperature():
    logits = torch.full((2, 3, 2, 2, 2), 6.0)
    divided = calibrated(logits, {Region.WT: 1.0, Region.TC: 2.0, Region.ET: 0.5})
    assert [divided[1, region].unique().item() for region in range(3)] == [6.0, 3.0, 12.0]
    assert logits.unique().item() == 6.0


def test_slices_are_divided_likewise():
    divided = calibrated(torch.ones(1, 3, 2, 2), dict(zip(REGIONS, (1.0, 4.0, 1.0), strict=True)))
    assert divided[0, :, 0, 0].tolist() == [1.0, 0.25, 1.0]


def test_a_temperature_of_1_leaves_the_very_tensor():
    logits = torch.randn(1, 3, 2, 2, 2)
    assert calibrated(logits, dict.fromkeys(REGIONS, 1.0)) is logits


def test_a_high_temperature_takes_back_what_was_too_sure_and_changes_no_order():
    logits = torch.randn(1, 3, 4, 4, 4) * 5
    cool, warm = (torch.sigmoid(calibrated(logits, dict.fromkeys(REGIONS, each))) for each in (1.0, 3.0))
    assert ((warm - 0.5).abs() <= (cool - 0.5).abs()).all()
    assert torch.equal(warm.flatten().argsort(), logits.flatten().argsort())
    assert torch.sigmoid(torch.tensor(6.0) / 3).item() == pytest.approx(0.8808, abs=1e-4)
