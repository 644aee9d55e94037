"""From a config and a folder of patients to a trained bundle: `brats3d train` and `brats3d.train_bundle`."""

import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from brats3d.cases.case import Case
from brats3d.cases.find import find_cases
from brats3d.errors import BadInput, RequestError
from brats3d.predict.engines import choose_device
from brats3d.prepare import Preparation
from brats3d.settings import Settings
from brats3d.train.cohort import cases_named, load_case
from brats3d.train.recipe import read_recipe
from brats3d.train.splits import Split, every_fifth, nth_fold, read_split
from brats3d.train.write_bundle import same_configs, start_bundle
from brats3d.vocabulary import Modality

CACHE = ".brats3d-cache"

Say = Callable[[str], None]


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
    """The run ends after the epoch that is over it; 0: no limit."""
    resume: bool = False
    """Go on from the last checkpoint."""
    quiet: bool = False
    """No progress."""


def train_bundle(request: TrainingRequest, say: Say = lambda line: None) -> Path:
    """Train a network and write a complete MONAI bundle.

    Args:
        request: what to train on what, and where the bundle goes.
        say: told, in a line each, what was decided.

    Returns:
        The bundle's folder.

    Raises:
        RequestError: config, data or splits cannot be used as asked; nothing was begun.
        MachineError: the bundle cannot be written or resumed, a device is absent, or the loss became no number.
    """
    recipe = read_recipe(request.config, request.changes)
    check_place(request)
    device = choose_device(request.device)
    cases = find_cases(request.data)
    split = split_for(request, cases)
    left_out = len(cases) - len(split.train) - len(split.validation) - len(split.test)
    say(f"train on {len(split.train)}, validate on {len(split.validation)} patients ({split.source}); {left_out} left out")
    cache = request.cache or request.out.absolute().parent / CACHE
    say(f"prepared patients are kept in {cache}")
    fill_cache(cases_named(cases, [*split.train, *split.validation]), recipe, cache, say, request.quiet)
    if request.resume:
        same_configs(request.out, recipe, split)
    else:
        start_bundle(request.out, recipe, split)
    run_workflow(request, cache, device)
    say(f"{request.out}: a complete bundle; segment with: brats3d segment PATIENTS -o MASKS -b {request.out}")
    return request.out


def check_place(request: TrainingRequest) -> None:
    """Check that the bundle may be written where it is asked for.

    Raises:
        RequestError: it is a file, lies inside DATA, exists without `resume`, or is absent with it.
    """
    out, data = request.out.absolute(), request.data.absolute()
    if not data.is_dir():
        raise RequestError(f"DATA {request.data}: no such folder")
    if out.is_file():
        raise RequestError(f"BUNDLE {request.out} is a file: give a folder")
    if out.resolve().is_relative_to(data.resolve()):
        raise RequestError(f"BUNDLE {request.out} lies inside DATA: give a folder outside it")
    filled = out.is_dir() and any(out.iterdir())
    if filled and not request.resume:
        raise RequestError(f"BUNDLE {request.out} exists: add --resume to go on with it, or give another folder")
    if request.resume and not filled:
        raise RequestError(f"BUNDLE {request.out} does not exist: there is nothing to resume")


def split_for(request: TrainingRequest, cases: Sequence[Case]) -> Split:
    """Return the split that the request means.

    Raises:
        RequestError: the file or the numbers do not fit.
    """
    if request.splits is not None:
        if request.folds is not None:
            raise RequestError("--folds splits without a file; with --splits give --fold alone")
        return read_split(request.splits, request.fold)
    ids = [case.id for case in cases if case.reference is not None]
    if (request.fold is None) != (request.folds is None):
        raise RequestError("--fold K and --folds N go together where no --splits file is given")
    if request.fold is not None and request.folds is not None:
        return nth_fold(ids, request.fold, request.folds)
    if not ids:
        raise RequestError(f"no patient under {request.data} has a reference to learn from")
    return every_fifth(ids)


def fill_cache(cases: Sequence[Case], recipe: Settings, cache: Path, say: Say, quiet: bool) -> None:
    """Prepare every case once before training starts, so that a bad one stops the run now and not within it.

    Raises:
        RequestError: cases were refused; all of them are named.
    """
    from tqdm import tqdm

    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    modalities = [Modality(name) for name in recipe["modalities"]]
    preparation = Preparation.from_settings(recipe["preparation"])
    faults = []
    for case in tqdm(cases, desc="prepare", unit="patient", disable=quiet or not sys.stderr.isatty()):
        try:
            load_case(case, modalities, preparation, cache)
        except BadInput as error:
            faults.append(f"{case.id} ({error.finding.message})")
    if faults:
        raise RequestError(f"cannot train on {len(faults)} of {len(cases)} listed patients: {'; '.join(faults)}")


def run_workflow(request: TrainingRequest, cache: Path, device: str) -> None:
    """Run the configs just written with MONAI's workflow class.

    Raises:
        MachineError: see `train_bundle`.
    """
    from monai.bundle import ConfigWorkflow

    configs = request.out / "configs"
    values = {
        "bundle_root": str(request.out),
        "dataset_dir": str(request.data),
        "cache_dir": str(cache),
        "device": f"$torch.device({device!r})",
        "resume": request.resume,
        "max_minutes": request.max_minutes,
        "quiet": request.quiet,
    }
    with warnings.catch_warnings():
        # MONAI warns that configs are programs; these were written from checked keys a moment ago.
        warnings.filterwarnings("ignore", message=".*trust.*", category=UserWarning)
        workflow = ConfigWorkflow(
            config_file=[str(configs / "common.yaml"), str(configs / "train.yaml")],
            meta_file=str(configs / "metadata.json"),
            logging_file=False,
            workflow_type="train",
            **values,
        )
        workflow.initialize()
        workflow.run()
        workflow.finalize()
