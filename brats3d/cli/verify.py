"""`brats3d verify OUT`: every mask against its record."""

import argparse

from brats3d.cli.arguments import place


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the folder and the form of the answer."""
    parser.add_argument("out", metavar="OUT", type=place, help="the folder that `brats3d segment` wrote")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Check the folder and say what is not whole."""
    from brats3d.cli.console import as_table, show, show_json
    from brats3d.output.verify import verify

    found = verify(args.out)
    if args.json:
        show_json(found.as_json())
        return found.exit_code
    if found.bad:
        show(as_table([(each.id, each.reason) for each in found.bad], ("not whole", "why")))
    doubt = "" if found.masks or found.bad else "; is this the folder that `brats3d segment` wrote?"
    show(f"{found.whole} of {found.masks} masks are whole{doubt}")
    return found.exit_code
