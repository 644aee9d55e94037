"""What plain values an argument of a network may take; a stranger's numbers must not take the machine down."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from brats3d.settings import is_number

MAX_ENTRIES = 12
"""The longest list: one entry a stage, and no network here has more than eight stages."""


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument's rule."""

    wants: str
    """What it takes, in words for messages."""
    holds: Callable[[Any], bool]
    """Whether a value is such."""


def is_whole(value: Any, low: int, high: int) -> bool:
    """Return whether a value is an integer (no bool) from `low` to `high`, both in."""
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def whole(low: int, high: int) -> Argument:
    """Return the rule of an integer from `low` to `high`, both in."""
    return Argument(f"a whole number from {low} to {high}", lambda value: is_whole(value, low, high))


def number(low: float, high: float) -> Argument:
    """Return the rule of a number from `low` to `high`, both in."""

    def holds(value: Any) -> bool:
        return is_number(value) and low <= value <= high

    return Argument(f"a number from {low} to {high}", holds)


def truth() -> Argument:
    """Return the rule of true or false."""
    return Argument("true or false", lambda value: isinstance(value, bool))


def wholes(low: int, high: int) -> Argument:
    """Return the rule of a list, one entry a stage: an integer, or a list of one an axis."""

    def entry(value: Any) -> bool:
        return is_whole(value, low, high) or is_row(value, low, high)

    def holds(value: Any) -> bool:
        return isinstance(value, list) and 1 <= len(value) <= MAX_ENTRIES and all(entry(each) for each in value)

    return Argument(f"a list of at most {MAX_ENTRIES} whole numbers from {low} to {high}", holds)


def is_row(value: Any, low: int, high: int) -> bool:
    """Return whether a value is a list of two or three integers from `low` to `high`: one an axis."""
    return isinstance(value, list) and 2 <= len(value) <= 3 and all(is_whole(each, low, high) for each in value)


def whole_or_row(low: int, high: int) -> Argument:
    """Return the rule of an integer, or a list of one an axis."""
    return Argument(
        f"a whole number from {low} to {high}, or one an axis",
        lambda value: is_whole(value, low, high) or is_row(value, low, high),
    )


def word(names: Iterable[str]) -> Argument:
    """Return the rule of one of some words, in any case, alone or as [word, {its own plain arguments}]."""
    known = {name.upper() for name in names}

    def holds(value: Any) -> bool:
        name, options = value if isinstance(value, list) and len(value) == 2 else (value, {})
        return isinstance(name, str) and name.upper() in known and is_plain_options(options)

    return Argument(f"one of {', '.join(sorted(known))}", holds)


def is_plain_options(options: Any) -> bool:
    """Return whether a value is a small mapping from plain words to numbers and truths."""
    return (
        isinstance(options, dict)
        and len(options) <= MAX_ENTRIES
        and all(isinstance(key, str) and key.isidentifier() and not key.startswith("_") for key in options)
        and all(isinstance(each, bool | int | float) and abs(each) <= 1e6 for each in options.values())
    )
