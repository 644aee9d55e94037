"""One bundle, or several whose logits are averaged: what decides a mask is asked of them together."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from brats3d.bundle.folder import Bundle, BundleIdentity, open_bundle
from brats3d.bundle.rules import Islands, Limits
from brats3d.bundle.serves import Subset, subset_words
from brats3d.errors import RequestError
from brats3d.prepare import Preparation
from brats3d.vocabulary import REGIONS, Measure, Region

BundleNames = str | Path | Sequence[str | Path]
"""One bundle, by the name of a shipped one or its folder, or several."""


@dataclass(frozen=True, slots=True)
class Ensemble:
    """Opened bundles that see a case alike; of several the first says what happens to small parts."""

    members: tuple[Bundle, ...]
    """At least one; modalities and preparation are the same in all."""

    @property
    def first(self) -> Bundle:
        """The one whose rules on small parts and limits of the review hold."""
        return self.members[0]

    @property
    def modalities(self) -> Subset:
        """What the networks take, in channel order."""
        return self.first.modalities

    @property
    def serves(self) -> tuple[Subset, ...]:
        """The subsets of modalities that every member was trained to do with, the full one first."""
        return tuple(subset for subset in self.first.serves if all(subset in each.serves for each in self.members))

    @property
    def preparation(self) -> Preparation:
        """The settings of the preparation."""
        return self.first.preparation

    @property
    def thresholds(self) -> Mapping[Region, float]:
        """The mean of the members' thresholds."""
        count = len(self.members)
        return {region: sum(each.thresholds[region] for each in self.members) / count for region in REGIONS}

    @property
    def islands(self) -> Islands:
        """Which connected parts are dropped: the first member's rule."""
        return self.first.islands

    @property
    def smallest_enhancing_ml(self) -> float:
        """The first member's."""
        return self.first.smallest_enhancing_ml

    @property
    def review(self) -> Mapping[Measure, Limits]:
        """Limits that are not the default: the first member's."""
        return self.first.review

    @property
    def identity(self) -> BundleIdentity:
        """Names and versions joined by `+`, and the SHA-256 of the joined hashes; of one bundle its own."""
        if len(self.members) == 1:
            return self.first.identity
        identities = tuple(each.identity for each in self.members)
        joined = "+".join(each.sha256 for each in identities)
        return BundleIdentity(
            name="+".join(each.name for each in identities),
            version="+".join(each.version for each in identities),
            sha256=hashlib.sha256(joined.encode("ascii")).hexdigest(),
            members=identities,
        )


def open_bundles(bundle: BundleNames) -> Ensemble:
    """Open one bundle or several, without executing anything of them; torch is not imported.

    Raises:
        BundleError: one is missing, damaged or refused.
        RequestError: none is named, one is named twice, or they take other modalities or another preparation.
    """
    names = [bundle] if isinstance(bundle, str | Path) else list(bundle)
    if not names:
        raise RequestError("no bundle is named")
    members = tuple(open_bundle(each) for each in names)
    for index, each in enumerate(members[1:], start=1):
        check_same_way(members[0], each)
        if any(each.sha256 == other.sha256 for other in members[:index]):
            raise RequestError(f"bundle {str(names[index])!r} is given twice: it would count for two; name it once")
    return Ensemble(members)


def check_same_way(one: Bundle, other: Bundle) -> None:
    """Refuse bundles whose networks do not see a case alike.

    Raises:
        RequestError: modalities or preparation differ.
    """
    pair = f"bundles {one.name!r} and {other.name!r} cannot be averaged"
    if one.modalities != other.modalities:
        both = f"{subset_words(one.modalities)} and {subset_words(other.modalities)}"
        raise RequestError(f"{pair}: they take {both}; choose bundles of the same modalities")
    if one.preparation != other.preparation:
        ours, theirs = one.preparation.as_settings(), other.preparation.as_settings()
        said = ", ".join(f"{key} {value} and {theirs[key]}" for key, value in ours.items() if value != theirs[key])
        raise RequestError(f"{pair}: their preparation differs ({said}); choose bundles trained behind the same")
