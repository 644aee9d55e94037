"""`brats3d demo`: the whole way on made-up patients."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from brats3d.cli.arguments import place

if TYPE_CHECKING:
    from brats3d.demo.result import DemoResult

DEFAULT_OUT = Path("brats3d-demo")
PLAINLY = (
    "All these patients are made up: the figures show that the whole way works, and say nothing about real tumours. "
    "brats3d is research software, not for diagnosis."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add where everything goes."""
    parser.add_argument(
        "-o",
        "--out",
        metavar="DIR",
        type=place,
        default=DEFAULT_OUT,
        help=f"where everything goes (default ./{DEFAULT_OUT}); an earlier demo there is taken up again",
    )


def run(args: argparse.Namespace) -> int:
    """Run the demo, and show its figures and where everything lies."""
    from brats3d.cli.console import say, show
    from brats3d.demo.run import run_demo  # NumPy takes a moment to import; help must not wait for it

    result = run_demo(args.out, (lambda line: None) if args.quiet else say, quiet=args.quiet)
    show(tables_of(result))
    show(places_of(result))
    show(f"\n{PLAINLY}")
    return result.exit_code


def tables_of(result: "DemoResult") -> str:
    """Return the Dice of every patient, a table for each bundle."""
    from brats3d.cli.console import as_table
    from brats3d.vocabulary import REGIONS

    header = ("patient", *(f"Dice {region}" for region in REGIONS))
    return "\n".join(f"\n{part.title}\n{as_table(part.rows(), header)}" for part in result.parts)


def places_of(result: "DemoResult") -> str:
    """Return where masks, records, figures, the network, its learning curve and the pictures lie."""
    lines = [f"\n{result.seconds:.0f} s in all. What was made:"]
    for part in result.parts:
        lines.append(f"  masks and records  {part.masks}   figures  {part.tables}")
    lines.append(f"  network            {result.network}   learning curve  {result.curve}")
    lines += [f"  picture            {picture}" for picture in result.pictures]
    return "\n".join(lines)
