"""The cache of prepared cases: each is made once, kept on disk under the hashes of its inputs, and proven when read."""

import hashlib
import json
import logging
import os
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import asdict
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from brats3d.cases.case import Case
from brats3d.cases.file_bytes import read_bytes
from brats3d.cases.read import hash_inputs, read_reference, read_volumes
from brats3d.errors import RequestError
from brats3d.output.whole import cannot_write, write_whole
from brats3d.prepare import Preparation, prepare, prepare_reference
from brats3d.train.patches import REGIONS_FROM, CohortCase
from brats3d.vocabulary import Modality

LOG = logging.getLogger(__name__)
SEEDS_A_REGION = 20_000
"""Tumour voxels remembered to centre patches on; more would not be drawn in any run."""

ARRAYS = ("data", "levels")
UNREADABLE_ENTRY = (OSError, EOFError, KeyError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error)
"""What reading a zip raises that is not one, or not whole; NotImplementedError is a RuntimeError."""

COHORT_VERSION = 2
"""Goes up whenever the same inputs would be kept as other arrays."""

Arrays = tuple[NDArray[np.float16], NDArray[np.uint8]]
"""Data (M, x, y, z) and levels (x, y, z) of a cohort case."""


def make_cache(cache: Path) -> None:
    """Make the folder of prepared cases, readable by its owner alone, where it is not there yet.

    Raises:
        RequestError: it is a file.
        OutputError: it cannot be made.
    """
    try:
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise RequestError(f"cache {cache} is a file, or lies in one: name a folder with --cache") from error
    except OSError as error:
        raise cannot_write(cache, error) from error


class CachedCase:
    """A case and its entry in the cache, which is read when it is asked for.

    Args:
        case: with a reference.
        modalities: the network's channels, in order.
        preparation: the bundle's settings.
        cache: folder of prepared cases.
    """

    def __init__(self, case: Case, modalities: Sequence[Modality], preparation: Preparation, cache: Path) -> None:
        self.case = case
        self.modalities = modalities
        self.preparation = preparation
        hashes = [each.sha256 for each in hash_inputs(case, modalities).values()]
        self.images = hashlib.sha256(" ".join(hashes).encode()).hexdigest()
        self.entry = cache / f"{entry_key(case, hashes, modalities, preparation)}.npz"
        self.seeds: tuple[NDArray[np.int16], ...] | None = None

    def load(self) -> CohortCase:
        """Return the prepared case: from the cache, or made anew where the entry is absent or damaged.

        Raises:
            BadInput: a file is refused.
            OutputError: the cache cannot be written.
        """
        data, levels = self.arrays()
        if self.seeds is None:
            self.seeds = region_seeds(self.case.id, levels)
        return CohortCase(self.case.id, torch.from_numpy(data), torch.from_numpy(levels), self.seeds)

    def arrays(self) -> Arrays:
        """Return the arrays of the entry, which is there afterwards."""
        arrays = read_entry(self.entry)
        if arrays is None:
            if self.entry.exists():
                LOG.warning("%s: its prepared copy %s is damaged and is made again", self.case.id, self.entry)
            arrays = prepare_case(self.case, self.modalities, self.preparation)
            buffer = BytesIO()
            np.savez(buffer, data=arrays[0], levels=arrays[1])
            write_whole(self.entry, buffer.getvalue())
        return arrays

    def size(self) -> int:
        """Return how many bytes the prepared case takes; an entry that is absent is made."""
        if not self.entry.is_file():
            self.arrays()
        return self.entry.stat().st_size


def entry_key(case: Case, hashes: Sequence[str], modalities: Sequence[Modality], preparation: Preparation) -> str:
    """Return the name of a case's cache entry: everything its arrays depend on, hashed.

    Args:
        case: with a reference.
        hashes: of the file of each modality.
        modalities: the network's channels, in order.
        preparation: the bundle's settings.
    """
    reference = None
    if case.reference is not None:
        reference = hashlib.sha256(read_bytes(case.reference, case.relative(case.reference))).hexdigest()
    ingredients = {
        "version": COHORT_VERSION,
        "inputs": list(hashes),
        "channels": [case.channels[modality] for modality in modalities] if case.channels else None,
        "reference": reference,
        "label_scheme": case.label_scheme,
        "preparation": asdict(preparation),
    }
    return hashlib.sha256(json.dumps(ingredients, sort_keys=True).encode()).hexdigest()[:40]


def read_entry(entry: Path) -> Arrays | None:
    """Return the arrays of a cache entry; None where it is absent or not whole."""
    try:
        with zipfile.ZipFile(entry) as archive:
            # Read to the end first, which checks the CRC: numpy's own reader parses a header that may be damaged.
            data, levels = (np.load(BytesIO(archive.read(f"{name}.npy")), allow_pickle=False) for name in ARRAYS)
            return data, levels
    except UNREADABLE_ENTRY:
        return None


def prepare_case(case: Case, modalities: Sequence[Modality], preparation: Preparation) -> Arrays:
    """Read and prepare a case and its reference.

    Returns:
        float16 (M, x, y, z) and uint8 levels (x, y, z).
    """
    volumes = read_volumes(case, modalities)
    prepared = prepare(volumes, preparation)
    reference = read_reference(case, volumes.grid)
    regions = prepare_reference(reference.label_map, prepared, reference.scheme)
    brain = (prepared.data != 0).any(axis=0) | (regions[0] != 0)
    return prepared.data.astype(np.float16), (brain + regions.sum(axis=0)).astype(np.uint8)


def region_seeds(case_id: str, levels: NDArray[np.uint8]) -> tuple[NDArray[np.int16], ...]:
    """Return up to 20,000 voxels (N, 3) of each region that is not empty, drawn by the case's id alone."""
    rng = np.random.default_rng(list(os.fsencode(case_id)))
    seeds = []
    for index in range(3):
        flat = np.flatnonzero(levels >= REGIONS_FROM + index)
        if flat.size:
            drawn = rng.choice(flat, min(flat.size, SEEDS_A_REGION), replace=False)
            seeds.append(np.stack(np.unravel_index(drawn, levels.shape), axis=1).astype(np.int16))
    return tuple(seeds)
