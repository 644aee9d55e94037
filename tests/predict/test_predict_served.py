"""A bundle does without modalities only if it was trained to."""

from pathlib import Path

import pytest

from brats3d.cases.case import Case
from brats3d.errors import BadInput, Finding
from brats3d.predict.served import check_served
from brats3d.vocabulary import MODALITIES, Modality, Severity

T1, T1CE, T2, FLAIR = MODALITIES
FILE = Path("/data/p1/x.nii.gz")


def case_of(*modalities, findings=()):
    folder = Path("/data/p1")
    return Case("p1", Path("/data"), folder, "plain", "brats2020", dict.fromkeys(modalities, FILE), findings=findings)


@pytest.mark.parametrize(
    ("has", "takes", "serves"),
    [
        (MODALITIES, MODALITIES, ()),
        ((T1, FLAIR), (FLAIR,), ()),
        ((T1CE, FLAIR), MODALITIES, [(T1CE, FLAIR)]),
        ((T1, T1CE), (T1CE, FLAIR), [(T1CE, FLAIR), (T1CE,)]),
    ],
    ids=["all", "more than it takes", "a subset", "a subset and more"],
)
def test_what_is_served_passes(has, takes, serves):
    check_served(case_of(*has), takes, serves)


def test_what_is_not_served_is_refused_with_the_subset_and_what_would_do():
    with pytest.raises(BadInput) as caught:
        check_served(case_of(T1, T2), MODALITIES, [MODALITIES, (T1CE, FLAIR)])
    assert caught.value.finding.code == "not-served"
    assert str(caught.value) == (
        "p1: lacks T1ce + FLAIR: the bundle serves T1 + T1ce + T2 + FLAIR, T1ce + FLAIR, not T1 + T2; "
        "add what is missing, or take a bundle that was trained to do without"
    )


def test_a_bundle_that_serves_nothing_but_all_says_so():
    with pytest.raises(BadInput, match=r"the bundle serves T1ce \+ FLAIR, not a patient without any"):
        check_served(case_of(T1), (T1CE, FLAIR), ())


def test_a_case_that_is_refused_already_keeps_its_own_reason():
    check_served(case_of(T1, findings=(Finding("grid", Severity.ERROR, "x"),)), MODALITIES, ())


def test_the_subset_of_a_bundle_is_told_in_its_own_order():
    with pytest.raises(BadInput, match=r"lacks T1: .* not T1ce \+ FLAIR;"):
        check_served(case_of(FLAIR, T1CE), (Modality.T1, T1CE, FLAIR), ())
