"""The YAML reader against files that a stranger would write."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brats3d.bundle import read_plain_yaml
from brats3d.errors import BundleError


def test_plain_data_comes_through():
    text = b"a: 1\nb: [1.5, true, null, word]\nc: {d: {e: -2}}\n"
    assert read_plain_yaml(text) == {"a": 1, "b": [1.5, True, None, "word"], "c": {"d": {"e": -2}}}


BOMB = b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BOMB, "alias or anchor"),
        (b"a: &x 1\n", "alias or anchor"),
        (b"a: !!python/object/apply:os.system [id]\n", "holds the tag"),
        (b"a: !!binary aGk=\n", "holds the tag"),
        (b"a: $import os\n", "begins with"),
        (b"a: ' $import os'\n", "begins with"),
        (b"a: {b: [1, '@network']}\n", r"'a.b.1' is '@network'"),
        (b"a: '%other.yaml#key'\n", "begins with"),
        (b"$import os: 1\n", "begins with"),
        (b"a: 1\na: 2\n", "'a' stands twice"),
        (b"a: {b: 1, b: 2}\n", "'b' stands twice"),
        (b"a: .nan\n", "finite number"),
        (b"a: -.inf\n", "finite number"),
        (b"a: 2024-01-01\n", "only plain data"),
        (b"[1, 2]\n", "no keys at its top"),
        (b"", "no keys at its top"),
        (b"a: [1\n", "cannot be read as YAML"),
        (b"a: 1\n---\nb: 2\n", "cannot be read as YAML"),
        (b"a: \xff\n", "cannot be read as YAML"),
        (b"{[1, 2]: 3}\n", "cannot be read as YAML"),
        (b"a: " + b"9" * 5000 + b"\n", "cannot be read as YAML"),
        (b"a: " + b"[" * 50 + b"]" * 50, "nested deeper than 8"),
        (b"a: " + b"[" * 30000, "nested deeper than 8"),
        (b"#" * 70000, "holds 70000 bytes"),
    ],
)
def test_a_trick_is_refused_in_one_line(text, words):
    with pytest.raises(BundleError, match=words) as caught:
        read_plain_yaml(text)
    assert "\n" not in str(caught.value)


@given(st.binary(max_size=200))
def test_any_bytes_give_a_mapping_or_a_bundle_error(data):
    with contextlib.suppress(BundleError):
        assert isinstance(read_plain_yaml(data), dict)


@given(st.text(max_size=60))
def test_any_text_gives_a_mapping_or_a_bundle_error(text):
    with contextlib.suppress(BundleError):
        assert isinstance(read_plain_yaml(("a: " + text).encode("utf-8", "replace")), dict)


@pytest.mark.parametrize(
    "value", ["9" * 400, "0x" + "f" * 5000, ":".join("9" * 400) + ".0"], ids=["long", "hex", "clock"]
)
def test_numbers_beyond_all_use_are_refused_in_one_short_line(value):
    with pytest.raises(BundleError) as caught:
        read_plain_yaml(f"a: {value}".encode())
    assert len(str(caught.value)) < 300
