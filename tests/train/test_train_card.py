"""Measured figures in a bundle's metadata and model card."""

import json
from pathlib import Path

import yaml

from brats3d.bundle import open_bundle
from brats3d.train.card import publish_figures, row

FIGURES = {"dice": 0.91234, "hd95": 3.456}
EMPTY = {"dice": 0.0, "hd95": 373.1287}


def metrics() -> dict[str, object]:
    """Return what `brats3d evaluate` writes for two patients."""
    first = {"id": "a", "status": "scored", "WT": FIGURES, "TC": FIGURES, "ET": FIGURES}
    second = {"id": "b", "status": "scored", "WT": FIGURES, "TC": FIGURES, "ET": EMPTY}
    mean = {"WT": FIGURES, "TC": FIGURES, "ET": {"dice": 0.45617, "hd95": 188.29}}
    return {"protocol": "brats2020", "cases": [first, second], "mean": mean}


def test_figures_stand_in_metadata_and_card_and_leave_the_bundle_whole(tiny_bundle: Path) -> None:
    before = open_bundle(tiny_bundle)
    describe(tiny_bundle)
    publish_figures(tiny_bundle, metrics(), "two patients")
    after = open_bundle(tiny_bundle)
    assert after.sha256 == before.sha256
    assert after.metadata["brats3d"]["figures"]["mean"]["ET"] == {"dice": 0.4562, "hd95": 188.29}
    card = (tiny_bundle / "docs/README.md").read_text()
    assert "| patients | 2 to train on, 1 to validate on (a list) |" in card
    assert "| recipe | random patches of 8 x 8 x 8 voxels, 3 a step; AdamW, rate 0.001; " in card
    assert "| b | 0.912 | 0.912 | 0.000 | 3.5 | 3.5 | 373.1 |" in card


def test_a_patient_without_figures_has_a_row_of_dashes() -> None:
    nothing = {"dice": None, "hd95": None}
    assert row("c", {"WT": nothing, "TC": nothing, "ET": nothing}) == "| c | - | - | - | - | - | - |"


def describe(folder: Path) -> None:
    """Give a bundle the training record that a card speaks of."""
    path = folder / "configs/metadata.json"
    metadata = json.loads(path.read_text())
    metadata["description"] = "a tiny network"
    training = {
        "steps": 1,
        "epochs": 1,
        "seconds": 2.0,
        "device": "a processor",
        "precision": "float32",
        "last_validation": None,
    }
    metadata["brats3d"].update(training=training, split="a list")
    trained = {"train_ids": ["a", "b"], "validation_ids": ["c"], "patch": [8, 8, 8], "batch": 3, "rate": 0.001}
    (folder / "configs/train.yaml").write_text(
        yaml.safe_dump({**trained, "average_decay": 0.9, "seed": 0, "epochs": 1, "steps": 1})
    )
    path.write_text(json.dumps(metadata))
