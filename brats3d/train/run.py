"""From a config and a folder of patients to a trained bundle: what `brats3d train` does."""

import gc
import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from brats3d.bundle import open_bundle
from brats3d.cases.case import Case
from brats3d.cases.find import find_cases
from brats3d.errors import BadInput, Interrupted, RequestError, interrupt_code
from brats3d.labels import scheme_asked
from brats3d.networks import outline_for
from brats3d.output.whole import sweep_parts
from brats3d.predict.engines import choose_device
from brats3d.prepare import Preparation
from brats3d.settings import Settings
from brats3d.train.cache import CachedCase, make_cache
from brats3d.train.checkpoint import LAST
from brats3d.train.cohort import Cohort, cases_named, fault_to_train_on, refuse
from brats3d.train.dataset import CPU, PatchDataset
from brats3d.train.device import precision_for
from brats3d.train.heap import give_back_freed_memory
from brats3d.train.recipe import augmentation_of, network_def_of, read_recipe
from brats3d.train.request import TrainingRequest, check_data, check_outside, check_place, split_for
from brats3d.train.residence import Residence
from brats3d.train.sheet import PATCHES, write_sheet
from brats3d.train.splits import Split
from brats3d.train.workflow import run_training
from brats3d.train.write_bundle import FOLDERS, same_configs, start_bundle, take_back_rules
from brats3d.vocabulary import Modality

LOG = logging.getLogger(__name__)
PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-")
"""Letters of a path that mean nothing to MONAI or Python."""

Say = Callable[[str], None]


def draw_patches(request: TrainingRequest, sheet: Path, say: Say = lambda line: None) -> Path:
    """Draw augmented patches of some of the patients that would be trained on, and train nothing.

    Args:
        request: as for `train_bundle`.
        sheet: the PNG to write.
        say: told, in a line each, what was decided and done.

    Raises:
        RequestError: config, data or splits cannot be used as asked.
        OutputError: the picture cannot be written.
    """
    recipe = read_recipe(request.config, request.changes)
    check_data(request.data)
    check_outside(request.data, {"cache": request.cache_folder})
    cases = find_cases(request.data, label_scheme=scheme_asked(recipe["label_scheme"]))
    split = split_for(request, cases)
    some = split.train[:: max(1, len(split.train) // PATCHES)][:PATCHES]
    prepare_all(cases, some, recipe, request, say)
    modalities = [Modality(name) for name in recipe["modalities"]]
    how = (modalities, Preparation.from_settings(recipe["preparation"]), request.cache_folder)
    patches = PatchDataset(
        cohort=Cohort([CachedCase(case, *how) for case in cases_named(cases, some)], Residence.DISK, CPU),
        patch=recipe["patch"],
        batch=1,
        count=PATCHES,
        augmentation=augmentation_of(recipe),
        **recipe["sampling"],
        seed=recipe["seed"],
    )
    write_sheet(patches, modalities, sheet)
    say(f"{sheet}: {PATCHES} patches as they are and augmented; nothing was trained")
    return sheet


def train_bundle(request: TrainingRequest, say: Say = lambda line: None) -> Path:
    """Train a network and write a complete MONAI bundle.

    Args:
        request: what to train on what, and where the bundle goes.
        say: told, in a line each, what was decided and done.

    Returns:
        The bundle's folder.

    Raises:
        RequestError: config, data or splits cannot be used as asked; nothing was begun.
        MachineError: the bundle cannot be written or resumed, a device is absent, memory ran out, or the loss became
            no number.
        Interrupted: by Ctrl-C or SIGTERM; the last checkpoint stays.
    """
    recipe = read_recipe(request.config, request.changes)
    check_place(request)
    device = choose_device(request.device)
    precision_for(precision=recipe["precision"], device=torch.device(device))
    outline_for(network_def_of(recipe), recipe["patch"])
    cases = find_cases(request.data, label_scheme=scheme_asked(recipe["label_scheme"]))
    split = split_for(request, cases)
    if request.resume:
        same_configs(request.out, recipe, split)
    for key, value in recipe.items():
        LOG.info("%s: %s", key, value)
    LOG.info("train on: %s", ", ".join(split.train))
    LOG.info("validate on: %s", ", ".join(split.validation))
    left_out = len({case.id for case in cases} - set(split.ids))
    lists = f"train on {len(split.train)}, validate on {len(split.validation)} patients"
    say(f"{lists} ({split.source}); {left_out} left out")
    say(f"prepared patients are kept in {request.cache_folder}")
    check_no_copies(split, prepare_all(cases, split.ids, recipe, request, say))
    if request.resume and take_back_rules(request.out, recipe, split):
        say("the rules found by tune were of the weights so far and are taken back; tune again after training")
    start_bundle(request.out, recipe, split)
    train(request, device, say)
    for line in how_it_ended(request, recipe):
        say(line)
    return request.out


def how_it_ended(request: TrainingRequest, recipe: Settings) -> list[str]:
    """Return what a run came to, and what can be done with it."""
    training = open_bundle(request.out).metadata["brats3d"]["training"]
    planned = recipe["epochs"] * recipe["steps"]
    lines = [f"{request.out}: a complete bundle after {training['steps']} of {planned} steps"]
    if training["steps"] < planned:
        lines.append("training ended before its time: add --resume to go on, with more --max-minutes if need be")
    if training["last_validation"] is None:
        lines.append("it was never validated: nothing is known of how good its masks are")
    # Without a slash it might be the name of a shipped bundle.
    named = request.out if len(request.out.parts) > 1 else f"./{request.out}"
    return [*lines, f"segment with: brats3d segment PATIENTS -o MASKS -b {named}"]


def prepare_all(
    cases: Sequence[Case], ids: Sequence[str], recipe: Settings, request: TrainingRequest, say: Say
) -> dict[str, str]:
    """Prepare every listed case once before training starts, so that a bad one stops the run now and not within it.

    Returns:
        The hash of each one's images, by id.

    Raises:
        RequestError: listed cases are absent, refused or without a reference; all of them are named.
        Interrupted: by Ctrl-C or SIGTERM; what was prepared stays.
    """
    from tqdm import tqdm

    make_cache(request.cache_folder)
    by_id = {case.id: case for case in cases}
    faults: list[str] = []
    images: dict[str, str] = {}
    hidden = request.quiet or not sys.stderr.isatty()
    for number, each in enumerate(tqdm(ids, desc="prepare", unit="patient", leave=False, disable=hidden), start=1):
        try:
            fault = fault_to_train_on(each, by_id.get(each))
            if fault is None:
                images[each] = prepare_entry(by_id[each], recipe, request)
        except BadInput as error:
            fault = f"refused: {error.finding.message}"
        except KeyboardInterrupt as error:
            words = (
                f"interrupted while patient {number} of {len(ids)} was prepared; run the same command again to go on"
            )
            raise Interrupted(words, interrupt_code(error)) from error
        faults.extend([f"{each} ({fault})"] if fault else [])
        if hidden:
            say(f"[{number}/{len(ids)}] {each}: {'refused' if fault else 'prepared'}")
    refuse(len(ids), faults)
    return images


def prepare_entry(case: Case, recipe: Settings, request: TrainingRequest) -> str:
    """Prepare a case into the cache and return the hash of its images.

    Raises:
        BadInput: one of its files is refused.
    """
    modalities = [Modality(name) for name in recipe["modalities"]]
    cached = CachedCase(case, modalities, Preparation.from_settings(recipe["preparation"]), request.cache_folder)
    cached.arrays()
    return cached.images


def check_no_copies(split: Split, images: Mapping[str, str]) -> None:
    """Check that nobody is held out whose very files, whatever their reference says, are trained on under another id.

    Args:
        split: who is trained on and who is held out.
        images: hash of the files of each one's modalities, by id.

    Raises:
        RequestError: naming the pairs.
    """
    trained, held_out = {images[each]: each for each in split.train}, (*split.validation, *split.test)
    pairs = [f"{trained[images[each]]} and {each}" for each in held_out if images[each] in trained]
    if pairs:
        raise RequestError(
            f"the same images are trained on and held out: {', '.join(pairs)}; leave one of each pair out, or name "
            "them in one list with --splits FILE"
        )


def train(request: TrainingRequest, device: str, say: Say) -> None:
    """Clear what a killed run left, and run the bundle's own configs, from the last checkpoint where there is one.

    Raises:
        MachineError, Interrupted: see `train_bundle`.
    """
    for folder in (request.out, *(request.out / name for name in FOLDERS), request.cache_folder):
        sweep_parts(folder)
    checkpoint = request.out / "models" / LAST
    if request.resume and not checkpoint.is_file():
        say(f"{request.out} holds no checkpoint yet: starting with the first epoch")
    values: dict[str, Any] = {
        "bundle_root": as_expression(request.out),
        "dataset_dir": as_expression(request.data),
        "cache_dir": as_expression(request.cache_folder),
        "device": f"$torch.device({device!r})",
        "resume": request.resume and checkpoint.is_file(),
        "max_minutes": request.max_minutes,
        "quiet": request.quiet,
    }
    try:
        run_training(request.out, values)
    except KeyboardInterrupt as error:
        kept = "the last checkpoint is kept" if checkpoint.is_file() else "there was no checkpoint yet"
        words = f"interrupted; {kept}: go on with the same command and --resume"
        raise Interrupted(words, interrupt_code(error)) from error
    finally:
        # Engine and handlers hold each other, and the cohort: the next fold's would lie beside it.
        gc.collect()
        give_back_freed_memory()


def as_expression(path: Path) -> str:
    """Return a path as a MONAI expression: a plain string would be evaluated, looked up or changed by what it holds.

    >>> as_expression(Path("/data/#1"))
    "$'/data/\\\\U000000231'"
    """
    letters = (letter if letter in PLAIN else f"\\U{ord(letter):08x}" for letter in str(path.absolute()))
    return f"$'{''.join(letters)}'"
