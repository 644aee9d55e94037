"""The cohort: prepared cases where they are quickest to cut from, and which of a folder's patients they are."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, overload

import torch
from tqdm import tqdm

from brats3d.bundle import COMMON_FILE, read_plain_yaml
from brats3d.bundle.plain import PROGRAM_SIGNS
from brats3d.cases.case import Case
from brats3d.cases.find import find_cases
from brats3d.errors import RequestError
from brats3d.labels import LAYOUT, scheme_asked
from brats3d.prepare import Preparation
from brats3d.train.cache import CachedCase, make_cache
from brats3d.train.dataset import members_of
from brats3d.train.memory import Forecast, forecast
from brats3d.train.model_card import trained_with
from brats3d.train.patches import CohortCase
from brats3d.train.residence import Residence
from brats3d.vocabulary import Modality, Severity


class Cohort(Sequence[CohortCase]):
    """Prepared cases, kept on a device or in memory, or read from the cache each time.

    Args:
        entries: the cases in the cache.
        residence: where they lie.
        device: the one that trains.
        own: which of them are kept; the others are read when they are asked for. None: all.
    """

    def __init__(
        self,
        entries: Sequence[CachedCase],
        residence: Residence,
        device: torch.device,
        own: Sequence[int] | None = None,
    ) -> None:
        self.entries = entries
        self.residence = residence
        place = device if residence is Residence.DEVICE else torch.device("cpu")
        wanted = [] if residence is Residence.DISK else range(len(entries)) if own is None else own
        self.kept = {each: entries[each].load().on(place) for each in wanted}

    def __len__(self) -> int:
        """Return the number of cases."""
        return len(self.entries)

    @property
    def on_disk(self) -> bool:
        """Whether a case is read each time."""
        return self.residence is Residence.DISK

    @overload
    def __getitem__(self, index: int) -> CohortCase: ...
    @overload
    def __getitem__(self, index: slice) -> list[CohortCase]: ...
    def __getitem__(self, index: int | slice) -> CohortCase | list[CohortCase]:
        """Return one case, or several."""
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        kept = self.kept.get(range(len(self))[index])
        return self.entries[index].load() if kept is None else kept

    def __iter__(self) -> Iterator[CohortCase]:
        """Iterate over the cases."""
        return (self[index] for index in range(len(self)))


class Cohorts(NamedTuple):
    """What a rank trains and validates on."""

    train: Cohort
    """All training cases, or this rank's share of them."""
    validation: Cohort
    """All validation cases; those that this rank looks at are kept."""
    shares: int
    """Into how many parts the training cases were divided."""


def cohorts_of(
    *,
    dataset_dir: str,
    train_ids: Sequence[str],
    validation_ids: Sequence[str],
    modalities: Sequence[str],
    preparation: Mapping[str, Any],
    cache_dir: str,
    bundle_root: str,
    patch: Sequence[int],
    batch: int,
    device: torch.device,
    label_scheme: str = LAYOUT,
    residence: str = "auto",
    rank: int = 0,
    ranks: int = 1,
    quiet: bool = False,
) -> Cohorts:
    """Return the cohorts of the named cases of a folder, where memory allows; MONAI's configs call this.

    Args:
        dataset_dir: folder of patients.
        train_ids, validation_ids: those to train and to validate on.
        modalities: the network's channels, in order.
        preparation: the bundle's settings, plain data.
        cache_dir: folder of prepared cases.
        bundle_root: the bundle, whose `common.yaml` says what network is trained.
        patch, batch: voxels along X, Y, Z, and patches a step of a rank.
        device: the one that trains.
        label_scheme: what the references' labels mean, or `layout`.
        residence: `auto`, `device`, `memory` or `disk`.
        rank, ranks: of this process, among how many; it keeps every `ranks`-th training case, all if they are fewer.
        quiet: do not print the forecast to stderr.

    Raises:
        RequestError: a case is absent, refused or has no reference.
        BadInput: a file is refused on reading.
        MachineError: there is not enough memory.
    """
    own = [train_ids[each] for each in members_of(len(train_ids), rank, ranks)]
    how = ([Modality(name) for name in modalities], Preparation.from_settings(dict(preparation)), Path(cache_dir))
    train, validation = cached_cases(dataset_dir, label_scheme, (own, validation_ids), how)
    looked_at = members_of(len(validation), rank, ranks)
    chosen = Residence.MEMORY
    if train:
        parts = train, [validation[each] for each in looked_at]
        chosen = chosen_and_told(forecast_of(bundle_root, parts, patch, batch, device), residence, quiet)
    beside = Residence.DISK if chosen is Residence.DISK else Residence.MEMORY
    shares = ranks if len(train_ids) >= ranks else 1
    return Cohorts(Cohort(train, chosen, device), Cohort(validation, beside, device, looked_at), shares)


def cached_cases(
    dataset_dir: str,
    label_scheme: str,
    lists: Sequence[Sequence[str]],
    how: tuple[Sequence[Modality], Preparation, Path],
) -> list[list[CachedCase]]:
    """Return the cases of each list of ids with their entries in the cache, whose folder is made.

    Raises:
        RequestError: a case is absent, refused or has no reference.
    """
    make_cache(how[2])
    cases = find_cases(dataset_dir, label_scheme=scheme_asked(label_scheme)) if any(lists) else []
    return [[CachedCase(case, *how) for case in cases_named(cases, ids)] for ids in lists]


def forecast_of(
    bundle_root: str,
    entries: tuple[Sequence[CachedCase], Sequence[CachedCase]],
    patch: Sequence[int],
    batch: int,
    device: torch.device,
) -> Forecast:
    """Return the forecast of a bundle's training on some cases, validated on others; absent entries are made."""
    network_def = read_plain_yaml((Path(bundle_root) / COMMON_FILE).read_bytes())["network_def"]
    train, validation = ([entry.size() for entry in part] for part in entries)
    return forecast(network_def, patch, batch, train, validation, device)


def chosen_and_told(expected: Forecast, asked: str, quiet: bool) -> Residence:
    """Return where a forecast puts the cohort, and print the forecast unless quiet; all ranks look before one loads.

    Raises:
        MachineError: there is not enough memory.
    """
    chosen = expected.choose(asked)
    if torch.distributed.is_initialized():
        torch.distributed.barrier()  # else one would look at what is free when another has loaded its share
    if not quiet:
        tqdm.write(expected.words(chosen), file=sys.stderr)
    return chosen


def cases_as_trained(data: Path, bundle: Path) -> list[Case]:
    """Return the cases of a folder, their references read as those that a bundle was trained on."""
    return find_cases(data, label_scheme=scheme_asked(trained_with(bundle).get("label_scheme", LAYOUT)))


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
