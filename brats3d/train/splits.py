"""Who is trained on and who validates: named lists of patients."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brats3d.cases.case import patient_of
from brats3d.errors import RequestError

NAMES = ("train", "validation", "test")
NEEDED = NAMES[:2]
LEAST_FOLDS = 2


@dataclass(frozen=True, slots=True)
class Split:
    """Named lists of patients, no patient in two of them."""

    train: tuple[str, ...]
    """Ids to train on."""
    validation: tuple[str, ...]
    """Ids to validate on; none: the run is not validated."""
    test: tuple[str, ...] = ()
    """Ids to leave alone."""
    source: str = ""
    """How it came about, in words."""

    @property
    def ids(self) -> tuple[str, ...]:
        """Every listed id."""
        return (*self.train, *self.validation, *self.test)


def read_split(path: Path, fold: int | None) -> Split:
    """Return the split of a file: an object of lists, or a list of such objects of which `fold` (from 1) picks one.

    Raises:
        RequestError: the file is absent, no JSON, of another form, or puts a patient into two lists.
    """
    document = read_json(path)
    if isinstance(document, list):
        if fold is None or not 1 <= fold <= len(document):
            raise RequestError(f"splits file {path} holds {len(document)} folds: choose one with --fold K, from 1")
        document = document[fold - 1]
    elif fold is not None:
        raise RequestError(f"splits file {path} holds a single split: --fold does not apply")
    return split_of(document, f"file {path.name}{f', fold {fold}' if fold else ''}")


def read_folds(path: Path) -> list[Split]:
    """Return all folds of a file that holds a list of splits.

    Raises:
        RequestError: the file is absent, no JSON, or holds no such list.
    """
    document = read_json(path)
    if not isinstance(document, list) or not document:
        raise RequestError(f"splits file {path} holds no list of splits: folds need one, a split for each fold")
    return [read_split(path, fold) for fold in range(1, len(document) + 1)]


def read_json(path: Path) -> Any:
    """Return what a splits file holds.

    Raises:
        RequestError: it is absent, or no JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise RequestError(f"splits file {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise RequestError(f"splits file {path}: no JSON ({error})") from error


def split_of(document: Any, source: str) -> Split:
    """Return the split that plain data means.

    Raises:
        RequestError: a list is absent or of another form, or a patient is in two of them.
    """
    if not isinstance(document, dict) or not set(NEEDED) <= document.keys() <= set(NAMES):
        raise RequestError(f'{source}: a split looks like {{"train": [ids], "validation": [ids], "test": [ids]}}')
    lists = {}
    for name in NAMES:
        ids = document.get(name, [])
        if not isinstance(ids, list) or not all(isinstance(each, str) for each in ids):
            raise RequestError(f"{source}: {name!r} is no list of ids in quotation marks")
        lists[name] = tuple(ids)
    if not lists["train"]:
        raise RequestError(f"{source}: 'train' is empty; name at least one patient")
    check_apart(lists, source)
    return Split(lists["train"], lists["validation"], lists["test"], source)


def check_apart(lists: dict[str, tuple[str, ...]], source: str) -> None:
    """Check that no patient stands in two lists, nor twice in one.

    Raises:
        RequestError: naming the patients that do.
    """
    where: dict[str, str] = {}
    for name, ids in lists.items():
        doubles = sorted({each for each in ids if ids.count(each) > 1})
        shared = sorted({each for each in ids if where.get(patient_of(each), name) != name})
        if doubles or shared:
            raise RequestError(f"{source}: patients stand in more than one place: {', '.join(doubles or shared)}")
        where.update({patient_of(each): name for each in ids})


def check_once(splits: Sequence[Split]) -> None:
    """Check that no patient is validated on in two folds, all visits of a patient taken together.

    Raises:
        RequestError: naming those that are.
    """
    validated = [each for split in splits for each in {patient_of(each) for each in split.validation}]
    twice = sorted({each for each in validated if validated.count(each) > 1})
    if twice:
        raise RequestError(f"{', '.join(twice)}: validated on in two folds; give each patient to one")


def every_fifth(ids: Sequence[str]) -> Split:
    """Return the default split: every fifth patient by sorted id validates, all visits of a patient together.

    Of two to four patients the last validates, of one none.
    """
    patients = sorted({patient_of(each) for each in ids})
    return split_by(ids, set(patients[4::5] or patients[1:][-1:]), "every fifth patient validates")


def nth_fold(ids: Sequence[str], fold: int, folds: int) -> Split:
    """Return one of N folds: the K-th of every N patients by sorted id validates.

    Args:
        ids: all cases.
        fold: from 1 to `folds`.
        folds: at least 2.

    Raises:
        RequestError: the numbers do not fit.
    """
    patients = sorted({patient_of(each) for each in ids})
    if not LEAST_FOLDS <= folds <= len(patients):
        words = f"{len(patients)} patients have references"
        raise RequestError(f"--folds {folds}: {words}: give from {LEAST_FOLDS} to as many as there are patients")
    if not 1 <= fold <= folds:
        raise RequestError(f"--fold {fold} --folds {folds}: give a fold from 1 to {folds}")
    return split_by(ids, set(patients[fold - 1 :: folds]), f"fold {fold} of {folds} by sorted id")


def split_by(ids: Sequence[str], held_out: set[str], source: str) -> Split:
    """Return the split in which these patients validate."""
    train = tuple(sorted(each for each in ids if patient_of(each) not in held_out))
    validation = tuple(sorted(each for each in ids if patient_of(each) in held_out))
    return Split(train, validation, (), source)
