"""The model card of a bundle: what it is, how it was trained and tuned, what it is for."""

import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from brats3d.bundle import COMMON_FILE, METADATA_FILE, STRANGER, bundle_sha256
from brats3d.output.whole import write_whole
from brats3d.vocabulary import MODALITY_TITLES, REGIONS, Modality

CARD_FILE = "docs/README.md"
RELIABILITY_FILE = "docs/reliability.png"
"""Written beside it when a bundle is tuned."""
TRAIN_FILE = "configs/train.yaml"


def template(name: str) -> str:
    """Return the text of a template."""
    return resources.files("brats3d.train").joinpath("templates", name).read_text(encoding="utf-8")


def rewrite_card(folder: Path) -> None:
    """Write the model card anew from what the bundle now says of itself; figures of patients go.

    Raises:
        OutputError: it cannot be written.
    """
    metadata = json.loads((folder / METADATA_FILE).read_text(encoding="utf-8"))
    write_whole(folder / CARD_FILE, model_card(folder, metadata).encode())


def model_card(folder: Path, metadata: Mapping[str, Any]) -> str:
    """Return the bundle's `docs/README.md`: what it is, how it was trained, what it is for."""
    about = metadata["brats3d"]
    training = about["training"]
    common = (folder / COMMON_FILE).read_bytes()
    settings = yaml.safe_load(common)
    trained = trained_with(folder)
    sha256 = bundle_sha256(common, about["weights"]["sha256"])
    tuned = tuning_words(about["tuning"], settings) if "tuning" in about else ""
    card = template("model_card.md").format(
        name=settings["name"],
        modalities=", ".join(MODALITY_TITLES[Modality(name)] for name in settings["modalities"]),
        description=metadata["description"],
        patients=patients_words(trained, about.get("split", "split not recorded")),
        recipe=recipe_words(trained),
        steps=steps_words(training, trained),
        seconds=training["seconds"],
        device=training["device"],
        precision=training["precision"],
        dice=validation_words(training),
        stranger=STRANGER.format(sha256=sha256),
    )
    return card + tuned


def trained_with(folder: Path) -> dict[str, Any]:
    """Return the values of a bundle's `train.yaml`, expressions as text; none where it has no such file."""
    path = folder / TRAIN_FILE
    return dict(yaml.safe_load(path.read_bytes())) if path.is_file() else {}


def patients_words(trained: Mapping[str, Any], source: str) -> str:
    """Return how many patients trained and validated, and who chose them, from the values of `train.yaml`."""
    return f"{len(trained['train_ids'])} to train on, {len(trained['validation_ids'])} to validate on ({source})"


def steps_words(training: Mapping[str, Any], trained: Mapping[str, Any]) -> str:
    """Return how many steps were made, and of how many where the run ended before its time."""
    planned = trained["epochs"] * trained["steps"]
    return str(training["steps"]) if training["steps"] == planned else f"{training['steps']} of {planned}"


def validation_words(training: Mapping[str, Any]) -> str:
    """Return the Dice of the last validation, and of which weights it was where they are not the last."""
    last = training.get("last_validation")
    if not last:
        return "not validated"
    dice = "  ".join(f"{region} {last[f'dice_{region}']:.3f}" for region in REGIONS)
    is_of_last = last["epoch"] == training["epochs"]
    return dice if is_of_last else f"{dice} (after epoch {last['epoch']}; the weights are of {training['epochs']})"


def recipe_words(trained: Mapping[str, Any]) -> str:
    """Return the main settings of a training, from the values of `train.yaml`."""
    patches = f"random patches of {' x '.join(map(str, trained['patch']))} voxels, {trained['batch']} a step"
    optimiser = {"adamw": "AdamW", "sgd": "SGD"}[trained.get("optimizer_name", "adamw")]
    entropy = {"bce": "cross-entropy", "focal": "focal loss"}[trained.get("entropy", "bce")]
    learning = f"{optimiser}, rate {trained['rate']:g}; Dice and {entropy} on the regions"
    return (
        f"{patches}; {learning}; moving average of the weights ({trained['average_decay']:g}); seed {trained['seed']}"
    )


def tuning_words(tuning: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """Return the section on the rules that `brats3d tune` found, and on what they brought."""
    mean, flags = tuning["mean_dice"], tuning["flags_nested"]
    rows = [
        f"| {name} | {mean['before'][name]:.3f} | {mean['after'][name]:.3f} | {mean['nested'][name]:.3f} |"
        for name in mean["before"]
    ]
    errors = ", ".join(
        f"{region} {each['before']:.4f} to {each['after']:.4f}" for region, each in tuning["calibration_error"].items()
    )
    thresholds = ", ".join(f"{region} {value:g}" for region, value in settings["thresholds"].items())
    ours, others = (
        "that the network had not seen",
        "each segmented by a network of the same recipe that had not seen it",
    )
    whom = f"{tuning['held_out_patients']} patients, {others if tuning.get('of_other_weights') else ours}"
    return "\n".join(
        [
            "",
            "## Rules",
            "",
            f"Thresholds ({thresholds}), islands, the smallest enhancing volume ({settings['smallest_enhancing_ml']:g} "
            f"ml) and the temperature were found on {whom}. Mean Dice of the three regions there:",
            "",
            "| protocol | threshold 0.5, no rule | with the rules | rules found on other patients |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
            "With what other patients chose, the expected calibration error within the brain changed thus: "
            f'{errors}; and the flag "look at this one" caught {flags["caught"]} of {flags["bad"]} masks with a mean '
            f"Dice under 0.6 and flagged {flags['flagged']} of {flags['good']} over 0.8.",
            "",
        ]
    )
