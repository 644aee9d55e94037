"""Several bundles as one: what they must share, and what holds of them together."""

import hashlib
import shutil

import pytest
from bundles_for_tests import TINY_NETWORK, write_tiny_bundle

from brats3d.bundle import open_bundle, open_bundles
from brats3d.errors import BundleError, RequestError
from brats3d.vocabulary import MODALITIES, Measure, Modality, Region

NO_T1 = ["t1ce", "t2", "flair"]


@pytest.fixture
def one(tmp_path):
    """A bundle with every rule."""
    return write_tiny_bundle(
        tmp_path / "one",
        name="one",
        thresholds={"WT": 0.4, "TC": 0.5, "ET": 0.6},
        smallest_enhancing_ml=0.5,
        islands={"smallest_ml": {"WT": 1, "TC": 0, "ET": 0}},
        serves=[NO_T1, ["flair"]],
        review={"volume_ml": [3, 4]},
    )


@pytest.fixture
def other(tmp_path):
    """A bundle with another network and windows, and rules of its own."""
    network_def = {**TINY_NETWORK, "channels": [4, 6]}
    windows = {"size": [24, 16, 16], "overlap": 0.5}
    rules = {"thresholds": {"WT": 0.6, "TC": 0.7, "ET": 0.2}, "smallest_enhancing_ml": 0.9, "serves": [NO_T1]}
    return write_tiny_bundle(
        tmp_path / "other", seed=1, name="other", network_def=network_def, windows=windows, **rules
    )


def test_thresholds_are_averaged_and_the_first_says_what_happens_to_small_parts(one, other):
    both = open_bundles([one, other])
    assert both.thresholds == pytest.approx({Region.WT: 0.5, Region.TC: 0.6, Region.ET: 0.4})
    assert (both.smallest_enhancing_ml, both.islands.smallest_ml[Region.WT]) == (0.5, 1.0)
    assert both.review == {Measure.VOLUME_ML: (3.0, 4.0)}
    assert open_bundles([other, one]).smallest_enhancing_ml == 0.9


def test_a_subset_is_served_if_every_member_serves_it(one, other):
    assert open_bundles([one, other]).serves == (MODALITIES, tuple(Modality(name) for name in NO_T1))


def test_several_bundles_have_a_name_and_a_hash_of_their_own(one, other):
    hashes = [open_bundle(each).sha256 for each in (one, other)]
    record = open_bundles([one, other]).identity.as_record()
    assert record == {
        "name": "one+other",
        "version": "0.1.0+0.1.0",
        "sha256": hashlib.sha256("+".join(hashes).encode()).hexdigest(),
        "members": [
            {"name": "one", "version": "0.1.0", "sha256": hashes[0]},
            {"name": "other", "version": "0.1.0", "sha256": hashes[1]},
        ],
    }
    assert open_bundles([other, one]).identity.sha256 != record["sha256"]


@pytest.mark.parametrize("wrap", [lambda bundle: bundle, lambda bundle: [bundle]])
def test_one_bundle_alone_is_itself(one, wrap):
    opened = open_bundles(wrap(one))
    assert opened.identity == open_bundle(one).identity
    assert "members" not in opened.identity.as_record()
    assert opened.thresholds == open_bundle(one).thresholds


def test_a_bundle_given_twice_is_refused_under_any_name(one, other, tmp_path):
    copy = shutil.copytree(one, tmp_path / "copy")
    for twice in ([one, one], [one, other, copy], [other, one, copy]):
        with pytest.raises(RequestError, match="is given twice"):
            open_bundles(twice)


def test_no_bundle_and_a_missing_one_are_refused(one):
    with pytest.raises(RequestError, match="no bundle is named"):
        open_bundles([])
    with pytest.raises(BundleError, match="no such bundle"):
        open_bundles([one, "no-such-bundle"])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"modalities": ["t1ce", "flair"], "network_def": {**TINY_NETWORK, "in_channels": 2}},
            r"'one' and 'tiny' cannot be averaged: they take T1 \+ T1ce \+ T2 \+ FLAIR and T1ce \+ FLAIR",
        ),
        ({"preparation": {"version": 1, "spacing_mm": 2.0}}, r"preparation differs \(spacing_mm 1.0 and 2.0\)"),
    ],
    ids=["modalities", "preparation"],
)
def test_networks_that_see_a_case_otherwise_are_refused(one, tmp_path, changes, words):
    third = write_tiny_bundle(tmp_path / "third", seed=2, **changes)
    with pytest.raises(RequestError, match=words) as caught:
        open_bundles([one, third])
    assert caught.value.exit_code == 2
