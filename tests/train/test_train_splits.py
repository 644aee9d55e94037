"""Splits: read from files in words, made by patient, and never a patient on two sides."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brats3d.cases.case import patient_of
from brats3d.errors import RequestError
from brats3d.train.splits import every_fifth, nth_fold, read_split

VISITS = [f"BraTS-GLI-{patient:05d}-{visit:03d}" for patient in range(7) for visit in (100, 101)]


def written(tmp_path, document):
    """Write a document and return its path."""
    path = tmp_path / "folds.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def test_a_single_split_is_read(tmp_path):
    split = read_split(written(tmp_path, {"train": ["a", "b"], "validation": ["c"], "test": ["d"]}), None)
    assert (split.train, split.validation, split.test) == (("a", "b"), ("c",), ("d",))
    assert split.source == "file folds.json"
    assert split.ids == ("a", "b", "c", "d")


def test_a_fold_is_picked_from_a_list_counting_from_1(tmp_path):
    path = written(tmp_path, [{"train": ["a"], "validation": ["b"]}, {"train": ["b"], "validation": ["a"]}])
    assert read_split(path, 2).train == ("b",)
    assert read_split(path, 2).source == "file folds.json, fold 2"


@pytest.mark.parametrize(
    ("document", "fold", "words"),
    [
        ("{", None, "no JSON"),
        ("\udc80".encode("utf-8", "surrogateescape").decode("latin-1") + "[", None, "no JSON"),
        ([{"train": ["a"], "validation": ["b"]}], None, "holds 1 folds: choose one with --fold K"),
        ([{"train": ["a"], "validation": ["b"]}], 2, "holds 1 folds"),
        ([{"train": ["a"], "validation": ["b"]}], 0, "holds 1 folds"),
        ({"train": ["a"], "validation": ["b"]}, 1, "--fold does not apply"),
        ({"train": ["a"]}, None, "a split looks like"),
        ({"train": ["a"], "val": ["b"]}, None, "a split looks like"),
        ([["a"]], 1, "a split looks like"),
        ("3", None, "a split looks like"),
        ({"train": "a", "validation": ["b"]}, None, "'train' is no list of ids"),
        ({"train": ["a"], "validation": None}, None, "'validation' is no list of ids"),
        ({"train": [1], "validation": ["b"]}, None, "'train' is no list of ids"),
        ({"train": [], "validation": ["b"]}, None, "'train' is empty"),
        ({"train": ["a", "b"], "validation": ["b"]}, None, "more than one place: b"),
        ({"train": ["a", "a"], "validation": ["b"]}, None, "more than one place: a"),
        ({"train": ["a"], "validation": ["b"], "test": ["a"]}, None, "more than one place: a"),
        ({"train": [VISITS[0]], "validation": [VISITS[1]]}, None, "more than one place: BraTS-GLI-00000-101"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path, document, fold, words):
    with pytest.raises(RequestError) as caught:
        read_split(written(tmp_path, document), fold)
    assert words in str(caught.value)


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(RequestError, match=r"splits file .*absent\.json: No such file"):
        read_split(tmp_path / "absent.json", None)


def test_every_fifth_patient_validates_by_sorted_id():
    split = every_fifth([f"p{n:02d}" for n in reversed(range(12))])
    assert split.validation == ("p04", "p09")
    assert len(split.train) == 10


@pytest.mark.parametrize(("count", "validating"), [(1, ()), (2, ("p1",)), (4, ("p3",))])
def test_of_few_patients_the_last_validates(count, validating):
    assert every_fifth([f"p{n}" for n in range(count)]).validation == validating


def test_visits_of_a_patient_stay_together():
    for split in (every_fifth(VISITS), *(nth_fold(VISITS, fold, 3) for fold in (1, 2, 3))):
        assert not {patient_of(each) for each in split.train} & {patient_of(each) for each in split.validation}
        assert sorted((*split.train, *split.validation)) == VISITS


@given(st.lists(st.text("abc-123", min_size=1, max_size=4), min_size=5, max_size=30, unique=True), st.integers(2, 5))
def test_folds_validate_each_patient_once(ids, folds):
    made = [nth_fold(ids, fold, folds) for fold in range(1, folds + 1)]
    assert sorted(each for split in made for each in split.validation) == sorted(ids)
    assert all(sorted((*split.train, *split.validation)) == sorted(ids) for split in made)


@pytest.mark.parametrize(
    ("fold", "folds", "words"),
    [
        (0, 3, "--fold 0 --folds 3: give a fold from 1 to 3"),
        (4, 3, "--fold 4 --folds 3: give a fold from 1 to 3"),
        (1, 1, "--folds 1: 8 patients have references: give from 2"),
        (1, 9, "--folds 9: 8 patients have references"),
    ],
)
def test_folds_that_do_not_fit_are_refused(fold, folds, words):
    with pytest.raises(RequestError, match=words):
        nth_fold([f"p{n}" for n in range(8)], fold, folds)
