"""The table of commands, and the rim where errors become one line and an exit code."""

import argparse
import errno
import importlib
import os
import sys
import traceback
from pathlib import Path
from types import ModuleType

from brats3d.cli.arguments import Once, place
from brats3d.cli.console import drop, say
from brats3d.cli.detail import detail
from brats3d.cli.interrupts import cause_of, install
from brats3d.errors import Brats3dError, Interrupted, MachineError, OutputError, interrupt_code
from brats3d.version import VERSION

COMMANDS: dict[str, str] = {
    "cases": "find the patients under folders, read every file, and say what is wrong",
    "segment": "write a mask for every patient under folders",
    "evaluate": "score masks against references",
    "train": "train a network and write a complete MONAI bundle",
    "folds": "train every fold of a cross-validation, and score each patient by the one that never saw it",
    "tune": "find thresholds and other rules on patients that a bundle never saw, and store them in it",
    "verify": "check every mask of an output folder against its record",
    "bundle": "say what a bundle is and whether it is whole",
    "demo": "the whole way on made-up patients",
    "phantom": "write made-up patients",
}
"""Each command and its line of help; the module of the same name in this folder adds its arguments and runs it."""

MODULES: dict[str, str] = {name: f"brats3d.cli.{name}" for name in COMMANDS}


def module_of(command: str) -> ModuleType:
    """Import the file of one command: `add_arguments(parser)` and `run(args) -> int`."""
    return importlib.import_module(MODULES[command])


def build_parser(chosen: str | None) -> argparse.ArgumentParser:
    """Return the parser; only the chosen command's file is imported, so that help stays fast."""
    parser = argparse.ArgumentParser(
        prog="brats3d",
        description="Segment gliomas in 3D MRI. Research software: not for diagnosis.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"brats3d {VERSION}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, words in COMMANDS.items():
        description = f"{words[0].upper()}{words[1:]}."
        # A shortened option would mean something else, or nothing, once there is another that begins like it.
        sub = commands.add_parser(name, help=words, description=description, allow_abbrev=False)
        sub.register("action", None, Once)
        if name == chosen:
            module_of(name).add_arguments(sub)
            add_common_arguments(sub)
    return parser


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that every command has."""
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress")
    parser.add_argument("-v", "--verbose", action="store_true", help="more detail")
    parser.add_argument("--log-file", metavar="FILE", type=place, help="write tracebacks to FILE")


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code; tests call this in-process."""
    words = sys.argv[1:] if argv is None else list(argv)
    chosen = next((word for word in words if word in COMMANDS), None)
    args = build_parser(chosen).parse_args(words)
    try:
        with detail(args.verbose and not args.quiet):
            return int(module_of(args.command).run(args))
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the rim: any error becomes one line and a code
        log_traceback(args.log_file, error)
        return tell(error if isinstance(error, Interrupted) else cause_of(error), args.log_file)


def tell(error: BaseException, log_file: Path | None) -> int:
    """Say in one line what ended the command, and return the exit code."""
    if isinstance(error, Brats3dError):
        say(f"brats3d: {error}")
        return error.exit_code
    if isinstance(error, KeyboardInterrupt):
        say("brats3d: interrupted")
        return interrupt_code(error)
    fault = machine_fault(error)
    if fault is not None:
        say(f"brats3d: {fault}")
        return fault.exit_code
    where = "see the log file" if log_file else "run again with --log-file FILE for the traceback"
    say(f"brats3d: a bug of the program: {type(error).__name__}: {error} ({where})")
    return 1


def machine_fault(error: BaseException) -> MachineError | None:
    """Return what an error of Python or torch says of the machine; None where it says nothing of it."""
    from brats3d.predict.memory import is_out_of_memory

    if is_out_of_memory(error):
        return MachineError("not enough memory; end other programs, or take a machine with more, and run again")
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutputError(f"{error.filename or 'output'}: the disk is full; make room and run again")
    return None


def log_traceback(log_file: Path | None, error: BaseException, heading: str = "") -> None:
    """Append the traceback of an error to the log file, if there is one.

    Where the program stood and what kind of error it was, and no error's own words: they hold names of patients and
    paths. The words are for the user's own terminal.
    """
    if log_file is None:
        return
    stack = traceback.TracebackException.from_exception(error)
    try:
        with log_file.open("a", encoding="utf-8", errors="backslashreplace") as log:
            log.writelines(f"{line}\n" for line in (heading, *wordless(stack)) if line)
    except OSError as error:
        say(f"brats3d: {log_file}: the log cannot be written ({error.strerror}); name another file")


def wordless(error: traceback.TracebackException) -> list[str]:
    """Return the traceback of an error and, before it, of those that led to it, without what they say."""
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    lines = [line.rstrip("\n") for line in error.stack.format()]
    return [*(wordless(earlier) if earlier else ()), *lines, error.exc_type.__name__ if error.exc_type else ""]


def entry() -> None:
    """Be the console script."""
    sys.stdout, sys.stderr = (stream or open(os.devnull, "w") for stream in (sys.stdout, sys.stderr))  # noqa: SIM115
    try:
        install()
        code = main()
    except KeyboardInterrupt as error:  # before or after the command itself
        code = interrupt_code(error)
    try:
        sys.stdout.flush()
    except OSError:
        drop(sys.stdout)
    sys.exit(code)
