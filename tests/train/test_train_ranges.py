"""Ranges: both ends are in, and a number is a finite one."""

import math

import pytest

from brats3d.errors import RequestError
from brats3d.train.augment import Augmentation
from brats3d.train.ranges import WHOLE_LIMITS, check_augmentation, check_network, check_recipe, is_number
from brats3d.train.recipe import read_recipe


def test_truths_words_and_the_infinite_are_no_numbers():
    assert is_number(0)
    assert is_number(-1.5)
    assert not any(map(is_number, (True, "1", None, [1], math.nan, math.inf)))


@pytest.mark.parametrize("key", [key for key in WHOLE_LIMITS if "." not in key])
def test_the_ends_of_a_range_are_in_and_what_lies_beyond_is_not(key):
    recipe, (least, most) = read_recipe("unet"), WHOLE_LIMITS[key]
    for value in (least, most):
        check_recipe({**recipe, key: value})
    for value in (least - 1, most + 1):
        with pytest.raises(RequestError, match=f"{key} is "):
            check_recipe({**recipe, key: value})


def test_the_default_augmentation_is_in_its_ranges():
    check_augmentation(Augmentation())
    with pytest.raises(RequestError, match="noise_deviation"):
        check_augmentation(Augmentation(noise_deviation=-0.1))


def test_a_patch_is_judged_along_the_axes_that_the_network_sees():
    flat = {"_target_": "UNet", "spatial_dims": 2, "in_channels": 4, "out_channels": 3}
    check_network([8, 4, 1], {**flat, "channels": [4, 8], "strides": [2]})
    with pytest.raises(RequestError, match=r"multiples of \[2, 2\]"):
        check_network([8, 5, 1], {**flat, "channels": [4, 8], "strides": [2]})
