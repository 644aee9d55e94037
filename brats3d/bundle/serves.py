"""Which modalities a bundle's network was trained to do with: the part of `common.yaml` called `serves`."""

from collections.abc import Iterable
from typing import Any

from brats3d.errors import BundleError
from brats3d.vocabulary import MODALITIES, MODALITY_TITLES, Modality

Subset = tuple[Modality, ...]
"""Some modalities, in our order."""


def modalities_of(names: Any, key: str = "modalities", known: Iterable[Modality] = MODALITIES) -> Subset:
    """Return the modalities of a list of their names: each once, in our order.

    Args:
        names: plain data.
        key: how messages call it.
        known: those that may be named, in our order.
    """
    words = [str(modality) for modality in known]
    if not isinstance(names, list) or not names or [word for word in words if word in names] != names:
        raise BundleError(f"{key!r} is {names!r}, not some of {words} in this order")
    return tuple(Modality(name) for name in names)


def serves_of(settings: Any, modalities: Subset) -> tuple[Subset, ...]:
    """Return the subsets of its modalities that a bundle serves, the full one first: it is always served.

    Args:
        settings: a list of lists of names.
        modalities: those that the network takes.
    """
    if not isinstance(settings, list):
        raise BundleError(f"'serves' is {settings!r}, not a list of lists of modalities")
    subsets = [modalities_of(each, f"serves.{index}", modalities) for index, each in enumerate(settings)]
    twice = next((each for index, each in enumerate(subsets) if each in subsets[:index]), None)
    if twice is not None:
        raise BundleError(f"'serves' names {[str(modality) for modality in twice]} twice; keep one")
    return modalities, *(each for each in subsets if each != modalities)


def subset_words(subset: Iterable[Modality]) -> str:
    """Return a subset for people.

    >>> subset_words((Modality.T1, Modality.FLAIR))
    'T1 + FLAIR'
    """
    return " + ".join(MODALITY_TITLES[modality] for modality in subset)
