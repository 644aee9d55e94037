"""The learning rate over a run: a short linear warm-up, then polynomial decay to zero."""

import torch


class PolynomialRate(torch.optim.lr_scheduler.LambdaLR):
    """Warm up linearly, then fall to 0 as (1 - progress) ** power (nnU-Net's schedule has power 0.9).

    Args:
        optimizer: its rate is the highest of the run.
        steps: steps of the whole run, at which the rate is 0.
        warmup_steps: steps of the linear rise.
        power: of the decay.
    """

    def __init__(
        self, *, optimizer: torch.optim.Optimizer, steps: int, warmup_steps: int = 0, power: float = 0.9
    ) -> None:
        def share(step: int) -> float:
            rise = min(1.0, (step + 1) / (warmup_steps + 1))
            return float(rise * max(0.0, 1.0 - step / steps) ** power)

        super().__init__(optimizer, share)
