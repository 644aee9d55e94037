"""`brats3d segment DATA... -o OUT`: a mask and a record for every patient under folders."""

import argparse
from typing import TYPE_CHECKING

from brats3d.cli.arguments import place
from brats3d.vocabulary import REGIONS

if TYPE_CHECKING:
    from brats3d.batch.summary import Outcome

REGION_COLUMNS = [f"{region} ml" for region in REGIONS]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what to segment, with what, and how."""
    parser.add_argument("data", metavar="DATA", nargs="+", type=place, help="folders of patients, or a patient's own")
    parser.add_argument("-o", "--out", metavar="OUT", type=place, required=True, help="where masks and records go")
    words = "a shipped bundle's name, or a folder; given several times, their logits are averaged"
    parser.add_argument("-b", "--bundle", metavar="DIR|NAME", action="append", help=words)
    parser.add_argument("--device", type=device, default="auto", metavar="auto|cpu|cuda|cuda:N", help="default auto")
    parser.add_argument("--engine", choices=("auto", "torch"), default="auto", help="what computes the network")
    parser.add_argument("--precision", choices=("auto", "float32", "bfloat16"), default="auto", help="default auto")
    parser.add_argument("--overlap", type=float, metavar="X", help="window overlap, 0 to 0.9; default the bundle's")
    parser.add_argument("--tta", action="store_true", help="test-time augmentation: mean over flips; slower")
    parser.add_argument("--probabilities", action="store_true", help="also OUT/probabilities/<id>.nii.gz; 255 is 1")
    parser.add_argument("--uncertainty", action="store_true", help="also OUT/uncertainty/<id>.nii.gz; slower")
    parser.add_argument("--threads", type=threads, metavar="N", help="processor threads; default all")
    parser.add_argument("--label-scheme", metavar="NAME", help="the labels written; default the layout's own")
    parser.add_argument("--overwrite", action="store_true", help="do again what is already whole")
    words = "accept patients that lack modalities which the bundle can spare"
    parser.add_argument("--allow-missing", action="store_true", help=words)
    parser.add_argument("--layout", metavar="NAME", help="how DATA names its files; found by itself")
    parser.add_argument("--json", action="store_true", help="print summary.json")


def row(outcome: "Outcome") -> tuple[str, ...]:
    """Return one patient's line of the closing table: what became of it, and the volumes of its regions."""
    seconds = "" if outcome.seconds is None else f"{outcome.seconds:.1f}"
    volumes = [f"{outcome.volumes_ml[each]:.1f}" if each in outcome.volumes_ml else "" for each in REGIONS]
    return (outcome.id, str(outcome.status), seconds, *volumes)


def device(word: str) -> str:
    """Return the name of a device.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    if word in ("auto", "cpu", "cuda") or (word.startswith("cuda:") and word[5:].isdecimal()):
        return word
    raise argparse.ArgumentTypeError(f"{word!r} is none of auto, cpu, cuda, cuda:N")


def threads(word: str) -> int:
    """Return a number of threads.

    Raises:
        argparse.ArgumentTypeError: it is no whole number from 1.
    """
    if not word.isdecimal() or int(word) < 1:
        raise argparse.ArgumentTypeError(f"{word!r} is no whole number from 1")
    return int(word)


def run(args: argparse.Namespace) -> int:
    """Find the patients, segment them, and show the summary."""
    from brats3d.batch.preconditions import check_out
    from brats3d.batch.segment import Options, segment_folder
    from brats3d.cases.find import find_cases
    from brats3d.cli.console import as_table, show, show_json
    from brats3d.cli.progress import progress

    check_out(args.out, args.data)
    cases = find_cases(args.data, layout=args.layout, allow_missing=args.allow_missing)
    options = Options(
        device=args.device,
        engine=args.engine,
        precision=args.precision,
        overlap=args.overlap,
        tta=args.tta,
        threads=args.threads,
        probabilities=args.probabilities,
        uncertainty=args.uncertainty,
    )
    with progress(len(cases), quiet=args.quiet, verbose=args.verbose, log_file=args.log_file) as listener:
        summary = segment_folder(
            cases,
            args.out,
            **({} if args.bundle is None else {"bundle": args.bundle}),
            options=options,
            overwrite=args.overwrite,
            label_scheme=args.label_scheme,
            listener=listener,
        )
    if args.json:
        show_json(summary.as_json())
    else:
        show(as_table([row(each) for each in summary.cases], ("patient", "status", "seconds", *REGION_COLUMNS)))
        show(", ".join(f"{count} {status}" for status, count in summary.counts.items()))
    return summary.exit_code
