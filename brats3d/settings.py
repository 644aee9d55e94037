"""Checked keys: plain nested data whose unknown keys are errors that name their nearest."""

import difflib
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from brats3d.errors import RequestError

Settings = dict[str, Any]

ALIKE = 0.5
"""From this likeness on, 0 to 1, a known key is probably what was meant."""


def is_number(value: Any) -> bool:
    """Return whether plain data is a finite number; YAML's true is none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def is_pair(value: Any) -> bool:
    """Return whether plain data is a list of two numbers."""
    return isinstance(value, list | tuple) and len(value) == 2 and all(is_number(each) for each in value)


def dotted_keys(settings: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield the dotted key of every leaf of nested mappings.

    >>> list(dotted_keys({"windows": {"size": [64, 64, 64]}, "seed": 0}))
    ['windows.size', 'seed']
    """
    for key, value in settings.items():
        dotted = f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            yield from dotted_keys(value, f"{dotted}.")
        else:
            yield dotted


def nearest_key(unknown: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'X'?` for the dotted key most like an unknown one.

    Keys are compared whole and by their last word, so that a key put under the wrong name finds its place.

    >>> nearest_key("windows.overlapp", ["windows.size", "windows.overlap"])
    "; did you mean 'windows.overlap'?"
    >>> nearest_key("learning_rate", ["batch", "optimizer.rate"])
    "; did you mean 'optimizer.rate'?"
    """
    best = max(known, key=lambda key: likeness(unknown, key))
    return f"; did you mean {best!r}?" if likeness(unknown, best) >= ALIKE else f"; the nearest known key is {best!r}"


def likeness(unknown: str, known: str) -> float:
    """Return how alike two dotted keys are, 0 to 1."""
    last_unknown, last_known = (key.rpartition(".")[2] for key in (unknown, known))
    shared = last_known in re.split(r"[._-]", unknown.lower())
    return max(
        difflib.SequenceMatcher(None, unknown, known).ratio(),
        difflib.SequenceMatcher(None, last_unknown, last_known).ratio() * 0.95,
        0.6 if shared else 0.0,
    )


def overlay(base: Mapping[str, Any], more: Mapping[str, Any], free: frozenset[str]) -> Settings:
    """Return `base` with the values of `more` in place of its own; neither is changed.

    Args:
        base: every key there is, with its default.
        more: values to put in their place; nested mappings are joined.
        free: dotted keys of mappings whose inner keys are not known here; they are joined all the same.

    Raises:
        RequestError: a key of `more` is not in `base`; the message names its nearest.
    """
    return joined(base, more, free, "", list(dotted_keys(base)))


def joined(
    base: Mapping[str, Any], more: Mapping[str, Any], free: frozenset[str], prefix: str, known: list[str]
) -> Settings:
    """Do the work of `overlay` on one level.

    Args:
        base: as in `overlay`, of this level.
        more: likewise.
        free: as in `overlay`.
        prefix: the dotted path of this level with its dot.
        known: every dotted key of all levels, for messages.
    """
    result: Settings = dict(base)
    for key, value in more.items():
        dotted = f"{prefix}{key}"
        if key not in base and prefix.rstrip(".") not in free:
            raise RequestError(f"unknown key {dotted!r}{nearest_key(dotted, known)}")
        if isinstance(base.get(key), Mapping):
            if not isinstance(value, Mapping):
                raise RequestError(f"key {dotted!r} holds keys of its own, not the value {value!r}")
            result[key] = joined(base[key], value, free, f"{dotted}.", known)
        else:
            result[key] = value
    return result
