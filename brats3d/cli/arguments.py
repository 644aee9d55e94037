"""What options have in common: each is given once, and a place on the disk has a name."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any


class Once(argparse.Action):
    """An option that may be given once; argparse would take the last and drop the others in silence."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.is_given = False

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        """Keep the value.

        Raises:
            argparse.ArgumentError: there is one already.
        """
        if self.is_given:
            raise argparse.ArgumentError(self, "may be given once")
        self.is_given = True
        setattr(namespace, self.dest, values)


def place(word: str) -> Path:
    """Return a path.

    Raises:
        argparse.ArgumentTypeError: the word is empty, as an unset variable of a shell is; that is not the folder here.
    """
    if not word:
        raise argparse.ArgumentTypeError("an empty word is no path; for the folder you are in, give .")
    return Path(word)
