"""Measured figures put into a bundle: its metadata and the table of its model card. For those who publish one."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from brats3d.bundle import METADATA_FILE
from brats3d.output.whole import write_whole
from brats3d.train.model_card import CARD_FILE, model_card, patients_words, trained_with
from brats3d.train.write_bundle import as_json
from brats3d.vocabulary import REGIONS


def publish_figures(bundle: Path, metrics: Mapping[str, Any], patients: str) -> None:
    """Write measured Dice and HD95 into a bundle's metadata and model card.

    Args:
        bundle: its folder.
        metrics: one protocol's document as `brats3d evaluate` writes it.
        patients: which patients the figures rest on, in words.

    Raises:
        OutputError: a file cannot be written.
    """
    metadata = json.loads((bundle / METADATA_FILE).read_text(encoding="utf-8"))
    mean = {str(region): rounded(metrics["mean"][region]) for region in REGIONS}
    metadata["brats3d"]["figures"] = {
        "patients": patients,
        "count": len(metrics["cases"]),
        "protocol": metrics["protocol"],
        "mean": mean,
    }
    metadata.setdefault(
        "data_source", patients_words(trained_with(bundle), metadata["brats3d"].get("split", "split not recorded"))
    )
    metadata["eval_metrics"] = {f"dice_{region}": mean[region]["dice"] for region in mean}
    write_whole(bundle / METADATA_FILE, as_json(metadata))
    write_whole(bundle / CARD_FILE, (model_card(bundle, metadata) + figures_table(metrics, patients)).encode())


def rounded(figures: Mapping[str, Any]) -> dict[str, float | None]:
    """Return Dice to four places and HD95 to two; None where undefined."""
    dice, hd95 = figures["dice"], figures["hd95"]
    return {"dice": None if dice is None else round(dice, 4), "hd95": None if hd95 is None else round(hd95, 2)}


def figures_table(metrics: Mapping[str, Any], patients: str) -> str:
    """Return the section of a model card that gives every patient's row, and the mean."""
    head = " | ".join(f"{region} {word}" for word in ("Dice", "HD95 mm") for region in REGIONS)
    lines = [
        "",
        "## Figures",
        "",
        f"Masks of `brats3d segment`, scored by `brats3d evaluate --protocol {metrics['protocol']}` on {patients}.",
        "",
        f"| patient | {head} |",
        "| --- | " + " | ".join(["---"] * 6) + " |",
    ]
    lines += [row(case["id"], case) for case in metrics["cases"]]
    lines.append(row("**mean**", metrics["mean"]))
    return "\n".join(lines) + "\n"


def row(name: str, figures: Mapping[str, Any]) -> str:
    """Return one line of the table."""
    cells = [in_words(figures[region][key], places) for key, places in (("dice", 3), ("hd95", 1)) for region in REGIONS]
    return f"| {name} | {' | '.join(cells)} |"


def in_words(figure: float | None, places: int) -> str:
    """Return a figure with so many places; a dash for a patient whose reference was refused."""
    return "-" if figure is None else f"{figure:.{places}f}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("metrics", type=Path, help="what `brats3d evaluate -o` wrote for masks that the bundle made")
    parser.add_argument("patients", help="on which patients, in words")
    asked = parser.parse_args()
    publish_figures(asked.bundle, json.loads(asked.metrics.read_text(encoding="utf-8")), asked.patients)
