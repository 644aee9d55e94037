"""`brats3d tune BUNDLE... --data DATA --splits FILE`: words around `tune_bundles`."""

import argparse

from brats3d.cli.arguments import place
from brats3d.cli.console import as_table, say, show, show_json
from brats3d.vocabulary import REGIONS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("bundles", metavar="BUNDLE", nargs="+", type=place, help="a bundle, or that of each fold")
    parser.add_argument("--data", metavar="DATA", type=place, required=True, help="folder of patients with references")
    parser.add_argument(
        "--splits", metavar="FILE", type=place, required=True, help="JSON: a split, or a list of one a bundle"
    )
    parser.add_argument(
        "--into", metavar="BUNDLE", type=place, action="append", default=[], help="also store the rules in this bundle"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N (default auto)")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Tune, and show what was found and what it brought."""
    from brats3d.study.store import as_metadata, settings_of  # torch and MONAI take seconds to import
    from brats3d.study.tune import TuneRequest, tune_bundles

    request = TuneRequest(tuple(args.bundles), args.data, args.splits, tuple(args.into), args.device)
    tuning = tune_bundles(request, (lambda line: None) if args.quiet else say)
    if args.json:
        show_json({**settings_of(tuning), **as_metadata(tuning)})
        return 0
    rules = tuning.rules
    rows = [
        [
            str(region),
            f"{rules.temperature[region]:g}",
            f"{rules.thresholds[region]:g}",
            f"{rules.parts[region].smallest_ml:g}",
            f"{rules.parts[region].least_probability:g}",
            " to ".join(f"{error:.4f}" for error in tuning.calibration[region]),
        ]
        for region in REGIONS
    ]
    show(as_table(rows, ("region", "temperature", "threshold", "islands ml", "islands p", "calibration error")))
    show(f"smallest enhancing volume: {rules.smallest_enhancing_ml:g} ml")
    for name in tuning.before:
        figures = [getattr(tuning, each)[name] for each in ("before", "after", "nested")]
        show(f"{name}: mean Dice {figures[0]:.4f} to {figures[1]:.4f}; found on the other folds {figures[2]:.4f}")
    show(f"review: {tuning.flags.in_words()}; with limits found on the other folds {tuning.flags_nested.in_words()}")
    return 0
