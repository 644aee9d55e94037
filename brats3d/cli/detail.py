"""What `-v` adds: the rooms say by Python's logging what they do, and here it is shown on stderr."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from brats3d.cli.console import say


class Shown(logging.Handler):
    """Writes what is logged above a progress bar, escaped as every line is: it holds names from the disk."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        from tqdm import tqdm

        with tqdm.external_write_mode(file=sys.stderr):
            say(record.getMessage())


@contextmanager
def detail(wanted: bool) -> Iterator[None]:
    """Show what the package logs while the block lasts, if it is wanted; else leave logging as it is."""
    if not wanted:
        yield
        return
    logger, handler = logging.getLogger("brats3d"), Shown()
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.setLevel(before)
        logger.removeHandler(handler)
