"""What people see: escaped lines, tables, JSON. Names from disk are untrusted and may forge lines."""

import json
import os
import sys
from collections.abc import Sequence
from typing import Any, TextIO


def printable(text: str) -> str:
    """Return text in which everything unprintable is escaped, so that a name cannot forge a line or colour one.

    >>> printable("a\\nb")
    'a\\\\nb'
    """
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "backslashreplace").decode("ascii")
        for char in text
    )


def write_line(line: str, stream: TextIO) -> None:
    """Write one escaped line; letters the stream cannot encode are written as escapes."""
    encoding = stream.encoding or "ascii"
    write(printable(line).encode(encoding, "backslashreplace").decode(encoding) + "\n", stream)


def write(text: str, stream: TextIO) -> None:
    """Write text; if the reader of the stream went away (`| head`), this and what follows is dropped.

    The work itself goes on, and its exit code stays true.
    """
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        drop(stream)


def drop(stream: TextIO) -> None:
    """Lead a stream nowhere, what it still holds included: Python would try again at its end, and complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def say(line: str) -> None:
    """Write one line to stderr: progress, warnings, errors."""
    write_line(line, sys.stderr)


def show(text: str) -> None:
    """Write lines to stdout: results."""
    for line in text.splitlines() or [""]:
        write_line(line, sys.stdout)


def show_json(document: Any) -> None:
    """Write one JSON document to stdout: ASCII, no NaN."""
    write(json.dumps(document, indent=1, ensure_ascii=True, allow_nan=False) + "\n", sys.stdout)


def as_table(rows: Sequence[Sequence[str]], header: Sequence[str]) -> str:
    """Return rows as columns of equal width, the first flush left and the others flush right."""
    lines = [[printable(str(cell)) for cell in row] for row in (header, *rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
