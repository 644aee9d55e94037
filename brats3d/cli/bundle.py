"""`brats3d bundle`: what a bundle is and whether it is whole; alone, the shipped ones."""

import argparse
import math
from typing import TYPE_CHECKING, Any

from brats3d.cli.console import as_table, printable, say, show, show_json
from brats3d.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from brats3d.bundle import Bundle
    from brats3d.vocabulary import Region


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("bundle", nargs="?", metavar="NAME|DIR", help="a shipped bundle or a folder; none lists them")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")


def run(args: argparse.Namespace) -> int:
    """Describe one bundle, or list the shipped ones; 3 where one is damaged."""
    from brats3d.bundle import DEFAULT_BUNDLE, shipped_bundles

    if args.bundle is not None:
        document = looked_at(args.bundle)
        show_json(document) if args.json else show(as_lines(document))
        return exit_code([document])
    documents = [{"default": name == DEFAULT_BUNDLE, **looked_at(name)} for name in shipped_bundles()]
    show_json({"bundles": documents}) if args.json else show(as_listing(documents))
    return exit_code(documents)


def looked_at(name: str) -> dict[str, Any]:
    """Return what is known of a bundle; one that is damaged or refused is said to be, with the reason.

    Raises:
        BundleError: there is no such bundle.
    """
    from brats3d.bundle import find_bundle, open_bundle

    folder = find_bundle(name)
    try:
        return described(open_bundle(name))
    except BundleError as error:
        return {"name": folder.name, "whole": False, "reason": str(error)}


def described(bundle: "Bundle") -> dict[str, Any]:
    """Return a bundle as plain data."""
    from brats3d.networks import divisor
    from brats3d.vocabulary import REGIONS

    missing = bundle.missing_files
    about = bundle.metadata.get("brats3d", {})
    return {
        "name": bundle.name,
        "folder": str(bundle.folder),
        "version": bundle.version,
        "whole": not missing,
        **({"reason": f"missing: {', '.join(missing)}"} if missing else {}),
        "sha256": bundle.sha256,
        "network": dict(bundle.network_def),
        "divisor": list(divisor(bundle.network_def)),
        "regions": [str(region) for region in REGIONS],
        "modalities": [str(modality) for modality in bundle.modalities],
        "serves": [[str(modality) for modality in subset] for subset in bundle.serves],
        "preparation": bundle.preparation.as_settings(),
        "windows": {"size": list(bundle.windows.size), "overlap": bundle.windows.overlap},
        "temperature": numbers(bundle.temperature),
        "thresholds": numbers(bundle.thresholds),
        "islands": {
            "smallest_ml": numbers(bundle.islands.smallest_ml),
            "least_probability": numbers(bundle.islands.least_probability),
        },
        "smallest_enhancing_ml": bundle.smallest_enhancing_ml,
        "review": {str(measure): [finite(end) for end in ends] for measure, ends in bundle.review.items()},
        "description": bundle.metadata.get("description"),
        "data": bundle.metadata.get("data_source"),
        "weights": {"bytes": bundle.weights_bytes, "sha256": bundle.weights_sha256},
        "figures": about.get("figures"),
    }


def numbers(by_region: "Mapping[Region, float]") -> dict[str, float]:
    """Return one number a region as plain data."""
    return {str(region): value for region, value in by_region.items()}


def finite(end: float) -> float | None:
    """Return the end of a limit as JSON knows it: None where it is open."""
    return end if math.isfinite(end) else None


def as_lines(document: dict[str, Any]) -> str:
    """Return a bundle's description as two columns."""
    rows = [(key, words_of(value)) for key, value in document.items() if value not in (None, {})]
    width = max(len(key) for key, _ in rows)
    return "\n".join(f"{key.ljust(width)}  {value}" for key, value in rows)


def words_of(value: Any) -> str:
    """Return a value for people, on one line."""
    if isinstance(value, dict):
        between = "; " if any(isinstance(each, dict) for each in value.values()) else ", "
        return between.join(f"{printable(str(key))} {words_of(each)}" for key, each in value.items())
    if isinstance(value, list):
        between = ", " if any(isinstance(each, list) for each in value) else " "
        return between.join(words_of(each) for each in value)
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else printable(str(value))


def as_listing(documents: list[dict[str, Any]]) -> str:
    """Return the shipped bundles as a table, the default marked."""
    rows = [
        (
            f"{each['name']}{' (default)' if each['default'] else ''}",
            str(each.get("version", "-")),
            str(each.get("network", {}).get("_target_", "-")),
            " ".join(each.get("modalities", [])) or "-",
            "yes" if each["whole"] else "no",
        )
        for each in documents
    ]
    return as_table(rows, ("bundle", "version", "network", "modalities", "whole"))


def exit_code(documents: list[dict[str, Any]]) -> int:
    """Say on stderr what is wrong, and return 3 if anything is."""
    broken = [each for each in documents if not each["whole"]]
    for each in broken:
        is_told = each["reason"].startswith("bundle ")  # by what refused it
        say(f"brats3d: {'' if is_told else 'bundle ' + each['name'] + ' is not whole: '}{each['reason']}")
    return 3 if broken else 0
