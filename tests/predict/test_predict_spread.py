"""The spread of the members' probabilities."""

import pytest
import torch

from brats3d.predict.spread import spread


def of(*members):
    answers = torch.tensor(members)
    return spread(answers.mean(dim=0, keepdim=True), (answers**2).mean(dim=0, keepdim=True)).item()


def test_members_that_agree_have_no_spread():
    assert of(0.3, 0.3, 0.3) == pytest.approx(0, abs=1e-3)
    assert of(0.0, 0.0) == of(1.0, 1.0) == 0


def test_half_of_them_0_and_half_1_is_the_largest_spread():
    assert of(0.0, 1.0, 1.0, 0.0) == 1


def test_it_is_the_standard_deviation_over_a_half():
    assert of(0.2, 0.4, 0.9) == pytest.approx(torch.tensor([0.2, 0.4, 0.9]).std(correction=0).item() / 0.5, abs=1e-5)


def test_rounding_never_makes_it_no_number():
    first = torch.rand(1000)
    found = spread(first, first**2 - 1e-8)
    assert torch.isfinite(found).all()
    assert found.max() < 0.002
