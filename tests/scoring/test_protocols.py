import math

import numpy as np
import pytest
from scores_for_tests import score_label_maps

from brats3d.errors import RequestError
from brats3d.labels import SCHEMES
from brats3d.scoring.protocols import FIGURES, PROTOCOLS, maps_of, protocol_named, score_case
from brats3d.vocabulary import REGIONS, Region, Tissue

WHOLE, LESIONS, MERGED = (PROTOCOLS[f"brats{year}"] for year in (2020, 2023, 2024))


def test_penalty_is_the_diagonal_in_voxels_or_fixed():
    assert round(WHOLE.penalty_on((240, 240, 155)), 6) == 373.128664
    assert WHOLE.penalty_on((3, 4, 12)) == 13.0
    assert [each.penalty_on((3, 4, 12)) for each in PROTOCOLS.values()] == [13.0, 374.0, 337.0, 373.0]


def test_the_figures_of_2024_differ_by_region():
    assert {region: (rules.dilations, rules.smallest_mm3) for region, rules in MERGED.lesions.items()} == {
        "WT": (3, 20.0),
        "TC": (3, 20.0),
        "NETC": (5, 20.0),
        "SNFH": (3, 20.0),
        "ET": (3, 10.0),
        "RC": (5, 20.0),
    }
    assert all(rules.smallest_prediction == rules.smallest_mm3 for rules in MERGED.lesions.values())


def test_maps_are_those_of_the_regions_asked_for_and_a_cavity_is_in_none_of_the_nested():
    label_map = np.array([[[0, 1, 2, 3, 4]]])
    maps = maps_of(label_map, SCHEMES["brats2024"], MERGED.regions)
    assert dict(zip(MERGED.regions, maps[:, 0, 0].astype(int).tolist(), strict=True)) == {
        "WT": [0, 1, 1, 1, 0],
        "TC": [0, 1, 0, 1, 0],
        "NETC": [0, 1, 0, 0, 0],
        "SNFH": [0, 0, 1, 0, 0],
        "ET": [0, 0, 0, 1, 0],
        "RC": [0, 0, 0, 0, 1],
    }
    assert np.array_equal(maps_of(label_map, SCHEMES["brats2024"], REGIONS), maps[[0, 1, 4]])


def test_4_is_enhancing_tumour_or_cavity_as_the_scheme_says():
    old = dict(zip(MERGED.regions, maps_of(np.full((1, 1, 1), 4), SCHEMES["brats2020"], MERGED.regions), strict=True))
    assert (old[Tissue.ET].item(), old[Tissue.RC].item()) == (True, False)


def test_every_region_of_a_case_is_scored():
    prediction, reference = (np.zeros((3, 3, 4, 12), bool) for _ in range(2))
    prediction[0, 0, 0, :3] = prediction[1, 0, 0, :2] = prediction[2, 0, 0, :1] = True
    reference[0, 0, 0, :3] = reference[1, 0, 0, :1] = True
    scores = score_case(WHOLE, prediction, reference, (1.0, 1.0, 1.0))
    assert [scores[region].dice for region in REGIONS] == [1.0, pytest.approx(2 / 3), 0.0]
    assert scores[Region.ET].hd95_mm == 13.0


@pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=PROTOCOLS)
def test_every_figure_a_protocol_names_exists(protocol):
    prediction, reference = np.zeros((2, 9, 9, 9), np.uint8)
    prediction[2:6, 2:6, 2:6] = reference[3:7, 2:6, 2:6] = 3
    scores = score_label_maps(protocol, prediction, reference)["ET"]
    assert all(math.isfinite(FIGURES[name](scores)) for name in protocol.figures)


def test_an_unknown_protocol_names_its_nearest():
    with pytest.raises(RequestError, match=r"unknown protocol 'brat2023'; did you mean 'brats2023'\?"):
        protocol_named("brat2023")
