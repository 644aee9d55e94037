"""`brats3d evaluate`: masks against references, or against the rules of a challenge's portal."""

import argparse
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tqdm import tqdm

from brats3d.cli.arguments import place
from brats3d.cli.console import as_table, say, show, show_json
from brats3d.errors import RequestError
from brats3d.output.whole import make_folder

if TYPE_CHECKING:
    from brats3d.scoring.folder import Comparison
    from brats3d.scoring.pairs import Pair

    Item = TypeVar("Item", Path, Pair)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this command takes."""
    parser.add_argument("predictions", metavar="PREDICTIONS", type=place, help="a folder of <id>.nii.gz")
    parser.add_argument(
        "references",
        metavar="REFERENCES",
        type=place,
        nargs="?",
        help="patient folders of any layout, or a folder of <id>.nii.gz",
    )
    parser.add_argument(
        "--protocol",
        metavar="NAME",
        action="append",
        help="brats2020 (whole regions; the default), brats2023 or brats2024 (lesion-wise), brats2026 (matched parts); "
        "may be given again",
    )
    parser.add_argument(
        "--check-submission",
        metavar="YEAR",
        help="score nothing: check PREDICTIONS by the rules of that year's portal; REFERENCES is then not given",
    )
    parser.add_argument("-o", "--out", metavar="OUT", type=place, help="also write metrics_<protocol>.csv and .json")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--label-scheme", metavar="NAME", help="what the references' labels mean")
    parser.add_argument(
        "--prediction-scheme", metavar="NAME", help="what the predictions' labels mean where no sidecar says it"
    )


def run(args: argparse.Namespace) -> int:
    """Score, or check a submission; 4 where a reference has no sound prediction, or a portal would refuse a file."""
    if args.check_submission is not None:
        refuse_scoring_options(args)
        return check(args)
    if args.references is None:
        raise RequestError("name the REFERENCES after PREDICTIONS, or give --check-submission YEAR")
    return score(args)


def refuse_scoring_options(args: argparse.Namespace) -> None:
    """Refuse what says how to score beside the wish not to score.

    Raises:
        RequestError: such an option is given; it would do nothing.
    """
    scoring = {
        "REFERENCES": args.references,
        "--protocol": args.protocol,
        "-o": args.out,
        "--label-scheme": args.label_scheme,
        "--prediction-scheme": args.prediction_scheme,
    }
    given = [name for name, value in scoring.items() if value is not None]
    if given:
        raise RequestError(f"--check-submission scores nothing and takes no {', '.join(given)}; leave that out")


def check(args: argparse.Namespace) -> int:
    """Check a submission and print what a portal would refuse."""
    from brats3d.scoring.submission import check_submission

    found = check_submission(
        args.predictions, args.check_submission, one_by_one=lambda paths: with_progress(paths, args.quiet, "file")
    )
    if found.others:
        say(f"{args.predictions}: beside the masks stand records of brats3d ({found.others}); pack the .nii.gz alone")
    if args.json:
        show_json(found.as_json())
        return found.exit_code
    if found.bad:
        show(as_table([(each.file, each.reason) for each in found.bad], ("refused", "why")))
    show(f"{found.sound} of {found.masks} masks are sound by the rules of {found.year}")
    return found.exit_code


def score(args: argparse.Namespace) -> int:
    """Score, write, then print."""
    from brats3d.scoring.folder import compare  # SciPy takes a moment to import; help must not wait for it
    from brats3d.scoring.protocols import DEFAULT_PROTOCOL, PROTOCOLS
    from brats3d.scoring.scores import ScoreStatus
    from brats3d.scoring.table import document_of, write_tables

    if args.out is not None:
        check_out(args.out, args.references)
        make_folder(args.out)
    comparison = compare(
        args.predictions,
        args.references,
        args.protocol or (DEFAULT_PROTOCOL,),
        args.label_scheme,
        args.prediction_scheme,
        one_by_one=lambda pairs: with_progress(pairs, args.quiet, "patient"),
    )
    scored = [(PROTOCOLS[name], cases) for name, cases in comparison.scores.items()]
    if args.out is not None:
        for protocol, cases in scored:
            write_tables(args.out, protocol, cases)
    tell(comparison)
    if args.json:
        documents = [document_of(protocol, cases) for protocol, cases in scored]
        show_json(documents[0] if len(documents) == 1 else {"protocols": documents})
    else:
        show_tables(comparison)
    whole = all(case.status is ScoreStatus.SCORED for _, cases in scored for case in cases)
    return 0 if whole else 4


def check_out(out: Path, references: Path) -> None:
    """Refuse to write where a file stands, or among the references.

    Raises:
        RequestError: OUT is a file, or lies inside REFERENCES.
    """
    if os.path.lexists(out) and not os.path.isdir(out):
        raise RequestError(f"{out} is a file; name a folder")
    if out.resolve().is_relative_to(references.resolve()):
        raise RequestError(f"{out} lies inside the references; name a folder elsewhere")


def with_progress(items: "Sequence[Item]", quiet: bool, unit: str) -> "Iterator[Item]":
    """Yield pairs or files behind a progress bar; where stderr is no terminal, one line each remains."""
    bar = tqdm(items, unit=unit, leave=False, disable=True if quiet else None)
    for index, item in enumerate(bar, start=1):
        if bar.disable and not quiet:
            say(f"{index}/{len(items)} {item.name if isinstance(item, Path) else item.id}")
        yield item


def tell(comparison: "Comparison") -> None:
    """Say on stderr what was left over, refused, missing or remarked, each once."""
    from brats3d.scoring.scores import ScoreStatus

    for name in comparison.unmatched:
        say(
            f"{name}: this prediction has no reference; it is not scored: add the reference, or take {name}.nii.gz away"
        )
    cases = next(iter(comparison.scores.values()))
    if all(case.status is ScoreStatus.MISSING for case in cases):
        say("no prediction belongs to any reference: the masks come first, then the patients; are they in this order?")
    if comparison.without_scheme:
        say(
            f"predictions without a record beside them ({comparison.without_scheme}): labels are read as the protocol "
            "has them; --prediction-scheme NAME says otherwise"
        )
    lines = (f"{case.id}: {case.message}" for cases in comparison.scores.values() for case in cases if case.message)
    for line in dict.fromkeys(lines):
        say(line)


def show_tables(comparison: "Comparison") -> None:
    """Print a table for each protocol: its rules, the cases, mean and median."""
    from brats3d.scoring.protocols import PROTOCOLS
    from brats3d.scoring.table import terminal_table, title_of

    for index, (name, cases) in enumerate(comparison.scores.items()):
        header, rows = terminal_table(PROTOCOLS[name], cases)
        show(("\n" if index else "") + title_of(PROTOCOLS[name]))
        show(as_table(rows, header))
