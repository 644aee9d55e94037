"""The lesions of BraTS 2024: joined in reference and prediction alike, across tissues too, and rid of specks.

After `rachitsaluja/BraTS-2024-Metrics`, `metrics_GLI.py`, at commit f1131e3. That program joins across tissues only
where two lesions touch more than once, which changes nothing: one contact joins nothing.
"""

from collections.abc import Mapping, Sequence
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from brats3d.grid import box_of
from brats3d.scoring.lesions import NEAR, LesionRules, Numbered, number_lesions, widened
from brats3d.scoring.overlap import BoolMap
from brats3d.vocabulary import TISSUES, Tissue

Contacts = set[tuple[int, int]]
"""Numbers of lesions of one tissue and of those of another that they touch."""

PARTNERS: dict[Tissue, tuple[Tissue, ...]] = {
    Tissue.NETC: (Tissue.ET, Tissue.RC),
    Tissue.ET: (Tissue.NETC, Tissue.RC),
    Tissue.RC: (Tissue.ET, Tissue.NETC),
    Tissue.SNFH: (Tissue.ET, Tissue.RC, Tissue.NETC),
}
"""The tissues across which the lesions of a tissue are joined, in this order."""


def number_merged(maps: Mapping[str, BoolMap], rules: Mapping[str, LesionRules], *, drop: bool) -> dict[str, Numbered]:
    """Return the lesions of every region, numbered from 1 without gaps.

    Parts of a region that meet when dilated are one lesion. Then lesions of one tissue that touch the same lesion of
    another become one; WT and TC are left as they are.

    Args:
        maps: every region's (X, Y, Z) on one grid, the four tissues among them.
        rules: every region's figures.
        drop: whether lesions of few voxels are deleted before tissues are joined, as they are in predictions.
    """
    numbered = {name: number_region(maps[name], rules[name], drop=drop) for name in maps}
    touching = contacts([numbered[tissue] for tissue in TISSUES])
    for tissue in TISSUES:
        numbered[tissue] = join(numbered[tissue], [touching[tissue, other] for other in PARTNERS[tissue]])
    return {name: without_gaps(each) for name, each in numbered.items()}


def number_region(region: BoolMap, rules: LesionRules, *, drop: bool) -> Numbered:
    """Return the lesions of one region (X, Y, Z), numbered in the order of their first voxels when dilated."""
    lesions = np.zeros(region.shape, np.int32)
    box = box_of(region)
    if box is None:
        return lesions
    around = widened(box, rules.dilations + 1, region.shape)
    lesions[around] = number_lesions(region[around], rules.dilations)
    if not drop or rules.smallest_prediction is None:
        return lesions
    return np.where(np.bincount(lesions.ravel())[lesions] > rules.smallest_prediction, lesions, np.int32(0))


def contacts(tissues: Sequence[Numbered]) -> dict[tuple[Tissue, Tissue], Contacts]:
    """Return which lesions of one tissue are among the 18 neighbours of which of another, for every two tissues.

    Args:
        tissues: numbered lesions (X, Y, Z) in the order of `Tissue`; no voxel lies in two of them.
    """
    count = len(TISSUES)
    marked = np.zeros_like(tissues[0])
    for place, lesions in enumerate(tissues):
        marked[lesions > 0] = lesions[lesions > 0] * count + place
    found: dict[tuple[Tissue, Tissue], Contacts] = {each: set() for each in permutations(TISSUES, 2)}
    for step in np.argwhere(NEAR)[: NEAR.sum() // 2] - 1:  # the other half are the same neighbours seen from behind
        here, there = marked[shifted(marked.shape, step)], marked[shifted(marked.shape, -step)]
        meet = (here > 0) & (there > 0) & (here % count != there % count)
        for one, other in set(zip(here[meet].tolist(), there[meet].tolist(), strict=True)):
            first, second = TISSUES[one % count], TISSUES[other % count]
            found[first, second].add((one // count, other // count))
            found[second, first].add((other // count, one // count))
    return found


def shifted(shape: tuple[int, ...], step: NDArray[np.integer]) -> tuple[slice, ...]:
    """Return the part of a grid whose voxels have a neighbour one step (X, Y, Z) back."""
    return tuple(slice(max(int(s), 0), n + min(int(s), 0)) for s, n in zip(step, shape, strict=True))


def join(lesions: Numbered, partners: Sequence[Contacts]) -> Numbered:
    """Return lesions of which those that touch the same lesion of a partner have one number.

    A lesion that touches several of a partner goes by the lowest; so two that both touch a third may stay apart.

    Args:
        lesions: (X, Y, Z), numbered.
        partners: what they touch, one tissue after the other.
    """
    groups = np.arange(int(lesions.max()) + 1, dtype=np.int32)
    for touching in partners:
        lowest: dict[int, int] = {}
        for lesion, other in touching:
            group = int(groups[lesion])
            lowest[group] = min(lowest.get(group, other), other)
        fresh = int(groups.max()) + 1
        groups = np.array([fresh + lowest[group] if group in lowest else group for group in groups.tolist()], np.int32)
    return groups[lesions]


def without_gaps(lesions: Numbered) -> Numbered:
    """Return lesions numbered 1, 2, 3, in the same order."""
    used = np.bincount(lesions.ravel()) > 0
    used[0] = False
    return np.asarray((np.cumsum(used, dtype=np.int32) * used)[lesions], np.int32)
