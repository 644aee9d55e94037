"""What a training run is asked for, and whether that can be."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from brats3d.cases.case import Case
from brats3d.errors import RequestError
from brats3d.train.splits import Split, every_fifth, nth_fold, read_split

CACHE = ".brats3d-cache"


@dataclass(frozen=True, slots=True)
class TrainingRequest:
    """What a training run is asked for."""

    config: str
    """A file, or the name of a shipped recipe."""
    data: Path
    """Folder of patients with references."""
    out: Path
    """The bundle to write."""
    changes: tuple[str, ...] = ()
    """`key=value` each, put over the config."""
    splits: Path | None = None
    """File of named lists of patients; None: every fifth validates, or folds by sorted id."""
    fold: int | None = None
    """Which fold, from 1."""
    folds: int | None = None
    """How many folds, where no file names them."""
    cache: Path | None = None
    """Folder of prepared patients; None: beside the bundle."""
    device: str = "auto"
    """`auto`, `cpu`, `cuda` or `cuda:N`."""
    max_minutes: float = 0.0
    """The run ends after the first epoch that ends later than this; 0: no limit."""
    resume: bool = False
    """Go on from the last checkpoint; from the start where a run was ended before its first."""
    quiet: bool = False
    """No progress."""

    @property
    def cache_folder(self) -> Path:
        """Where prepared patients are kept."""
        return self.cache or self.out.absolute().parent / CACHE


def check_place(request: TrainingRequest) -> None:
    """Check where the bundle and the prepared patients shall lie, and for how long training may go on.

    Raises:
        RequestError: BUNDLE is a file, exists without `resume` or is absent with it, it or the cache lies inside
            DATA, or the minutes are none.
    """
    if not math.isfinite(request.max_minutes) or request.max_minutes < 0:
        raise RequestError(f"--max-minutes {request.max_minutes:g}: give a number of 0 or more")
    check_data(request.data)
    out = request.out
    check_outside(request.data, {"BUNDLE": out, "cache": request.cache_folder})
    filled = out.is_dir() and any(out.iterdir())
    if filled and not request.resume:
        raise RequestError(f"BUNDLE {out} exists: add --resume to go on with it, or give another folder")
    if request.resume and not filled:
        raise RequestError(f"BUNDLE {out} does not exist: there is nothing to resume")


def check_outside(data: Path, folders: Mapping[str, Path]) -> None:
    """Check that folders to be written, by what the user calls them, are no files and lie outside DATA.

    Raises:
        RequestError: naming the first that is not so.
    """
    for name, folder in folders.items():
        if folder.is_file():
            raise RequestError(f"{name} {folder} is a file: give a folder")
        if folder.resolve().is_relative_to(data.resolve()):
            raise RequestError(f"{name} {folder} lies inside DATA: give a folder outside it")


def check_data(data: Path) -> None:
    """Raise RequestError unless DATA is a folder."""
    if not data.is_dir():
        raise RequestError(f"DATA {data}: no such folder")


def split_for(request: TrainingRequest, cases: Sequence[Case]) -> Split:
    """Return the split that the request means.

    Raises:
        RequestError: the file or the numbers do not fit.
    """
    if request.splits is not None:
        if request.folds is not None:
            raise RequestError("--folds splits without a file; with --splits give --fold alone")
        return read_split(request.splits, request.fold)
    ids = sorted({case.id for case in cases if case.reference is not None})
    if (request.fold is None) != (request.folds is None):
        raise RequestError("--fold K and --folds N go together where no --splits file is given")
    if not ids:
        raise RequestError(f"no patient under {request.data} has a reference to learn from")
    if request.fold is not None and request.folds is not None:
        return nth_fold(ids, request.fold, request.folds)
    return every_fifth(ids)
