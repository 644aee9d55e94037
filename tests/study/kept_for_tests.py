"""Held-out cases made by hand: logits and levels on disk, no network."""

from pathlib import Path

import numpy as np

from brats3d.study.kept import KeptCase


def kept_case(folder: Path, name: str, logits: np.ndarray, regions: np.ndarray, **changes: object) -> KeptCase:
    """Keep a case: logits (3, x, y, z), regions (3, x, y, z) of the reference; all of it is brain."""
    np.save(folder / f"{name}.logits.npy", logits.astype(np.float16))
    np.save(folder / f"{name}.levels.npy", (1 + regions.sum(axis=0)).astype(np.uint8))
    values = {"fold": 0, "voxel_ml": 0.001, "outside": (0, 0, 0), "input_measures": {}, **changes}
    return KeptCase(id=name, folder=folder, **values)


def ball(shape: tuple[int, int, int], centre: tuple[int, int, int], radius: float) -> np.ndarray:
    """Return a ball."""
    places = np.stack(np.indices(shape)) - np.reshape(centre, (3, 1, 1, 1))
    return np.linalg.norm(places, axis=0) <= radius
