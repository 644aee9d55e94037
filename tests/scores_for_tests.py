"""The worked cases that every lesion-wise protocol is checked on, and figures by name."""

from collections.abc import Mapping

import numpy as np

from brats3d.labels import SCHEMES
from brats3d.scoring.protocol import Protocol
from brats3d.scoring.protocols import FIGURES, maps_of, score_case
from brats3d.scoring.scores import RegionScores

SHAPE = (240, 240, 155)
UNIT = (1.0, 1.0, 1.0)


def cubes(label: int, *edges_and_places: tuple[int, tuple[int, int, int]]) -> np.ndarray:
    """Return a label map of `SHAPE` with cubes of this edge from this corner."""
    label_map = np.zeros(SHAPE, np.uint8)
    for edge, place in edges_and_places:
        label_map[tuple(slice(start, start + edge) for start in place)] = label
    return label_map


def score_label_maps(
    protocol: Protocol, prediction: np.ndarray | None, reference: np.ndarray, spacing_mm=UNIT, scheme="brats2024"
) -> dict[str, RegionScores]:
    """Score label maps (X, Y, Z) of one scheme."""
    maps = [
        None if each is None else maps_of(each, SCHEMES[scheme], protocol.regions) for each in (prediction, reference)
    ]
    return score_case(protocol, *maps, spacing_mm)


def rounded(scores: RegionScores, *names: str) -> tuple[float, ...]:
    """Return figures by their names in `FIGURES`, to six places."""
    return tuple(round(FIGURES[name](scores), 6) for name in names)


def figures_of(scores: Mapping[str, RegionScores], name: str) -> dict[str, float]:
    """Return one figure of every region."""
    return {region: FIGURES[name](each) for region, each in scores.items()}


EMPTY = cubes(3)
CUBE = cubes(3, (10, (100, 100, 70)))
# Case 1: two lesions near each other, one missed and one small; of the prediction one part is off, two are false.
FOUR_LESIONS = cubes(3, (10, (100, 100, 70)), (4, (115, 100, 70)), (4, (60, 60, 70)), (3, (150, 150, 70)))
THREE_PARTS = cubes(3, (10, (101, 100, 70)), (3, (60, 160, 70)), (1, (160, 60, 70)))
# Case 2: a speck of enhancing tumour within oedema.
OEDEMA = cubes(2, (20, (100, 100, 70)))
OEDEMA_WITH_A_SPECK = np.where(cubes(1, (2, (105, 105, 75))) > 0, 3, OEDEMA).astype(np.uint8)
