"""`brats3d train`: words around `train_bundle`."""

import argparse

from brats3d.cli.arguments import place
from brats3d.cli.console import say
from brats3d.errors import RequestError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("config", metavar="CONFIG", help="a config file, or the name of a shipped one (resunet)")
    parser.add_argument("--data", metavar="DATA", type=place, required=True, help="folder of patients with references")
    parser.add_argument("-o", "--out", metavar="BUNDLE", type=place, help="the bundle to write")
    parser.add_argument("--sheet", metavar="FILE.png", type=place, help="draw augmented patches and train nothing")
    parser.add_argument(
        "--splits", metavar="FILE", type=place, help='JSON: {"train": [ids], "validation": [ids]}, or a list'
    )
    parser.add_argument("--fold", metavar="K", type=int, help="which fold, from 1")
    parser.add_argument("--folds", metavar="N", type=int, help="how many folds, where no file names them")
    parser.add_argument(
        "--set", metavar="KEY=VALUE", action="append", default=[], dest="changes", help="change a key of the config"
    )
    parser.add_argument("--seed", metavar="N", type=int, help="the same as --set seed=N")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint of BUNDLE")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N (default auto)")
    parser.add_argument(
        "--max-minutes", metavar="M", type=float, default=0.0, help="end after the epoch that is over M"
    )
    parser.add_argument(
        "--cache", metavar="DIR", type=place, help="prepared patients (default .brats3d-cache by BUNDLE)"
    )


def run(args: argparse.Namespace) -> int:
    """Train, and say what was decided on the way."""
    from brats3d.train.request import TrainingRequest
    from brats3d.train.run import draw_patches, train_bundle  # torch and MONAI take seconds to import

    if args.out is None and args.sheet is None:
        raise RequestError("say where the bundle goes, with -o BUNDLE, or ask for a --sheet FILE.png alone")

    changes = [*args.changes, *([f"seed={args.seed}"] if args.seed is not None else [])]
    request = TrainingRequest(
        config=args.config,
        data=args.data,
        out=args.out or args.sheet,
        changes=tuple(changes),
        splits=args.splits,
        fold=args.fold,
        folds=args.folds,
        cache=args.cache,
        device=args.device,
        max_minutes=args.max_minutes,
        resume=args.resume,
        quiet=args.quiet,
    )
    tell = (lambda line: None) if args.quiet else say
    if args.sheet is not None:
        draw_patches(request, args.sheet, tell)
    else:
        train_bundle(request, tell)
    return 0
