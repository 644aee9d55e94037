"""The learning rate: up, down, and 0 at the end."""

import pytest
import torch

from brats3d.train.schedule import Schedule


def rates(steps, **settings):
    """Return the rate of each step, and the one after the last."""
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=2.0)
    rate = Schedule(optimizer=optimizer, steps=steps, **settings)
    seen = []
    for _ in range(steps):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        rate.step()
    return [*seen, optimizer.param_groups[0]["lr"]]


def test_the_rate_is_as_computed_by_hand():
    seen = rates(10, warmup_steps=3, power=2.0)
    expected = [2 * min(1, (step + 1) / 4) * (1 - step / 10) ** 2 for step in range(11)]
    assert seen == pytest.approx(expected)


def test_it_ends_at_0_and_never_rises_after_the_warm_up():
    seen = rates(50, warmup_steps=5)
    assert seen[-1] == 0
    assert seen[:6] == sorted(seen[:6])
    assert seen[6:] == sorted(seen[6:], reverse=True)


def test_a_cosine_is_half_a_wave():
    assert rates(4, shape="cosine") == pytest.approx([2, 2 * (0.5 + 0.5**1.5), 1, 2 * (0.5 - 0.5**1.5), 0])


def test_without_warm_up_it_begins_at_the_top():
    assert rates(4)[0] == 2.0


def test_beyond_the_end_it_stays_0():
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    rate = Schedule(optimizer=optimizer, steps=2)
    for _ in range(5):
        optimizer.step()
        rate.step()
    assert optimizer.param_groups[0]["lr"] == 0
