"""Cross-validation: every fold a bundle, every patient segmented by the one that never saw it, all scored together."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from brats3d.batch.segment import Options, segment_folder
from brats3d.batch.summary import Outcome, OutcomeStatus, Summary
from brats3d.bundle import open_bundle, read_metadata
from brats3d.cases.case import Case
from brats3d.cases.find import find_cases
from brats3d.errors import BundleError, Interrupted, RequestError
from brats3d.labels import scheme_asked
from brats3d.output.record import read_record, record_path
from brats3d.output.whole import make_folder, write_whole
from brats3d.scoring.folder import compare
from brats3d.scoring.protocols import PROTOCOLS
from brats3d.scoring.scores import CaseScores
from brats3d.scoring.table import write_tables
from brats3d.settings import Settings
from brats3d.train.cohort import cases_named
from brats3d.train.recipe import read_recipe
from brats3d.train.request import CACHE, TrainingRequest, check_data, check_outside
from brats3d.train.run import check_no_copies, prepare_all, train_bundle
from brats3d.train.splits import LEAST_FOLDS, Split, check_once, nth_fold, read_folds
from brats3d.train.write_bundle import same_configs

FOLDS_FILE = "folds.json"
MASKS = "masks"
BEFORE_TUNING = "made before the bundle was tuned"
PROTOCOL_NAMES = ("brats2020", "brats2023")
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class FoldsRequest:
    """What a cross-validation is asked for."""

    config: str
    """A file, or the name of a shipped recipe."""
    data: Path
    """Folder of patients with references."""
    out: Path
    """Folder of the folds' bundles, the masks and the scores."""
    changes: tuple[str, ...] = ()
    """`key=value` each, put over the config."""
    splits: Path | None = None
    """File with a list of splits; None: `folds` of them by sorted id."""
    folds: int = 5
    """How many, where no file names them."""
    cache: Path | None = None
    """Folder of prepared patients; None: within `out`."""
    device: str = "auto"
    """`auto`, `cpu`, `cuda` or `cuda:N`."""
    quiet: bool = False
    """No progress."""


def fold_folder(out: Path, fold: int) -> Path:
    """Return the bundle of a fold, from 1."""
    return out / f"fold_{fold}"


def run_folds(request: FoldsRequest, say: Say = lambda line: None) -> dict[str, list[CaseScores]]:
    """Train all folds, segment each patient by the fold that validates on it, and score them; what is done is kept.

    Args:
        request: what to train on what, and where it goes.
        say: told, in a line each, what was decided and done.

    Returns:
        The scores by protocol.

    Raises:
        RequestError: config, data or splits cannot be used as asked, or the folder holds other folds.
        MachineError: see `train_bundle`.
        Interrupted: by Ctrl-C or SIGTERM; run again to go on.
    """
    recipe = read_recipe(request.config, request.changes)
    check_data(request.data)
    check_outside(request.data, {"DIR": request.out, "cache": request.cache or request.out / CACHE})
    scheme = scheme_asked(recipe["label_scheme"])
    cases = find_cases(request.data, label_scheme=scheme)
    splits = splits_for(request, cases)
    held_out = [cases_named(cases, split.validation) for split in splits]
    check_remembered(request.out / FOLDS_FILE, splits)
    make_folder(request.out)
    if not all(is_trained(fold_folder(request.out, fold), recipe) for fold in range(1, len(splits) + 1)):
        check_copies(request, recipe, cases, splits, say)
    write_whole(request.out / FOLDS_FILE, as_document(splits))
    outcomes: list[Outcome] = []
    for fold, (split, theirs) in enumerate(zip(splits, held_out, strict=True), start=1):
        bundle = fold_folder(request.out, fold)
        tuned = is_tuned(bundle)
        if is_trained(bundle, recipe):
            same_configs(bundle, recipe, read_folds(request.out / FOLDS_FILE)[fold - 1])
            say(f"fold {fold} of {len(splits)}: trained already")
        else:
            say(f"fold {fold} of {len(splits)}:")
            train_fold(request, fold, say)
        if tuned:
            check_masks(bundle, request.out / MASKS, split.validation)
            say("tuned since: the masks made before stay")
            outcomes += [kept_before(request.out / MASKS, each.id) for each in theirs]
            continue
        summary = segment_folder(theirs, request.out / MASKS, bundle, options=Options(device=request.device))
        say(", ".join(f"{count} {status}" for status, count in summary.counts.items() if count))
        outcomes += summary.cases
    Summary(tuple(outcomes)).save(request.out / MASKS)
    return score(request, scheme, [each for split in splits for each in split.validation])


def splits_for(request: FoldsRequest, cases: Sequence[Case]) -> list[Split]:
    """Return the folds that the request means, no patient validated on twice.

    Raises:
        RequestError: the file or the number do not fit.
    """
    if request.splits is not None:
        splits = read_folds(request.splits)
    else:
        ids = sorted({case.id for case in cases if case.reference is not None})
        splits = [nth_fold(ids, fold, request.folds) for fold in range(1, max(LEAST_FOLDS, request.folds) + 1)]
    check_once(splits)
    return splits


def check_copies(
    request: FoldsRequest, recipe: Settings, cases: Sequence[Case], splits: Sequence[Split], say: Say
) -> None:
    """Check of every fold, before the first is trained, that it holds nobody out whose images it is trained on.

    Raises:
        RequestError: naming the pairs.
        Interrupted: by Ctrl-C or SIGTERM; what was prepared stays.
    """
    ids = list(dict.fromkeys(each for split in splits for each in split.ids))
    images = prepare_all(cases, ids, recipe, training_of(request, 1), say)
    for split in splits:
        check_no_copies(split, images)


def check_remembered(path: Path, splits: Sequence[Split]) -> None:
    """Check that the folds written down, if there are any, are these.

    Raises:
        RequestError: the folder was begun with other folds.
    """
    if path.is_file() and path.read_bytes() != as_document(splits):
        raise RequestError(f"{path} holds other folds: go on with the same, or give another folder")


def as_document(splits: Sequence[Split]) -> bytes:
    """Return the folds as the file that each fold is trained from."""
    lists = [{"train": split.train, "validation": split.validation, "test": split.test} for split in splits]
    return (json.dumps(lists, indent=1) + "\n").encode()


def is_complete(bundle: Path, steps: int) -> bool:
    """Return whether a fold's bundle was trained to its end."""
    try:
        training = open_bundle(bundle).metadata["brats3d"].get("training", {})
    except BundleError:
        return False
    return bool(training.get("steps") == steps)


def is_trained(bundle: Path, recipe: Settings) -> bool:
    """Return whether a fold needs no more training: it had all of it, or was tuned as it is."""
    return is_tuned(bundle) or is_complete(bundle, recipe["epochs"] * recipe["steps"])


def train_fold(request: FoldsRequest, fold: int, say: Say) -> None:
    """Train one fold, from where it was begun.

    Raises:
        RequestError, MachineError, Interrupted: see `run_folds`.
    """
    try:
        train_bundle(training_of(request, fold), say)
    except Interrupted as error:
        words = f"fold {fold} interrupted; run the same command again to go on from its last checkpoint"
        raise Interrupted(words, error.exit_code) from error


def is_tuned(bundle: Path) -> bool:
    """Return whether a fold's bundle has rules found on the patients that it never saw."""
    try:
        return "tuning" in read_metadata(bundle)["brats3d"]
    except BundleError:
        return False


def check_masks(bundle: Path, masks: Path, ids: Sequence[str]) -> None:
    """Check that the masks of a tuned bundle's patients were made before: with its rules they are out of fold no more.

    Raises:
        RequestError: one is absent.
    """
    absent = [each for each in ids if not (masks / f"{each}.nii.gz").is_file()]
    if absent:
        raise RequestError(
            f"{bundle} was tuned on {', '.join(absent)}, without a mask in {masks}: made now, it would be out of fold "
            "no more; remove the bundle, and this command trains it anew"
        )


def kept_before(masks: Path, case_id: str) -> Outcome:
    """Return the outcome of a patient whose mask was made before the bundle was tuned."""
    record = read_record(record_path(masks, case_id))
    findings, volumes_ml = ((), {}) if record is None else (record.findings, record.volumes_ml)
    return Outcome(case_id, OutcomeStatus.SKIPPED, None, findings, BEFORE_TUNING, volumes_ml)


def training_of(request: FoldsRequest, fold: int) -> TrainingRequest:
    """Return the request for one fold's training, resumed where it was begun."""
    bundle = fold_folder(request.out, fold)
    return TrainingRequest(
        config=request.config,
        data=request.data,
        out=bundle,
        changes=request.changes,
        splits=request.out / FOLDS_FILE,
        fold=fold,
        cache=request.cache or request.out / CACHE,
        device=request.device,
        resume=bundle.is_dir() and any(bundle.iterdir()),
        quiet=request.quiet,
    )


def score(request: FoldsRequest, scheme: str | None, ids: Sequence[str]) -> dict[str, list[CaseScores]]:
    """Score the out-of-fold masks and write the tables."""
    found = compare(request.out / MASKS, request.data, PROTOCOL_NAMES, label_scheme=scheme)
    wanted = set(ids)
    scores = {name: [case for case in cases if case.id in wanted] for name, cases in found.scores.items()}
    for name, cases in scores.items():
        write_tables(request.out, PROTOCOLS[name], cases)
    return scores
