"""Tiny trainings: made-up patients of 24 x 24 x 24 voxels, a recipe of seconds, a prepared case without files."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from brats3d.phantom.files import write_phantoms
from brats3d.train.cache import region_seeds
from brats3d.train.patches import CohortCase

RECIPE = """\
name: smallest
network: resunet
network_arguments: {channels: [4, 8], strides: [2], num_res_units: 1}
windows: {size: [16, 16, 16], overlap: 0.25}
patch: [8, 8, 8]
batch: 2
epochs: 4
steps: 3
schedule: {warmup_steps: 2}
average_decay: 0.9
validation_interval: 2
ahead: 0
precision: float32
"""


def write_recipe(folder: Path, **changes: str) -> str:
    """Write the recipe with top-level keys changed (YAML each) and return its path."""
    lines = [line for line in RECIPE.splitlines() if line.partition(":")[0] not in changes]
    path = folder / "smallest.yaml"
    path.write_text("\n".join([*lines, *(f"{key}: {value}" for key, value in changes.items())]) + "\n")
    return str(path)


def write_patients(folder: Path, count: int = 3) -> Path:
    """Write made-up patients and return their folder."""
    write_phantoms(folder, count, shape=(24, 24, 24))
    return folder


def a_case(shape: tuple[int, int, int] = (20, 18, 16), seed: int = 0, **changes: Any) -> CohortCase:
    """Return a prepared case: noise in an ellipsoid, a tumour of three nested boxes in its middle."""
    rng = np.random.default_rng(seed)
    places = np.stack(np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij"))
    inside = (places**2).sum(axis=0) < 1
    data = np.where(inside, rng.normal(size=(4, *shape)), 0).astype(np.float16)
    reach = np.abs(places).max(axis=0)
    levels = inside + sum((reach < edge).astype(np.uint8) for edge in (0.5, 0.35, 0.2))
    case_id = f"case-{seed}"
    seeds = region_seeds(case_id, levels)
    values = {"id": case_id, "data": torch.from_numpy(data), "levels": torch.from_numpy(levels), "seeds": seeds}
    return CohortCase(**{**values, **changes})
