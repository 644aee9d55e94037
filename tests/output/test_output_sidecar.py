"""A record as JSON and back."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brats3d.errors import Finding
from brats3d.output.sidecar import Record, RecordedFile, RecordStatus, parse_record, record_bytes, versions
from brats3d.vocabulary import MapKind, Region, Severity


@pytest.fixture
def full(record):
    return replace(
        record,
        mask=RecordedFile("p1.nii.gz", "ef" * 32, 77),
        volume_intervals_ml={Region.WT: (0.5, 2.0)},
        review={"look": True, "reasons": ["tiny"], "measures": {"volume_ml": 0.0075}},
        versions=versions(),
        finished="2026-01-01",
    )


def test_a_record_survives_the_round_trip(full):
    assert parse_record(record_bytes(full)) == full


def test_a_record_has_the_keys_of_the_contract(full):
    document = json.loads(record_bytes(full))
    assert list(document) == [
        *("id", "status", "findings", "inputs", "bundle", "settings", "engine", "device", "precision"),
        *("label_scheme", "mask", "volumes_ml", "volume_intervals_ml", "review", "seconds", "versions", "finished"),
    ]
    assert document["inputs"]["t1"] == {"file": "p1/p1_t1.nii.gz", "sha256": "ab" * 32, "size_bytes": 1234}
    assert document["findings"][0]["file"] is None
    assert {"brats3d", "python", "torch", "monai", "numpy", "nibabel"} <= set(document["versions"])


def test_maps_and_several_bundles_survive_the_round_trip(full):
    member = {"name": "tiny", "version": "1.0", "sha256": "cd" * 32}
    odd = replace(
        full,
        probabilities=RecordedFile("probabilities/p1.nii.gz", "12" * 32, 7),
        uncertainty=RecordedFile("uncertainty/p1.nii.gz", "34" * 32, 8),
        bundle={**member, "name": "tiny+tiny", "members": [member, member]},
    )
    document = json.loads(record_bytes(odd))
    assert list(document)[11:13] == ["probabilities", "uncertainty"]
    assert document["uncertainty"] == {"file": "uncertainty/p1.nii.gz", "sha256": "34" * 32, "size_bytes": 8}
    assert parse_record(record_bytes(odd)) == odd
    assert [odd.map_of(kind).size_bytes for kind in MapKind] == [7, 8]


@pytest.mark.parametrize(
    "change",
    [{"bundle": {"members": [3]}}, {"volume_intervals_ml": {"WT": [1]}}, {"review": 3}, {"uncertainty": {"file": "x"}}],
    ids=str,
)
def test_a_part_that_is_no_such_thing_makes_it_no_record(full, change):
    document = {**json.loads(record_bytes(full)), **change}
    assert parse_record(json.dumps(document).encode()) is None


def test_what_does_not_apply_is_left_out():
    refused = Record("p1", RecordStatus.REFUSED, (Finding("x", Severity.ERROR, "x.nii: bad; mend it", "x.nii"),))
    assert list(json.loads(record_bytes(refused))) == ["id", "status", "findings"]


def test_a_name_that_is_not_utf8_is_ascii_and_comes_back(full):
    odd = replace(full, id="p\udcff\n\u00e9")
    content = record_bytes(odd)
    assert content.isascii()
    assert parse_record(content).id == "p\udcff\n\u00e9"


def test_a_number_that_is_none_is_refused(full):
    with pytest.raises(ValueError, match="not JSON compliant"):
        record_bytes(replace(full, seconds={"read": float("nan")}))


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"id": 1, "status": "done", "findings": []}'],
    ids=lambda content: repr(content[:12]),
)
def test_what_is_no_record_is_none(content):
    assert parse_record(content) is None


@given(place=st.integers(0), byte=st.integers(0, 255))
def test_a_damaged_record_is_read_or_not_but_never_an_error(place, byte):
    content = bytearray(record_bytes(Record("p", RecordStatus.DONE, mask=RecordedFile("p", "ab", 1), finished="2026")))
    content[place % len(content)] = byte
    found = parse_record(bytes(content))
    assert found is None or isinstance(found, Record)
