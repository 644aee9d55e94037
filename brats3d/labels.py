"""Label schemes, and the way between a label map and region maps."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brats3d.errors import RequestError, nearest_name


@dataclass(frozen=True, slots=True)
class LabelScheme:
    """Which integer of a label map means which tissue."""

    name: str
    """The word of the command line."""
    necrosis: int
    """Necrotic and non-enhancing tumour core."""
    oedema: int
    """Peritumoural oedema."""
    enhancing: int
    """Enhancing tumour."""
    cavity: int | None = None
    """Resection cavity, which belongs to no region; None where the scheme has none."""

    @property
    def labels(self) -> tuple[int, ...]:
        """All integers a label map of this scheme may hold, 0 first, ascending."""
        tissues = {self.necrosis, self.oedema, self.enhancing} | ({self.cavity} if self.cavity else set())
        return (0, *sorted(tissues))


LAYOUT = "layout"
"""In a recipe, instead of a label scheme: the one that belongs to the layout of a patient's files."""

SCHEMES: dict[str, LabelScheme] = {
    scheme.name: scheme
    for scheme in (
        LabelScheme("brats2020", necrosis=1, oedema=2, enhancing=4),
        LabelScheme("brats2023", necrosis=1, oedema=2, enhancing=3),
        LabelScheme("brats2024", necrosis=1, oedema=2, enhancing=3, cavity=4),
        LabelScheme("msd", necrosis=2, oedema=1, enhancing=3),
    )
}
"""Every label scheme by its name."""


def scheme_named(name: str) -> LabelScheme:
    """Return the label scheme of this name.

    Raises:
        RequestError: there is none; the message names the nearest.
    """
    if name not in SCHEMES:
        raise RequestError(f"unknown label scheme {name!r}{nearest_name(name, SCHEMES)}")
    return SCHEMES[name]


def scheme_asked(name: str) -> str | None:
    """Return the label scheme that a recipe names; None for that of each layout."""
    return None if name == LAYOUT else name


def to_region_maps(label_map: NDArray[np.integer], scheme: LabelScheme) -> NDArray[np.bool_]:
    """Return the regions of a label map.

    Args:
        label_map: (X, Y, Z), labels of `scheme`.
        scheme: what the labels mean.

    Returns:
        (3, X, Y, Z): WT, TC, ET, each inside the one before. A resection cavity is in none of them.
    """
    enhancing = label_map == scheme.enhancing
    core = enhancing | (label_map == scheme.necrosis)
    return np.stack([core | (label_map == scheme.oedema), core, enhancing])


def to_tissue_maps(label_map: NDArray[np.integer], scheme: LabelScheme) -> NDArray[np.bool_]:
    """Return the tissues of a label map, each label by itself.

    Args:
        label_map: (X, Y, Z), labels of `scheme`.
        scheme: what the labels mean.

    Returns:
        (4, X, Y, Z): NETC, SNFH, ET, RC, no two of which meet; RC is empty where the scheme has no cavity.
    """
    cavity = np.zeros(label_map.shape, bool) if scheme.cavity is None else label_map == scheme.cavity
    tissues = (scheme.necrosis, scheme.oedema, scheme.enhancing)
    return np.stack([*(label_map == label for label in tissues), cavity])


def to_label_map(region_maps: NDArray[np.bool_], scheme: LabelScheme) -> NDArray[np.uint8]:
    """Return the label map that nested region maps mean.

    Args:
        region_maps: (3, X, Y, Z): WT, TC, ET, each inside the one before.
        scheme: the labels to write.

    Returns:
        uint8 (X, Y, Z).
    """
    whole, core, enhancing = region_maps
    label_map = np.zeros(whole.shape, np.uint8)
    label_map[whole] = scheme.oedema
    label_map[core] = scheme.necrosis
    label_map[enhancing] = scheme.enhancing
    return label_map
