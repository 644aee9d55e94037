"""The subsets of modalities that a bundle serves."""

import pytest
from bundles_for_tests import TINY_NETWORK, tiny_common

from brats3d.bundle import check_definition, subset_words
from brats3d.errors import BundleError
from brats3d.vocabulary import MODALITIES, Modality

WITHOUT_T1 = ["t1ce", "t2", "flair"]


def serves(value, **changes):
    return check_definition(tiny_common(serves=value, **changes)).serves


def test_all_modalities_are_always_served_and_stand_first():
    assert check_definition(tiny_common()).serves == (MODALITIES,)
    assert serves([]) == (MODALITIES,)
    assert serves([WITHOUT_T1]) == serves([WITHOUT_T1, [str(each) for each in MODALITIES]])
    assert serves([WITHOUT_T1]) == (MODALITIES, (Modality.T1CE, Modality.T2, Modality.FLAIR))


def test_what_a_bundle_serves_is_a_part_of_what_it_takes():
    two = {"modalities": ["t1ce", "flair"], "network_def": {**TINY_NETWORK, "in_channels": 2}}
    assert serves([["flair"]], **two) == ((Modality.T1CE, Modality.FLAIR), (Modality.FLAIR,))
    with pytest.raises(BundleError, match=r"'serves.0' is \['t1'\], not some of \['t1ce', 'flair'\]"):
        serves([["t1"]], **two)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("flair", "'serves' is 'flair', not a list"),
        ([["flair"], []], r"'serves.1' is \[\]"),
        (["flair"], "'serves.0' is 'flair'"),
        ([["flair", "t2"]], "in this order"),
        ([["t2"], ["t2"]], r"names \['t2'\] twice"),
        ([[["t2"]]], "'serves.0'"),
    ],
)
def test_what_is_no_list_of_subsets_is_refused(value, words):
    with pytest.raises(BundleError, match=words):
        serves(value)


def test_a_subset_is_told_in_the_words_of_people():
    assert subset_words(MODALITIES) == "T1 + T1ce + T2 + FLAIR"
