"""Start values of the networks that training knows by name; a config may change any argument."""

from typing import Any

from brats3d.vocabulary import MODALITIES, REGIONS

IN_OUT = {"in_channels": len(MODALITIES), "out_channels": len(REGIONS)}
LEAKY = {"act": "LEAKYRELU", "norm": "INSTANCE"}

RECIPES: dict[str, dict[str, Any]] = {
    "unet": {
        "_target_": "UNet",
        "spatial_dims": 3,
        **IN_OUT,
        "channels": [32, 64, 128, 256, 256],
        "strides": [2, 2, 2, 2],
        "num_res_units": 0,
        **LEAKY,
    },
    "resunet": {
        "_target_": "UNet",
        "spatial_dims": 3,
        **IN_OUT,
        "channels": [16, 32, 64, 128, 256],
        "strides": [2, 2, 2, 2],
        "num_res_units": 2,
        **LEAKY,
    },
    "unet2d": {
        "_target_": "UNet",
        "spatial_dims": 2,
        **IN_OUT,
        "channels": [32, 64, 128, 256, 256],
        "strides": [2, 2, 2, 2],
        "num_res_units": 0,
        **LEAKY,
    },
    "segresnet": {
        "_target_": "SegResNet",
        "spatial_dims": 3,
        **IN_OUT,
        "init_filters": 16,
        "blocks_down": [1, 2, 2, 4],
        "blocks_up": [1, 1, 1],
    },
    "dynunet": {
        "_target_": "DynUNet",
        "spatial_dims": 3,
        **IN_OUT,
        "kernel_size": [[3, 3, 3]] * 6,
        "strides": [[1, 1, 1]] + [[2, 2, 2]] * 5,
        "upsample_kernel_size": [[2, 2, 2]] * 5,
        "filters": [32, 64, 128, 256, 320, 320],
        "deep_supervision": False,
    },
    "swinunetr": {
        "_target_": "SwinUNETR",
        "spatial_dims": 3,
        **IN_OUT,
        "feature_size": 24,
    },
}
"""A definition by the recipe's name: four modalities in, three regions out. Shared: copy before changing."""
