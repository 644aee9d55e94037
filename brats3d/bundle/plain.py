"""Reading a stranger's YAML as plain data: bounded, without aliases, tags or anything that MONAI would run."""

import math
from collections.abc import Hashable, Iterator
from typing import Any

import yaml

from brats3d.errors import BundleError

MAX_BYTES = 64 * 1024
MAX_DEPTH = 8
LARGEST_WHOLE = 2**63 - 1
PROGRAM_SIGNS = ("$", "@", "%")
"""What a string of a MONAI config begins with where it is evaluated, refers or copies."""


class UniqueKeyLoader(yaml.SafeLoader):
    """The safe loader, but a key that stands twice is an error; YAML would let the last one win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Return one mapping."""
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for index, key in enumerate(keys):
            if key in keys[:index]:
                raise BundleError(f"key {key!r} stands twice; keep one")
        return super().construct_mapping(node, deep)


def read_plain_yaml(data: bytes) -> dict[str, Any]:
    """Return the mapping that YAML bytes hold.

    Args:
        data: at most 64 KiB of UTF-8.

    Returns:
        Nested dicts, lists, strings, finite numbers, truths and None.

    Raises:
        BundleError: too large, too deep, no YAML, not a mapping; an alias, anchor or tag; a key that stands twice; a
            string that MONAI would evaluate; a value that is no plain data.
    """
    if len(data) > MAX_BYTES:
        raise BundleError(f"holds {len(data)} bytes; at most {MAX_BYTES} are read")
    try:
        text = data.decode("utf-8")
        refuse_tricks(text)
        document = yaml.load(text, Loader=UniqueKeyLoader)
    except (yaml.YAMLError, ArithmeticError, ValueError, TypeError) as error:
        raise BundleError(f"cannot be read as YAML: {' '.join(str(error).split())}") from error
    if not isinstance(document, dict):
        raise BundleError("holds no keys at its top")
    for where, value in leaves(document, ""):
        refuse_program(where, value)
    return document


def refuse_tricks(text: str) -> None:
    """Read the events alone, which allocates nothing, and refuse what can blow up or build objects."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise BundleError("holds an alias or anchor; write the value out")
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise BundleError(f"holds the tag {tag!r}; only plain data is read")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise BundleError(f"is nested deeper than {MAX_DEPTH}")


def leaves(value: Any, where: str) -> Iterator[tuple[str, Any]]:
    """Yield every key and every leaf with its dotted place."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield f"{where}{key}", key
            yield from leaves(inner, f"{where}{key}.")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from leaves(inner, f"{where}{index}.")
    else:
        yield where.rstrip("."), value


def refuse_program(where: str, value: Any) -> None:
    """Refuse a leaf or key that MONAI would take for a program, or that is no plain value."""
    if isinstance(value, str):
        if value.lstrip().startswith(PROGRAM_SIGNS):
            raise BundleError(f"{where!r} is {value[:80]!r}: a string that begins with $, @ or % is refused")
    elif isinstance(value, int) and abs(value) > LARGEST_WHOLE:
        raise BundleError(f"{where!r} is a whole number beyond {LARGEST_WHOLE}")
    elif isinstance(value, float) and not math.isfinite(value):
        raise BundleError(f"{where!r} is {value}; a finite number is needed")
    elif value is not None and not isinstance(value, bool | int | float):
        raise BundleError(f"{where!r} is a {type(value).__name__}; only plain data is read")
