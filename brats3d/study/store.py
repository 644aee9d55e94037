"""Tuned rules written into a bundle: `common.yaml`, the metadata that say what they brought, the model card."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from brats3d.bundle import COMMON_FILE, METADATA_FILE, Limits, check_definition, read_metadata, read_plain_yaml
from brats3d.output.whole import write_whole
from brats3d.study.flags import FlagRates
from brats3d.study.rules import Rules
from brats3d.train.model_card import rewrite_card, template
from brats3d.train.write_bundle import as_json, dump
from brats3d.vocabulary import REGIONS, Measure, Region


@dataclass(frozen=True, slots=True)
class Tuning:
    """What was found, and what it brought on the held-out patients."""

    patients: int
    rules: Rules
    before: Mapping[str, float]
    """Mean Dice of the regions by protocol, without any rule."""
    after: Mapping[str, float]
    """With the rules, on the patients that they were found on."""
    nested: Mapping[str, float]
    """With thresholds and rules found on the other folds."""
    calibration: Mapping[Region, tuple[float, float]]
    """Expected calibration error in the brain: as trained, and with temperatures found on the other folds."""
    limits: Mapping[Measure, Limits]
    """Of the review, where others hold than before."""
    flags: FlagRates
    flags_nested: FlagRates
    """With limits found on the other folds."""


INFERENCE_FILE = "configs/inference.yaml"


def store(bundle: Path, tuning: Tuning, *, of_other_weights: bool = False) -> None:
    """Put rules into a bundle; weights and everything else stay as they are.

    Args:
        bundle: its folder.
        tuning: the rules.
        of_other_weights: whether they were found with other bundles of the same recipe.

    Raises:
        BundleError: its `common.yaml` is refused.
        OutputError: a file cannot be written.
    """
    known, metadata = read_plain_yaml((bundle / COMMON_FILE).read_bytes()), read_metadata(bundle)
    found = settings_of(tuning)
    settings = {**known, **found, "review": {**untuned(known.get("review", {}), metadata), **found["review"]}}
    check_definition(settings)
    metadata["brats3d"]["tuning"] = {**as_metadata(tuning), "of_other_weights": of_other_weights}
    metadata["brats3d"].pop("figures", None)  # they were measured with other rules
    metadata.pop("eval_metrics", None)
    write_whole(bundle / INFERENCE_FILE, template("inference.yaml").encode())  # an older one knows no such rules
    # First what says that it is tuned: its masks of those patients would pass for out-of-fold ones without.
    write_whole(bundle / METADATA_FILE, as_json(metadata))
    write_whole(bundle / COMMON_FILE, dump(settings).encode())
    rewrite_card(bundle)


def untuned(review: Mapping[Measure, Limits], metadata: Mapping[str, Any]) -> dict[Measure, Limits]:
    """Return the limits of a bundle's review that its recipe gave it, without those that a tuning found."""
    found = metadata["brats3d"].get("tuning", {}).get("review", ())
    return {name: limits for name, limits in review.items() if name not in found}


def settings_of(tuning: Tuning) -> dict[str, Any]:
    """Return what a tuning puts into `common.yaml`."""
    rules = tuning.rules
    return {
        "thresholds": by_name(rules.thresholds),
        "temperature": by_name(rules.temperature),
        "islands": {
            "smallest_ml": by_name(rules.islands.smallest_ml),
            "least_probability": by_name(rules.islands.least_probability),
        },
        "smallest_enhancing_ml": rules.smallest_enhancing_ml,
        "review": {str(measure): [closed(low), closed(high)] for measure, (low, high) in tuning.limits.items()},
    }


def by_name(values: Mapping[Region, float]) -> dict[str, float]:
    """Return plain data by the names of the regions."""
    return {str(region): float(values[region]) for region in REGIONS}


def closed(limit: float) -> float | None:
    """Return a limit as a bundle says it: None where it is open."""
    return float(limit) if math.isfinite(limit) else None


def as_metadata(tuning: Tuning) -> dict[str, Any]:
    """Return what the bundle's metadata say of it."""

    def rounded(means: Mapping[str, float]) -> dict[str, float]:
        return {name: round(value, 4) for name, value in means.items()}

    return {
        "held_out_patients": tuning.patients,
        "mean_dice": {name: rounded(getattr(tuning, name)) for name in ("before", "after", "nested")},
        "calibration_error": {
            str(region): {"before": round(before, 5), "after": round(after, 5)}
            for region, (before, after) in tuning.calibration.items()
        },
        "review": [str(measure) for measure in tuning.limits],
        "flags": asdict(tuning.flags),
        "flags_nested": asdict(tuning.flags_nested),
    }
