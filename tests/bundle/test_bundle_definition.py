"""`common.yaml`: every key known, every value in range."""

import pytest
from bundles_for_tests import TINY_NETWORK, tiny_common

from brats3d.bundle import check_definition
from brats3d.errors import BundleError
from brats3d.vocabulary import MODALITIES, Modality, Region


def test_a_sound_definition_comes_out_typed():
    definition = check_definition(tiny_common(smallest_enhancing_ml=0.5))
    assert definition.modalities == MODALITIES
    assert definition.windows.size == (16, 16, 16)
    assert definition.thresholds == {Region.WT: 0.5, Region.TC: 0.5, Region.ET: 0.5}
    assert definition.smallest_enhancing_ml == 0.5


def test_a_network_for_fewer_modalities_is_fine():
    network_def = {**TINY_NETWORK, "in_channels": 2}
    definition = check_definition(tiny_common(modalities=["t1ce", "flair"], network_def=network_def))
    assert definition.modalities == (Modality.T1CE, Modality.FLAIR)


def test_an_unknown_key_names_its_nearest():
    with pytest.raises(BundleError, match=r"unknown key 'treshold'; did you mean 'thresholds'\?"):
        check_definition(tiny_common(treshold=1))
    with pytest.raises(BundleError, match=r"unknown key 'windows.overlapp'; did you mean 'overlap'\?"):
        check_definition(tiny_common(windows={"size": [16, 16, 16], "overlapp": 0.5}))


@pytest.mark.parametrize("key", sorted(tiny_common()))
def test_a_missing_key_is_named(key):
    settings = tiny_common()
    del settings[key]
    with pytest.raises(BundleError, match=f"key '{key}' is missing"):
        check_definition(settings)


SLICES = {**TINY_NETWORK, "spatial_dims": 2}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"brats3d_format": 2}, "this brats3d reads 1"),
        ({"name": "../x"}, "'name' is"),
        ({"modalities": ["flair", "t1", "t1ce", "t2"]}, "in this order"),
        ({"modalities": ["t1", "t1"]}, "in this order"),
        ({"modalities": []}, "in this order"),
        ({"modalities": ["t1", "t1ce"]}, "'network_def.in_channels' is 4 where 'modalities' names 2"),
        ({"network_def": "UNet"}, "not a mapping"),
        ({"network_def": {**TINY_NETWORK, "_target_": "os.system"}}, "unknown network 'os.system'"),
        ({"network_def": {**TINY_NETWORK, "_requires_": 1}}, "unknown key 'network_def._requires_'"),
        ({"preparation": {"version": 99}}, "version 99"),
        ({"preparation": {"spacings": 1.0}}, "spacing_mm"),
        ({"preparation": {"percentiles": 5}}, "'preparation'"),
        ({"preparation": None}, "not a mapping"),
        ({"windows": {"size": [16, 16, 17], "overlap": 0.5}}, "multiples of"),
        ({"windows": {"size": [16, 16, 2], "overlap": 0.5}}, "at least twice"),
        ({"windows": {"size": [16, 16], "overlap": 0.5}}, "three whole numbers"),
        ({"windows": {"size": [16, 16, True], "overlap": 0.5}}, "three whole numbers"),
        ({"windows": {"size": [512, 512, 512], "overlap": 0.5}}, "256 x 256 x 256"),
        ({"windows": {"size": [16, 16, 16], "overlap": 0.95}}, "'windows.overlap' is 0.95"),
        ({"network_def": SLICES, "windows": {"size": [16, 16, 16], "overlap": 0}}, r"needs \[x, y, 1\]"),
        ({"thresholds": {"WT": 0.5, "TC": 0.5}}, "'thresholds.ET' is missing"),
        ({"thresholds": {"WT": 0.5, "TC": 1.5, "ET": 0.5}}, "'thresholds.TC' is 1.5"),
        ({"thresholds": {"WT": 0.5, "TC": True, "ET": 0.5}}, "'thresholds.TC' is True"),
        ({"smallest_enhancing_ml": -1}, "'smallest_enhancing_ml' is -1"),
        ({"smallest_enhancing_ml": float("nan")}, "'smallest_enhancing_ml' is nan"),
    ],
)
def test_a_value_out_of_range_is_refused(changes, words):
    with pytest.raises(BundleError, match=words):
        check_definition(tiny_common(**changes))


def test_windows_of_slices_are_one_voxel_thick():
    definition = check_definition(tiny_common(network_def=SLICES, windows={"size": [32, 16, 1], "overlap": 0.25}))
    assert definition.windows.size == (32, 16, 1)
