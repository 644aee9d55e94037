"""Tiny bundles with random weights, made in milliseconds: whole in every check, and of no use to anybody."""

import json
from pathlib import Path
from typing import Any

import torch
import yaml

from brats3d.bundle import COMMON_FILE, METADATA_FILE, WEIGHTS_FILE, weights_entry, write_weights
from brats3d.networks import build_network

TINY_NETWORK: dict[str, Any] = {
    "_target_": "UNet",
    "spatial_dims": 3,
    "in_channels": 4,
    "out_channels": 3,
    "channels": [4, 8],
    "strides": [2],
    "num_res_units": 1,
    "act": "LEAKYRELU",
    "norm": "INSTANCE",
}


def tiny_common(**changes: Any) -> dict[str, Any]:
    """Return the plain data of a tiny `common.yaml`, with top-level keys changed."""
    return {
        "brats3d_format": 1,
        "name": "tiny",
        "modalities": ["t1", "t1ce", "t2", "flair"],
        "preparation": {"version": 1, "spacing_mm": 1.0},
        "network_def": dict(TINY_NETWORK),
        "windows": {"size": [16, 16, 16], "overlap": 0.25},
        "thresholds": {"WT": 0.5, "TC": 0.5, "ET": 0.5},
        "smallest_enhancing_ml": 0.0,
        **changes,
    }


def write_tiny_bundle(folder: Path, *, seed: int = 0, dtype: torch.dtype | None = None, **changes: Any) -> Path:
    """Write a whole bundle with random weights and return its folder.

    Args:
        folder: made where it is not there.
        seed: draws the weights.
        dtype: how they are stored.
        changes: top-level keys of `common.yaml`.
    """
    for name in ("configs", "models", "docs"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    common = tiny_common(**changes)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = build_network(common["network_def"])
    write_weights(folder / WEIGHTS_FILE, network.state_dict(), dtype)
    (folder / COMMON_FILE).write_text(yaml.safe_dump(common, sort_keys=False))
    for name in ("train", "evaluate", "inference", "multi_gpu_train"):
        (folder / f"configs/{name}.yaml").write_text("{}\n")
    (folder / "docs/README.md").write_text("tiny\n")
    (folder / "LICENSE").write_text("none\n")
    write_metadata(folder)
    return folder


def write_metadata(folder: Path, **changes: Any) -> None:
    """Write `metadata.json` for the weights that lie there, with keys of `brats3d.weights` changed."""
    entry = {**weights_entry(folder / WEIGHTS_FILE), **changes}
    metadata = {
        "version": "0.1.0",
        "description": "a test",
        "monai_version": "1.6.1",
        "pytorch_version": "2.13.0",
        "numpy_version": "2.4.6",
        "brats3d": {"weights": entry, "figures": {"mean_dice": 0.1}},
    }
    (folder / METADATA_FILE).write_text(json.dumps(metadata))
