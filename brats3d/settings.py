"""Checked keys: plain nested data whose unknown keys are errors that name their nearest."""

from collections.abc import Iterator, Mapping
from typing import Any

from brats3d.errors import RequestError, nearest_name

Settings = dict[str, Any]


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


def overlay(base: Mapping[str, Any], more: Mapping[str, Any], free: frozenset[str], prefix: str = "") -> Settings:
    """Return `base` with the values of `more` in place of its own; neither is changed.

    Args:
        base: every key there is, with its default.
        more: values to put in their place; nested mappings are joined.
        free: dotted keys whose value is replaced whole (their inner keys are not known here).
        prefix: the dotted path of `base` within the whole, for messages.

    Raises:
        RequestError: a key of `more` is not in `base`; the message names its nearest.
    """
    joined: Settings = dict(base)
    for key, value in more.items():
        dotted = f"{prefix}{key}"
        if key not in base:
            raise RequestError(f"unknown key {dotted!r}{nearest_name(dotted, (f'{prefix}{known}' for known in base))}")
        if dotted not in free and isinstance(base[key], Mapping):
            if not isinstance(value, Mapping):
                raise RequestError(f"key {dotted!r} holds keys of its own, not the value {value!r}")
            joined[key] = overlay(base[key], value, free, f"{dotted}.")
        else:
            joined[key] = value
    return joined
