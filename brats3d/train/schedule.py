"""The learning rate over a run: a short linear warm-up, then a decay to zero."""

import math

import torch


class Schedule(torch.optim.lr_scheduler.LambdaLR):
    """Warm up linearly, then fall to 0.

    Args:
        optimizer: its rate is the highest of the run.
        steps: steps of the whole run, at which the rate is 0.
        warmup_steps: steps of the linear rise.
        shape: `polynomial` falls as (1 - progress) ** power (nnU-Net's has power 0.9), `cosine` as half a wave
            (Loshchilov 2017, arXiv 1608.03983).
        power: of the polynomial.
    """

    def __init__(
        self,
        *,
        optimizer: torch.optim.Optimizer,
        steps: int,
        warmup_steps: int = 0,
        shape: str = "polynomial",
        power: float = 0.9,
    ) -> None:
        def share(step: int) -> float:
            rise, progress = min(1.0, (step + 1) / (warmup_steps + 1)), min(1.0, step / steps)
            fall = (1.0 + math.cos(math.pi * progress)) / 2 if shape == "cosine" else (1.0 - progress) ** power
            return float(rise * fall)

        super().__init__(optimizer, share)
