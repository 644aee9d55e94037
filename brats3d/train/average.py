"""The moving average of the weights: what is validated, and what ships."""

import copy

import torch


class WeightAverage:
    """An exponential moving average of a network's weights and buffers, with a warm-up.

    The decay of step n is the smaller of `decay` and (1 + n) / (10 + n), as in TensorFlow's
    `ExponentialMovingAverage`, so that the first steps are forgotten quickly. It depends on nothing but the step, so a
    resumed run goes on exactly.

    Args:
        network: the network that is trained; a DistributedDataParallel wrapper is looked through.
        decay: 0 to below 1; 0 keeps no average.
    """

    def __init__(self, *, network: torch.nn.Module, decay: float = 0.999) -> None:
        self.source = unwrapped(network)
        self.network = copy.deepcopy(self.source).eval().requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Move the average towards the network's present weights.

        Args:
            step: how many steps were made, from 1.
        """
        weight = 1.0 - min(self.decay, (1 + step) / (10 + step))
        ours, theirs = tensors_of(self.network), tensors_of(self.source)
        floating = [key for key, value in ours.items() if value.is_floating_point()]
        torch._foreach_lerp_([ours[key] for key in floating], [theirs[key] for key in floating], weight)
        for key in ours.keys() - set(floating):
            ours[key].copy_(theirs[key])


def tensors_of(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Return a network's weights and buffers, each once.

    `state_dict` lists those of DynUNet under two names; they would be moved twice a step.
    """
    return {**dict(network.named_parameters()), **dict(network.named_buffers())}


def unwrapped(network: torch.nn.Module) -> torch.nn.Module:
    """Return the network inside a DistributedDataParallel wrapper, or the network itself."""
    inner = getattr(network, "module", None)
    return inner if isinstance(inner, torch.nn.Module) else network
