"""Keys: joined level by level, and the unknown ones named with their nearest."""

import copy

import pytest

from brats3d.errors import RequestError
from brats3d.settings import dotted_keys, overlay

BASE = {
    "seed": 0,
    "batch": 1,
    "windows": {"size": [64, 64, 64], "overlap": 0.5},
    "optimizer": {"rate": 0.001},
    "network_arguments": {"channels": [8, 16]},
}
FREE = frozenset({"network_arguments"})


def test_values_are_put_over_the_base_and_neither_is_changed():
    base, more = copy.deepcopy(BASE), {"windows": {"overlap": 0.25}, "seed": 3}
    joined = overlay(base, more, FREE)
    assert joined == {**BASE, "seed": 3, "windows": {"size": [64, 64, 64], "overlap": 0.25}}
    assert base == BASE
    assert more == {"windows": {"overlap": 0.25}, "seed": 3}


def test_free_mappings_are_joined_with_keys_not_known_here():
    joined = overlay(BASE, {"network_arguments": {"dropout": 0.1}}, FREE)
    assert joined["network_arguments"] == {"channels": [8, 16], "dropout": 0.1}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"windows": {"overlapp": 0.6}}, "unknown key 'windows.overlapp'; did you mean 'windows.overlap'?"),
        ({"overlap": 0.6}, "unknown key 'overlap'; did you mean 'windows.overlap'?"),
        ({"learning_rate": 1}, "unknown key 'learning_rate'; did you mean 'optimizer.rate'?"),
        ({"zzz": 1}, "unknown key 'zzz'; the nearest known key is "),
        ({"seed": {"a": 1}, "bach": 2}, "unknown key 'bach'; did you mean 'batch'?"),
        ({"windows": 3}, "key 'windows' holds keys of its own, not the value 3"),
        ({"windows": None}, "key 'windows' holds keys of its own, not the value None"),
    ],
)
def test_what_does_not_fit_is_named_with_its_nearest(more, words):
    with pytest.raises(RequestError) as caught:
        overlay(BASE, more, FREE)
    assert words in str(caught.value)


def test_every_leaf_has_a_dotted_key():
    assert list(dotted_keys(BASE)) == [
        "seed",
        "batch",
        "windows.size",
        "windows.overlap",
        "optimizer.rate",
        "network_arguments.channels",
    ]
    assert list(dotted_keys({"empty": {}})) == ["empty"]
