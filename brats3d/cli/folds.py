"""`brats3d folds`: words around `run_folds`."""

import argparse

from brats3d.cli.arguments import place
from brats3d.cli.console import as_table, say, show, show_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("config", metavar="CONFIG", help="a config file, or the name of a shipped one (resunet)")
    parser.add_argument("--data", metavar="DATA", type=place, required=True, help="folder of patients with references")
    parser.add_argument("-o", "--out", metavar="DIR", type=place, required=True, help="bundles, masks and scores")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--folds", metavar="N", type=int, default=5, help="how many, by sorted id (default 5)")
    which.add_argument("--splits", metavar="FILE", type=place, help="JSON: a list of splits, one a fold")
    parser.add_argument(
        "--set", metavar="KEY=VALUE", action="append", default=[], dest="changes", help="change a key of the config"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N (default auto)")
    parser.add_argument("--cache", metavar="DIR", type=place, help="prepared patients (default within DIR)")
    parser.add_argument("--json", action="store_true", help="print one JSON document: the scores of every protocol")


def run(args: argparse.Namespace) -> int:
    """Train what is not trained yet, segment, score, and show the out-of-fold table."""
    from brats3d.scoring.protocols import PROTOCOLS  # torch and MONAI take seconds to import
    from brats3d.scoring.scores import ScoreStatus
    from brats3d.scoring.table import document_of
    from brats3d.study.folds import FoldsRequest, run_folds
    from brats3d.study.strata import HEADER, strata_rows

    request = FoldsRequest(
        config=args.config,
        data=args.data,
        out=args.out,
        changes=tuple(args.changes),
        splits=args.splits,
        folds=args.folds,
        cache=args.cache,
        device=args.device,
        quiet=args.quiet,
    )
    scores = run_folds(request, (lambda line: None) if args.quiet else say)
    if args.json:
        show_json({"protocols": [document_of(PROTOCOLS[name], cases) for name, cases in scores.items()]})
    else:
        for name, cases in scores.items():
            show(f"out of fold, protocol {name}")
            show(as_table(strata_rows(cases), HEADER))
    whole = all(case.status is ScoreStatus.SCORED for cases in scores.values() for case in cases)
    return 0 if whole else 4
