"""Writing a bundle's folder: plain `common.yaml`, MONAI's configs around it, metadata, model card."""

import json
from collections.abc import Mapping
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

import yaml

from brats3d.bundle import COMMON_FILE, METADATA_FILE, WEIGHTS_FILE, read_plain_yaml, weights_entry
from brats3d.errors import BundleError, MachineError, RequestError
from brats3d.output.whole import make_folder, write_whole
from brats3d.settings import Settings
from brats3d.train.model_card import RELIABILITY_FILE, patients_words, rewrite_card, template
from brats3d.train.recipe import as_plain, augmentation_of, common_of
from brats3d.train.splits import Split
from brats3d.version import VERSION
from brats3d.vocabulary import MODALITY_TITLES, REGIONS, Modality

SCHEMA = "https://project-monai.github.io/schema/meta_schema_20240725.json"
FOLDERS = ("configs", "models", "docs")
"""What a bundle's folder holds from the start."""
LICENSE_FILE = "LICENSE"
TEMPLATES = ("train.yaml", "evaluate.yaml", "inference.yaml", "multi_gpu_train.yaml")
TUNED = ("thresholds", "temperature", "islands", "smallest_enhancing_ml", "review")
"""Keys of `common.yaml` that are found after training."""
REQUIRED_PACKAGES = ("nibabel", "pytorch-ignite", "scipy", "SimpleITK")


def training_values(recipe: Mapping[str, Any], split: Split) -> Settings:
    """Return the values at the top of `train.yaml`, which its wiring refers to."""
    return {
        "train_ids": list(split.train),
        "validation_ids": list(split.validation),
        "label_scheme": recipe["label_scheme"],
        "patch": list(recipe["patch"]),
        "batch": recipe["batch"],
        "epochs": recipe["epochs"],
        "steps": recipe["steps"],
        # Without patients to validate on, the first validation lies beyond the end.
        "val_interval": recipe["validation_interval"] if split.validation else recipe["epochs"] + 1,
        "entropy": recipe["loss"]["entropy"],
        "focal_gamma": float(recipe["loss"]["focal_gamma"]),
        "optimizer_name": recipe["optimizer"]["name"],
        "rate": float(recipe["optimizer"]["rate"]),
        "weight_decay": float(recipe["optimizer"]["weight_decay"]),
        "momentum": float(recipe["optimizer"]["momentum"]),
        "schedule": recipe["schedule"]["shape"],
        "warmup_steps": recipe["schedule"]["warmup_steps"],
        "power": recipe["schedule"]["power"],
        "average_decay": recipe["average_decay"],
        "clip_norm": recipe["clip_norm"],
        "patience": recipe["patience"],
        "precision": recipe["precision"],
        "ahead": recipe["ahead"],
        "residence": recipe["residence"],
        "compile": recipe["compile"],
        "seed": recipe["seed"],
        "weights": recipe["weights"],
        "tumour_share": recipe["sampling"]["tumour_share"],
        "reach": recipe["sampling"]["reach"],
        "rare_times": recipe["sampling"]["rare_times"],
        "augmentation": {"_target_": "brats3d.train.augmentation.Augmentation", **as_plain(augmentation_of(recipe))},
    }


def config_files(recipe: Mapping[str, Any], split: Split) -> dict[str, bytes]:
    """Return the configs of a bundle by their path in it."""
    texts = {name: template(name) for name in TEMPLATES}
    texts["train.yaml"] = dump(training_values(recipe, split)) + "\n" + texts["train.yaml"]
    texts["common.yaml"] = dump(common_of(recipe))
    return {f"configs/{name}": text.encode() for name, text in sorted(texts.items())}


def dump(values: Mapping[str, Any]) -> str:
    """Return plain data as YAML, lists of numbers on one line."""
    return str(yaml.safe_dump(dict(values), sort_keys=False, default_flow_style=None, width=110))


def start_bundle(folder: Path, recipe: Mapping[str, Any], split: Split) -> None:
    """Write what a bundle holds before it has weights; of one that is resumed, what is not there yet.

    Raises:
        OutputError: it cannot be written.
    """
    for name in FOLDERS:
        make_folder(folder / name)
    metadata = metadata_of(recipe, {"split": split.source})
    metadata["data_source"] = patients_words(training_values(recipe, split), split.source)
    files = {
        **config_files(recipe, split),
        METADATA_FILE: as_json(metadata),
        LICENSE_FILE: template("LICENSE.txt").encode(),
    }
    for name, content in files.items():
        if not (folder / name).is_file():
            write_whole(folder / name, content)


def same_configs(folder: Path, recipe: Mapping[str, Any], split: Split) -> None:
    """Check that a bundle to be resumed has no configs but those that its recipe gives.

    Some may be missing: the start itself may have been interrupted.

    Raises:
        RequestError: a config differs; running what somebody else wrote there is out of question.
        MachineError: it is no bundle.
    """
    files = {folder / name: content for name, content in config_files(recipe, split).items()}
    strange = sorted({each.name for each in folder.iterdir() if each.name[0] != "."} - {*FOLDERS, LICENSE_FILE})
    if strange and not any(path.is_file() for path in files):
        raise MachineError(f"{folder} is no bundle to resume: it holds {strange[0]}; start anew in another folder")
    for path, content in files.items():
        if path.is_file() and (found := path.read_bytes()) not in (content, tuned_as(found, content)):
            pairs = zip(content.splitlines(), found.splitlines(), strict=False)
            ours, theirs = next((pair for pair in pairs if pair[0] != pair[1]), (b"", b"more lines"))
            raise RequestError(
                f"{path} differs from what this recipe gives ({shown(ours)!r} here, {shown(theirs)!r} there); resume "
                "with the same config, --set, --seed and splits, or start anew in another folder"
            )


def tuned_as(found: bytes, content: bytes) -> bytes:
    """Return a config as it would be with the rules that `brats3d tune` put into the one found."""
    try:
        rules = {key: value for key, value in read_plain_yaml(found).items() if key in TUNED}
        return dump({**read_plain_yaml(content), **rules}).encode()
    except BundleError:
        return content  # no plain data, hence not the file that is tuned


def take_back_rules(folder: Path, recipe: Mapping[str, Any], split: Split) -> bool:
    """Give a bundle back the rules of its recipe if it was tuned and is to be trained on; return whether that was so.

    What `brats3d tune` found was of the weights that are about to be replaced.

    Raises:
        OutputError: a file cannot be written.
    """
    path = folder / METADATA_FILE
    metadata = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    about = metadata.get("brats3d", {})
    if "tuning" not in about or about["training"]["steps"] >= recipe["epochs"] * recipe["steps"]:
        return False
    del about["tuning"]
    write_whole(folder / COMMON_FILE, config_files(recipe, split)[COMMON_FILE])
    write_whole(path, as_json(metadata))
    rewrite_card(folder)
    (folder / RELIABILITY_FILE).unlink(missing_ok=True)
    return True


def shown(line: bytes) -> str:
    """Return the beginning of a line of a file that may be anybody's."""
    return line[:60].decode("utf-8", "backslashreplace")


def metadata_of(recipe: Mapping[str, Any], about: Mapping[str, Any]) -> Settings:
    """Return `metadata.json` in MONAI's schema.

    Args:
        recipe: what is trained.
        about: goes under the key `brats3d`.
    """
    modalities = [MODALITY_TITLES[Modality(name)] for name in recipe["modalities"]]
    size = recipe["windows"]["size"]
    shape = [n for n in size if n > 1] if size[2] == 1 else size
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "changelog": {VERSION: "trained"},
        "monai_version": installed_version("monai"),
        "pytorch_version": installed_version("torch").partition("+")[0],
        "numpy_version": installed_version("numpy"),
        "required_packages_version": {
            "brats3d": VERSION,
            **{package: installed_version(package) for package in REQUIRED_PACKAGES},
        },
        "task": "Segmentation of gliomas in brain MRI",
        "description": description_of(recipe),
        "authors": "Whoever trained it, with brats3d",
        "copyright": "See LICENSE",
        "data_type": "nibabel",
        "image_classes": f"{', '.join(modalities)}: co-registered, skull-stripped",
        "label_classes": "whole tumour (WT), tumour core (TC), enhancing tumour (ET), each inside the one before",
        "pred_classes": "logits of WT, TC, ET",
        "intended_use": "Research. Not for diagnosis.",
        "references": ["BraTS: Menze 2015, doi 10.1109/TMI.2014.2377694", "MONAI: Cardoso 2022, arXiv 2211.02701"],
        "network_data_format": {
            "inputs": {"image": tensor_format(modalities, shape, "magnitude", "MR", [-10, 10])},
            "outputs": {"pred": tensor_format(list(REGIONS), shape, "logits", "segmentation", [-100, 100])},
        },
        "brats3d": dict(about),
    }


def description_of(recipe: Mapping[str, Any]) -> str:
    """Return a bundle in one line: its recipe, network, modalities and regions."""
    modalities = ", ".join(MODALITY_TITLES[Modality(name)] for name in recipe["modalities"])
    return f"{recipe['name']}: {recipe['network']} on {modalities}, regions {', '.join(REGIONS)}"


def tensor_format(channels: list[str], shape: list[int], kind: str, form: str, value_range: list[int]) -> Settings:
    """Return how MONAI's metadata describes one tensor."""
    return {
        "type": "image",
        "format": kind,
        "modality": form,
        "num_channels": len(channels),
        "spatial_shape": shape,
        "dtype": "float32",
        "value_range": value_range,
        "is_patch_data": True,
        "channel_def": {str(index): str(name) for index, name in enumerate(channels)},
    }


def describe_bundle(folder: Path, training: Mapping[str, Any]) -> None:
    """Put the hash of the weights and what is known of their training into metadata and model card.

    Args:
        folder: the bundle, its `model.pt` in place.
        training: steps, seconds, device and validation of the run.

    Raises:
        OutputError: a file cannot be written.
    """
    metadata = json.loads((folder / METADATA_FILE).read_text(encoding="utf-8"))
    weights = weights_entry(folder / WEIGHTS_FILE)
    about = metadata.get("brats3d", {})
    if about.get("weights") != weights:
        about.pop("figures", None)  # they were measured with other weights
        metadata.pop("eval_metrics", None)
    metadata["brats3d"] = {**about, "weights": weights, "training": dict(training)}
    last = training.get("last_validation")
    if last and last["epoch"] == training["epochs"] and "figures" not in about:
        metadata["eval_metrics"] = {f"dice_{region}": round(last[f"dice_{region}"], 4) for region in REGIONS}
    write_whole(folder / METADATA_FILE, as_json(metadata))
    rewrite_card(folder)


def as_json(document: Mapping[str, Any]) -> bytes:
    """Return a document as readable ASCII JSON."""
    return (json.dumps(document, indent=1, allow_nan=False) + "\n").encode("ascii")
