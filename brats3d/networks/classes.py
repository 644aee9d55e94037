"""The table of networks: MONAI's class, the arguments a bundle may give it, and what its input must divide by."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from brats3d.errors import RequestError, nearest_name
from brats3d.networks.arguments import Argument, number, truth, whole, whole_or_row, wholes, word
from brats3d.vocabulary import MODALITIES, REGIONS

ACT = word(("relu", "leakyrelu", "prelu", "elu", "gelu", "swish", "mish"))
NORM = word(("instance", "instance_nvfuser", "batch", "group", "syncbatch"))
WIDTH = 1024
"""The most filters of one stage."""

IN_OUT = {"in_channels": whole(1, len(MODALITIES)), "out_channels": whole(len(REGIONS), len(REGIONS))}


@dataclass(frozen=True, slots=True)
class NetworkClass:
    """One row of the table."""

    arguments: Mapping[str, Argument]
    """What a bundle may say, by MONAI's argument name; arguments that only matter to research on MONAI are left out."""
    required: frozenset[str]
    """What it must say."""
    divisor: Callable[[Mapping[str, Any]], tuple[int, ...]]
    """From arguments (or the attributes of an instance, which bear the same names) to what each axis must divide by."""
    needs: tuple[str, ...] = ()
    """Packages that MONAI imports only when the network computes."""


def product_of_strides(arguments: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the product of the strides of all stages, one an axis."""
    axes = int(arguments.get("spatial_dims", arguments.get("dimensions", 3)))
    rows = [row if isinstance(row, list | tuple) else [row] * axes for row in arguments["strides"]]
    return tuple(math.prod(row[axis] for row in rows) for axis in range(axes))


def halvings(arguments: Mapping[str, Any]) -> tuple[int, ...]:
    """Return 2 to the number of SegResNet's halvings, one an axis."""
    return (2 ** (len(arguments.get("blocks_down", (1, 2, 2, 4))) - 1),) * int(arguments.get("spatial_dims", 3))


def patch_to_the_fifth(arguments: Mapping[str, Any]) -> tuple[int, ...]:
    """Return what SwinUNETR checks its own input against: patch size 2, five times halved."""
    return (32,) * int(arguments.get("spatial_dims", 3))


NETWORKS: dict[str, NetworkClass] = {
    "UNet": NetworkClass(
        {
            **IN_OUT,
            "spatial_dims": whole(2, 3),
            "channels": wholes(1, WIDTH),
            "strides": wholes(1, 4),
            "kernel_size": whole_or_row(1, 7),
            "up_kernel_size": whole_or_row(1, 7),
            "num_res_units": whole(0, 8),
            "act": ACT,
            "norm": NORM,
            "dropout": number(0, 0.9),
            "bias": truth(),
        },
        frozenset({"spatial_dims", "in_channels", "out_channels", "channels", "strides"}),
        product_of_strides,
    ),
    "DynUNet": NetworkClass(
        {
            **IN_OUT,
            "spatial_dims": whole(2, 3),
            "kernel_size": wholes(1, 7),
            "strides": wholes(1, 4),
            "upsample_kernel_size": wholes(1, 4),
            "filters": wholes(1, WIDTH),
            "norm_name": NORM,
            "act_name": ACT,
            "dropout": number(0, 0.9),
            "deep_supervision": truth(),
            "deep_supr_num": whole(1, 4),
            "res_block": truth(),
            "trans_bias": truth(),
        },
        frozenset({"spatial_dims", "in_channels", "out_channels", "kernel_size", "strides", "upsample_kernel_size"}),
        product_of_strides,
    ),
    "SegResNet": NetworkClass(
        {
            **IN_OUT,
            "spatial_dims": whole(2, 3),
            "init_filters": whole(1, 128),
            "dropout_prob": number(0, 0.9),
            "act": ACT,
            "norm": NORM,
            "blocks_down": wholes(1, 8),
            "blocks_up": wholes(1, 8),
            "upsample_mode": word(("deconv", "nontrainable", "pixelshuffle")),
        },
        frozenset({"spatial_dims", "in_channels", "out_channels"}),
        halvings,
    ),
    "SwinUNETR": NetworkClass(
        {
            **IN_OUT,
            "spatial_dims": whole(3, 3),  # MONAI's class does not keep it, so that of a network of slices is unknown
            "feature_size": whole(12, 96),
            "depths": wholes(1, 24),
            "num_heads": wholes(1, 48),
            "window_size": whole_or_row(2, 8),
            "drop_rate": number(0, 0.9),
            "attn_drop_rate": number(0, 0.9),
            "dropout_path_rate": number(0, 0.9),
            "use_v2": truth(),
            "use_checkpoint": truth(),
        },
        frozenset({"spatial_dims", "in_channels", "out_channels"}),
        patch_to_the_fifth,
        needs=("einops",),
    ),
}
"""Every network by the `_target_` that names it, which is the name of MONAI's class."""


def check_network_def(network_def: Mapping[str, Any]) -> None:
    """Check a network's definition against the table; nothing is imported or allocated.

    Args:
        network_def: `_target_` and plain arguments.

    Raises:
        RequestError: a `_target_` outside the table, an unknown argument (with its nearest name), one that is
            missing, or a value out of range.
    """
    target = network_def.get("_target_")
    if not isinstance(target, str) or target not in NETWORKS:
        raise RequestError(f"unknown network {target!r}{nearest_name(str(target), NETWORKS)}")
    row = NETWORKS[target]
    for key, value in network_def.items():
        if key == "_target_":
            continue
        if key not in row.arguments:
            raise RequestError(f"unknown key 'network_def.{key}' of {target}{nearest_name(str(key), row.arguments)}")
        if not row.arguments[key].holds(value):
            raise RequestError(f"'network_def.{key}' of {target} is {value!r}, not {row.arguments[key].wants}")
    for key in sorted(row.required - network_def.keys()):
        raise RequestError(f"'network_def.{key}' of {target} is missing: {row.arguments[key].wants}")
    axes = network_def.get("spatial_dims", 3)
    if any(isinstance(each, list) and len(each) != axes for each in network_def.get("strides", ())):
        raise RequestError(f"'network_def.strides' of {target}: a list among them needs {axes} numbers, one an axis")


def divisor(network_def: Mapping[str, Any]) -> tuple[int, ...]:
    """Return what the size of a network's input must divide by, one number an axis the network sees (2 or 3).

    >>> divisor({"_target_": "UNet", "spatial_dims": 2, "strides": [2, 2, 2]})
    (8, 8)
    """
    return NETWORKS[network_def["_target_"]].divisor(network_def)
