"""The cohort: prepared cases kept in memory, and on disk for the next run."""

import hashlib
import json
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from brats3d.bundle.plain import PROGRAM_SIGNS
from brats3d.cases.case import Case
from brats3d.cases.file_bytes import read_bytes
from brats3d.cases.find import find_cases
from brats3d.cases.read import hash_inputs, read_reference, read_volumes
from brats3d.errors import RequestError
from brats3d.output.whole import cannot_write, write_whole
from brats3d.prepare import Preparation, prepare, prepare_reference
from brats3d.train.patches import CohortCase
from brats3d.vocabulary import Modality, Severity

SEEDS_A_REGION = 20_000
"""Tumour voxels remembered to centre patches on; more would not be drawn in any run."""

ARRAYS = ("data", "levels")
UNREADABLE_ENTRY = (OSError, EOFError, KeyError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error)
"""What reading a zip raises that is not one, or not whole; NotImplementedError is a RuntimeError."""

COHORT_VERSION = 1
"""Goes up whenever the same inputs would be kept as other arrays."""


class Cohort(Sequence[CohortCase]):
    """Prepared cases with their references, in memory as float16.

    Each case is prepared once and kept in `cache`, under a name made of the hashes of its files and the preparation;
    an entry that cannot be read whole is made again.

    Args:
        cases: the cases, each with a reference.
        modalities: the network's channels, in order.
        preparation: the bundle's settings.
        cache: folder of prepared cases, made where absent (readable by its owner alone).
    """

    def __init__(
        self,
        cases: Sequence[Case],
        modalities: Sequence[Modality],
        preparation: Preparation,
        cache: Path,
    ) -> None:
        make_cache(cache)
        self.entries = [load_case(case, modalities, preparation, cache) for case in cases]

    def __len__(self) -> int:
        """Return the number of cases."""
        return len(self.entries)

    @overload
    def __getitem__(self, index: int) -> CohortCase: ...
    @overload
    def __getitem__(self, index: slice) -> list[CohortCase]: ...
    def __getitem__(self, index: int | slice) -> CohortCase | list[CohortCase]:
        """Return one case."""
        return self.entries[index]

    def __iter__(self) -> Iterator[CohortCase]:
        """Iterate over the cases."""
        return iter(self.entries)


def cohort_of(
    *, dataset_dir: str, ids: Sequence[str], modalities: Sequence[str], preparation: Mapping[str, Any], cache_dir: str
) -> Cohort:
    """Return the cohort of the named cases of a folder; MONAI's configs call this.

    Args:
        dataset_dir: folder of patients.
        ids: which of them.
        modalities: the network's channels, in order.
        preparation: the bundle's settings, plain data.
        cache_dir: folder of prepared cases.

    Raises:
        RequestError: a case is absent, refused or has no reference.
        BadInput: a file is refused on reading.
    """
    chosen = Preparation.from_settings(dict(preparation))
    cases = cases_named(find_cases(dataset_dir), ids) if ids else []
    return Cohort(cases, [Modality(name) for name in modalities], chosen, Path(cache_dir))


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


def cases_named(cases: Sequence[Case], ids: Sequence[str]) -> list[Case]:
    """Return the cases of these ids, in their order.

    Raises:
        RequestError: some are absent, refused or without a reference; all of them are named.
    """
    by_id = {case.id: case for case in cases}
    refuse(len(ids), [f"{each} ({fault})" for each in ids if (fault := fault_to_train_on(each, by_id.get(each)))])
    return [by_id[each] for each in ids]


def refuse(listed: int, faults: Sequence[str]) -> None:
    """Raise RequestError if any listed patient cannot be trained on; all of them are named."""
    if faults:
        raise RequestError(
            f"cannot train on {len(faults)} of {listed} listed patients: {'; '.join(faults)}; "
            "mend them, or leave them out with --splits FILE"
        )


def fault_to_train_on(case_id: str, case: Case | None) -> str | None:
    """Return why a case cannot be trained on; None where nothing that `find_cases` saw speaks against it."""
    if case is None:
        return "absent"
    # The id goes into a MONAI config, where such a string would be evaluated, looked up or changed.
    if case_id.startswith(PROGRAM_SIGNS) or "#" in case_id or "::" in case_id:
        return "an id that begins with $, @ or %, or holds # or ::, is a program to MONAI: rename the patient"
    errors = [f.message for f in (*case.findings, *case.reference_findings) if f.severity is Severity.ERROR]
    if errors:
        return f"refused: {errors[0]}"
    return None if case.reference is not None else "no reference"


def load_case(case: Case, modalities: Sequence[Modality], preparation: Preparation, cache: Path) -> CohortCase:
    """Return a prepared case from the cache, or prepare it and put it there."""
    entry = cache / f"{entry_key(case, modalities, preparation)}.npz"
    arrays = read_entry(entry)
    if arrays is None:
        arrays = prepare_case(case, modalities, preparation)
        buffer = BytesIO()
        np.savez(buffer, data=arrays[0], levels=arrays[1])
        write_whole(entry, buffer.getvalue())
    data, levels = arrays
    return CohortCase(case.id, data, levels, region_seeds(case.id, levels))


def entry_key(case: Case, modalities: Sequence[Modality], preparation: Preparation) -> str:
    """Return the name of a case's cache entry: everything its arrays depend on, hashed."""
    inputs = hash_inputs(case, modalities)
    reference = None
    if case.reference is not None:
        reference = hashlib.sha256(read_bytes(case.reference, case.relative(case.reference))).hexdigest()
    ingredients = {
        "version": COHORT_VERSION,
        "inputs": [inputs[modality].sha256 for modality in modalities],
        "channels": [case.channels[modality] for modality in modalities] if case.channels else None,
        "reference": reference,
        "label_scheme": case.label_scheme,
        "preparation": asdict(preparation),
    }
    return hashlib.sha256(json.dumps(ingredients, sort_keys=True).encode()).hexdigest()[:40]


def read_entry(entry: Path) -> tuple[NDArray[np.float16], NDArray[np.uint8]] | None:
    """Return the arrays of a cache entry; None where it is absent or not whole."""
    try:
        with zipfile.ZipFile(entry) as archive:
            # Read to the end first, which checks the CRC: numpy's own reader parses a header that may be damaged.
            data, levels = (np.load(BytesIO(archive.read(f"{name}.npy")), allow_pickle=False) for name in ARRAYS)
            return data, levels
    except UNREADABLE_ENTRY:
        return None


def prepare_case(
    case: Case, modalities: Sequence[Modality], preparation: Preparation
) -> tuple[NDArray[np.float16], NDArray[np.uint8]]:
    """Read and prepare a case and its reference.

    Returns:
        float16 (M, x, y, z) and uint8 levels (x, y, z).
    """
    volumes = read_volumes(case, modalities)
    prepared = prepare(volumes, preparation)
    reference = read_reference(case, volumes.grid)
    regions = prepare_reference(reference.label_map, prepared, reference.scheme)
    return prepared.data.astype(np.float16), regions.sum(axis=0).astype(np.uint8)


def region_seeds(case_id: str, levels: NDArray[np.uint8]) -> tuple[NDArray[np.int16], ...]:
    """Return up to 20,000 voxels (N, 3) of each region that is not empty, drawn by the case's id alone."""
    rng = np.random.default_rng(list(os.fsencode(case_id)))
    seeds = []
    for index in range(3):
        flat = np.flatnonzero(levels > index)
        if flat.size:
            drawn = rng.choice(flat, min(flat.size, SEEDS_A_REGION), replace=False)
            seeds.append(np.stack(np.unravel_index(drawn, levels.shape), axis=1).astype(np.int16))
    return tuple(seeds)
