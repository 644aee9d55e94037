"""The networks a bundle may name: MONAI's own classes with plain arguments, so that weights serve anybody."""

from brats3d.networks.build import build_network, divisor_of, outline, outline_for
from brats3d.networks.classes import NETWORKS, check_network_def, divisor
from brats3d.networks.recipes import RECIPES

__all__ = [
    "NETWORKS",
    "RECIPES",
    "build_network",
    "check_network_def",
    "divisor",
    "divisor_of",
    "outline",
    "outline_for",
]
