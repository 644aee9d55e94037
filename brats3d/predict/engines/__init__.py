"""What computes a network, and which engine and device are taken."""

import warnings
from typing import TYPE_CHECKING, Protocol

from brats3d.errors import DeviceError, RequestError, nearest_name
from brats3d.predict.engines.precision import AUTO, Precision

if TYPE_CHECKING:
    import torch

ENGINES = ("torch",)
"""The engines built so far."""


class Engine(Protocol):
    """What computes a network on one device in one precision."""

    name: str
    """The word of the command line."""
    device: str
    """`cpu` or `cuda:N`."""
    precision: Precision
    divisor: tuple[int, ...]
    """What the size of a window must divide by, one number an axis the network sees."""

    def __call__(self, windows: "torch.Tensor") -> "torch.Tensor":
        """Map windows (N, M, X, Y, Z), or (N, M, X, Y) for a network of slices, to logits (N, 3, ...).

        Both are float32 on `device`; the logits are a tensor of their own, which the caller may change in place.
        """


def choose_engine(asked: str) -> str:
    """Return the engine to use.

    Raises:
        RequestError: the word is unknown.
    """
    if asked not in (AUTO, *ENGINES):
        raise RequestError(f"unknown engine {asked!r}{nearest_name(asked, (AUTO, *ENGINES))}")
    return ENGINES[0] if asked == AUTO else asked


def choose_device(asked: str) -> str:
    """Return the device to use: `cpu` or `cuda:N`.

    Args:
        asked: `auto` (a CUDA card where there is one), `cpu`, `cuda` (the first) or `cuda:N`.

    Raises:
        RequestError: the word is unknown.
        DeviceError: the card is not on this machine.
    """
    kind, _, number = asked.partition(":")
    if asked not in (AUTO, "cpu", "cuda") and not (kind == "cuda" and number.isdecimal()):
        raise RequestError(f"unknown device {asked!r}; known are auto, cpu, cuda, cuda:N")
    if asked == "cpu":
        return "cpu"
    cards = cuda_cards()
    if asked == AUTO:
        return "cuda:0" if cards else "cpu"
    index = int(number or 0)
    if index >= cards:
        raise DeviceError(f"device {asked!r} is not here: torch sees {cards} CUDA cards; use --device cpu")
    return f"cuda:{index}"


def cuda_cards() -> int:
    """Return how many CUDA cards torch can use."""
    import torch

    with warnings.catch_warnings():
        # A driver too old for this torch warns and counts as no card.
        warnings.simplefilter("ignore")
        return torch.cuda.device_count() if torch.cuda.is_available() else 0
