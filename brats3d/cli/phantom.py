"""`brats3d phantom`: made-up patients."""

import argparse
import sys

from brats3d.cases.layouts import LAYOUTS
from brats3d.cli.arguments import place
from brats3d.cli.console import show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this command takes."""
    parser.add_argument("-o", "--out", metavar="DIR", type=place, required=True, help="the folder to write them to")
    parser.add_argument("-n", dest="count", metavar="N", type=int, default=3, help="how many (default 3)")
    parser.add_argument(
        "--layout",
        metavar="NAME",
        default="brats2020",
        help=f"how files are named: {', '.join(LAYOUTS)} (default brats2020)",
    )
    parser.add_argument(
        "--shape",
        metavar=("X", "Y", "Z"),
        nargs=3,
        type=int,
        help="voxels of 1 mm (default 240 240 155); in a small volume the head is scaled down",
    )
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="equal seeds give equal files (default 0)")


def run(args: argparse.Namespace) -> int:
    """Write the patients and print the name of each."""
    from tqdm import tqdm

    from brats3d.phantom.files import write_each  # NumPy takes a moment to import; help must not wait for it
    from brats3d.phantom.frame import STANDARD_SHAPE

    shape = tuple(args.shape or STANDARD_SHAPE)
    patients = write_each(args.out, args.count, args.layout, shape, args.seed)
    hidden = args.quiet or not sys.stderr.isatty()
    with tqdm(total=args.count, unit="patient", file=sys.stderr, leave=False, disable=hidden) as bar:
        for patient_id in patients:
            with bar.external_write_mode():
                show(patient_id)
            bar.update()
    show(f"{args.count} made-up patients of layout {args.layout} in {args.out}")
    return 0
