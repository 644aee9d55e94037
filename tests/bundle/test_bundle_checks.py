"""Known keys and numbers in range, as every part of `common.yaml` is checked."""

import pytest

from brats3d.bundle.checks import by_region, in_range, require_keys
from brats3d.errors import BundleError
from brats3d.vocabulary import Region


def test_optional_keys_may_be_absent_and_no_others_may_be_there():
    require_keys({"a": 1}, ("a",), "", optional=("b",))
    require_keys({"a": 1, "b": 2}, ("a",), "", optional=("b",))
    with pytest.raises(BundleError, match=r"unknown key 'x.bb'; did you mean 'b'\?"):
        require_keys({"a": 1, "bb": 2}, ("a",), "x.", optional=("b",))
    with pytest.raises(BundleError, match=r"key 'x\.a' is missing"):
        require_keys({"b": 1}, ("a",), "x.", optional=("b",))
    with pytest.raises(BundleError, match=r"'x' is 3, not a mapping with a, b"):
        require_keys(3, ("a",), "x.", optional=("b",))


def test_both_ends_of_a_range_are_in():
    assert (in_range(0, "k", 0, 1), in_range(1, "k", 0, 1)) == (0.0, 1.0)
    for value in (-0.001, 1.001, True, "1", None, float("nan")):
        with pytest.raises(BundleError, match=r"'k' is .*, not a number from 0 to 1"):
            in_range(value, "k", 0, 1)


def test_every_region_has_a_number_of_its_own():
    assert by_region({"ET": 3, "WT": 1, "TC": 2}, "k", 0, 9) == {Region.WT: 1.0, Region.TC: 2.0, Region.ET: 3.0}
    with pytest.raises(BundleError, match=r"'k\.ET' is missing"):
        by_region({"WT": 1, "TC": 2}, "k", 0, 9)
    with pytest.raises(BundleError, match=r"'k\.TC' is 10"):
        by_region({"WT": 1, "TC": 10, "ET": 2}, "k", 0, 9)
