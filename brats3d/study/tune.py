"""`brats3d tune`: rules found on patients that a bundle never saw, and stored in it with what they brought."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from brats3d.bundle import Bundle, open_bundle
from brats3d.cases.case import patient_of
from brats3d.errors import RequestError
from brats3d.output.whole import cannot_write
from brats3d.predict.predictor import Predictor
from brats3d.study import calibration
from brats3d.study.choose import find_rules
from brats3d.study.kept import KeptCase, keep_predictions
from brats3d.study.store import Tuning, store, untuned
from brats3d.train.cohort import cases_as_trained, cases_named
from brats3d.train.model_card import RELIABILITY_FILE, trained_with
from brats3d.train.request import check_data
from brats3d.train.splits import Split, check_once, read_folds, read_json, read_split

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class TuneRequest:
    """What is tuned on what."""

    bundles: tuple[Path, ...]
    """One, with a split; or one a fold, with a list of splits. Rules go into all of them."""
    data: Path
    """Folder of patients with references."""
    splits: Path
    """A split, or a list of as many as there are bundles; each bundle predicts its own validation list."""
    into: tuple[Path, ...] = ()
    """Bundles that get the rules too: the one trained on all patients by the recipe that the folds tried."""
    device: str = "auto"


def tune_bundles(request: TuneRequest, say: Say = lambda line: None) -> Tuning:
    """Find rules on held-out predictions and store them.

    Args:
        request: what to tune on what.
        say: told, in a line each, how far it is.

    Raises:
        RequestError: bundles, data and splits do not go together.
        BundleError: a bundle is missing, damaged or refused.
        OutputError: a bundle cannot be written.
    """
    check_data(request.data)
    splits = splits_for(request)
    first = check_alike([*request.bundles, *request.into])
    for bundle, split in zip(request.bundles, splits, strict=True):
        check_held_out(bundle, split)
    with folder_beside(request.bundles[0]) as folder:
        kept = list(predictions(request, splits, Path(folder), say))
        say(f"{len(kept)} held-out patients predicted; looking for rules")
        tuning, counts = find_rules(kept, untuned(first.review, first.metadata))
        for bundle in (*request.bundles, *request.into):
            store(bundle, tuning, of_other_weights=bundle in request.into or len(request.bundles) > 1)
            calibration.draw_reliability(counts, tuning.rules.temperature, bundle / RELIABILITY_FILE)
    return tuning


def folder_beside(bundle: Path) -> tempfile.TemporaryDirectory[str]:
    """Return a folder for predictions, 20 MB a patient: not where the system keeps such, which may be memory.

    Raises:
        OutputError: it cannot be made.
    """
    try:
        return tempfile.TemporaryDirectory(prefix=".brats3d-tune-", dir=bundle.absolute().parent)
    except OSError as error:
        raise cannot_write(bundle.absolute().parent, error) from error


def splits_for(request: TuneRequest) -> list[Split]:
    """Return the split of each bundle.

    Raises:
        RequestError: their numbers differ, or nobody is held out.
    """
    is_list = isinstance(read_json(request.splits), list)
    splits = read_folds(request.splits) if is_list else [read_split(request.splits, None)]
    if len(splits) != len(request.bundles):
        raise RequestError(
            f"{len(request.bundles)} bundles and {len(splits)} splits in {request.splits}: give the bundle of each "
            "fold, in the order of the folds, or one bundle and a file with a single split"
        )
    if not all(split.validation for split in splits):
        raise RequestError(f"{request.splits}: a split without validation patients has nobody to tune on")
    check_once(splits)
    return splits


def check_alike(bundles: Sequence[Path]) -> Bundle:
    """Return the first bundle after checking that its rules mean the same in all.

    Raises:
        BundleError: one is refused.
        RequestError: one is not whole; network, modalities or preparation of two differ.
    """
    first, *others = [open_bundle(bundle) for bundle in bundles]
    for place, bundle in zip(bundles, (first, *others), strict=True):
        if bundle.missing_files:
            raise RequestError(f"{place} is not whole: {', '.join(bundle.missing_files)} is missing; copy all of it")
    for place, other in zip(bundles[1:], others, strict=True):
        for name in ("network_def", "modalities", "preparation"):
            if getattr(other, name) != getattr(first, name):
                raise RequestError(f"{place} has another {name} than {bundles[0]}: rules of one do not fit the other")
    return first


def check_held_out(bundle: Path, split: Split) -> None:
    """Check, as far as a bundle tells whom it was trained on, that it never saw those that it shall predict.

    Raises:
        RequestError: it did.
    """
    trained_on = {patient_of(each) for each in trained_with(bundle).get("train_ids", [])}
    seen = sorted(each for each in split.validation if patient_of(each) in trained_on)
    if seen:
        raise RequestError(
            f"{bundle} was trained on {len(seen)} of the patients that its split holds out ({seen[0]} is one): give "
            "the bundles in the order of the folds, and the splits that they were trained with"
        )


def predictions(request: TuneRequest, splits: Sequence[Split], folder: Path, say: Say) -> Iterator[KeptCase]:
    """Yield what each bundle says of the patients that it never saw."""
    cases = cases_as_trained(request.data, request.bundles[0])
    for fold, (bundle, split) in enumerate(zip(request.bundles, splits, strict=True)):
        say(f"{bundle}: predicting {len(split.validation)} patients")
        predictor = Predictor.from_bundle(bundle, device=request.device)
        yield from keep_predictions(predictor, cases_named(cases, split.validation), fold, folder)
