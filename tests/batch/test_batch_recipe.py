"""What is whole already is not done again, and nothing else is taken for whole."""

import json
from dataclasses import replace

import pytest

from brats3d.batch.recipe import whole_record
from brats3d.output.verify import verify
from brats3d.vocabulary import MODALITIES, MapKind, Modality


def flip(path, place):
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def test_a_second_run_skips_everything(run):
    run()
    before = {path.name: path.read_bytes() for path in run.out.glob("[abc].*")}
    summary, asked = run()
    assert not asked
    assert [(str(each.status), each.message) for each in summary.cases] == [("skipped", "already whole")] * 3
    assert {path.name: path.read_bytes() for path in run.out.glob("[abc].*")} == before


def test_overwriting_does_everything_again(run):
    run()
    assert run(overwrite=True)[1] == ["a", "b", "c"]


@pytest.mark.parametrize("modality", ["t1", "t1ce", "t2", "flair"])
def test_a_changed_input_is_done_again(run, modality):
    run()
    flip(run.data / "b" / f"b_{modality}.nii.gz", 4)  # a byte of the time stamp: the voxels stay
    assert run()[1] == ["b"]


def test_a_file_moved_within_data_is_not_done_again(run):
    run()
    (run.data / "more").mkdir()
    (run.data / "b").rename(run.data / "more" / "b")
    assert run()[1] == []


@pytest.mark.parametrize(
    "changes", [{"bundle_sha256": "cd" * 32}, {"settings": {}}, {"settings": {"overlap": 0.5, "tta": True}}], ids=str
)
def test_another_bundle_or_setting_is_done_again(run, changes):
    run()
    assert run(recipe=replace(run.recipe, **changes))[1] == ["a", "b", "c"]


def test_another_label_scheme_is_done_again(run):
    run()
    assert run(label_scheme="brats2023")[1] == ["a", "b", "c"]
    assert run(label_scheme="brats2023")[1] == []


@pytest.mark.parametrize("place", [4, 12, 40, -1])
def test_a_changed_mask_is_done_again(run, place):
    run()
    whole = (run.out / "b.nii.gz").read_bytes()
    flip(run.out / "b.nii.gz", place)
    assert run()[1] == ["b"]
    assert (run.out / "b.nii.gz").read_bytes() == whole


def test_a_missing_mask_is_done_again(run):
    run()
    (run.out / "b.nii.gz").unlink()
    assert run()[1] == ["b"]


@pytest.mark.parametrize("key", ["id", "status", "inputs", "bundle", "settings", "label_scheme", "mask", "findings"])
def test_a_record_that_lacks_what_proves_the_mask_is_done_again(run, key):
    run()
    path = run.out / "b.json"
    document = json.loads(path.read_text())
    del document[key]
    if key == "mask":
        (run.out / "b.nii.gz").unlink()  # without it, the mask would no longer be ours
    path.write_text(json.dumps(document))
    assert run()[1] == ["b"]


@pytest.mark.parametrize(("key", "value"), [("id", "a"), ("status", "failed")])
def test_a_record_that_is_not_of_this_mask_does_not_prove_it(run, key, value):
    run()
    path = run.out / "b.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))
    assert run()[1] == ["b"]


def test_a_damaged_record_is_done_again(run):
    run()
    path = run.out / "b.json"
    path.write_bytes(path.read_bytes()[:-2])
    assert run()[1] == ["b"]


def test_what_the_bundle_takes_must_all_have_been_read(run):
    run()
    case = run.cases()[0]
    fewer = replace(run.recipe, modalities=run.recipe.modalities[:2])
    assert whole_record(run.out, case, run.recipe, "plain") is None
    assert whole_record(run.out, case, run.recipe, case.label_scheme) is not None
    assert whole_record(run.out, case, fewer, case.label_scheme) is None


def test_another_channel_of_the_same_image_is_done_again(run):
    run()
    path = run.out / "b.json"
    document = json.loads(path.read_text())
    document["inputs"]["t1"]["channel"] = 3
    path.write_text(json.dumps(document))
    assert run()[1] == ["b"]


def test_a_modality_that_the_bundle_does_not_take_is_not_looked_at(run):
    recipe = replace(run.recipe, modalities=(Modality.T1, Modality.FLAIR))
    run(recipe=recipe)
    keep_only(run.out / "b.json", recipe.modalities)
    (run.data / "b" / "b_t2.nii.gz").write_bytes(b"")
    assert run.statuses(recipe=recipe)["b"] == "skipped"


def keep_only(record, modalities):
    document = json.loads(record.read_text())
    document["inputs"] = {name: each for name, each in document["inputs"].items() if name in modalities}
    record.write_text(json.dumps(document))


@pytest.fixture
def with_maps(run):
    """What asks for both maps beside each mask."""
    return replace(run.recipe, maps=tuple(MapKind))


def test_maps_that_are_asked_for_and_not_there_make_the_mask_again(run, with_maps):
    run()
    before = {path.name: path.read_bytes() for path in run.out.glob("*.nii.gz")}
    assert run(recipe=with_maps)[1] == ["a", "b", "c"]
    assert {path.name: path.read_bytes() for path in run.out.glob("*.nii.gz")} == before
    assert run(recipe=with_maps)[1] == []
    assert verify(run.out).whole == 3


@pytest.mark.parametrize("kind", MapKind)
@pytest.mark.parametrize("spoil", [lambda path: path.unlink(), lambda path: flip(path, 4)], ids=["absent", "changed"])
def test_a_map_that_is_not_whole_is_made_again_where_it_is_asked_for(run, with_maps, kind, spoil):
    run(recipe=with_maps)
    spoil(run.out / kind / "b.nii.gz")
    assert run()[1] == []
    assert run(recipe=replace(with_maps, maps=tuple(set(MapKind) - {kind})))[1] == []
    assert run(recipe=with_maps)[1] == ["b"]
    assert verify(run.out).bad == ()


def test_a_mask_made_again_without_maps_loses_the_old_ones(run, with_maps):
    run(recipe=with_maps)
    run(recipe=replace(run.recipe, settings={"overlap": 0.25}))
    assert list(run.out.glob("*/*")) == []
    assert verify(run.out).whole == 3


WITHOUT_T1 = MODALITIES[1:]


@pytest.fixture
def sparing(run):
    """A bundle that can do without T1, and the patient b that lacks it."""
    (run.data / "b" / "b_t1.nii.gz").rename(run.data.parent / "b_t1.nii.gz")
    return replace(run.recipe, serves=(MODALITIES, WITHOUT_T1))


def record_of(run, case_id):
    return json.loads((run.out / f"{case_id}.json").read_text())


def test_a_patient_without_a_modality_is_done_once_where_that_is_allowed(run, sparing):
    summary, asked = run(recipe=sparing, allow_missing=True)
    assert asked == ["a", "b", "c"]
    assert summary.cases[1].findings[0].code == "modality-missing"
    record = record_of(run, "b")
    assert record["settings"] == {"overlap": 0.5, "allow_missing": True}
    assert record["findings"][0]["severity"] == "warning"
    assert list(record["inputs"]) == [str(each) for each in WITHOUT_T1]
    assert run(recipe=sparing, allow_missing=True)[1] == []


def test_a_patient_that_lacks_nothing_is_not_done_again_for_that_option(run, sparing):
    run(recipe=sparing, allow_missing=True)
    assert record_of(run, "a")["settings"] == {"overlap": 0.5}
    assert run.statuses(recipe=sparing) == {"a": "skipped", "b": "refused", "c": "skipped"}
    assert not (run.out / "b.nii.gz").exists()


@pytest.mark.parametrize("allow_missing", [True, False])
def test_a_modality_that_appears_later_makes_the_mask_again(run, sparing, allow_missing):
    run(recipe=sparing, allow_missing=True)
    (run.data.parent / "b_t1.nii.gz").rename(run.data / "b" / "b_t1.nii.gz")
    assert run(recipe=sparing, allow_missing=allow_missing)[1] == ["b"]
    assert record_of(run, "b")["settings"] == {"overlap": 0.5}


def test_a_modality_that_is_gone_makes_the_mask_again(run, sparing):
    run(recipe=sparing, allow_missing=True)
    (run.data / "a" / "a_t1.nii.gz").unlink()
    assert run(recipe=sparing, allow_missing=True)[1] == ["a"]


def test_a_patient_that_the_bundle_cannot_serve_is_refused_before_any_network_is_loaded(run, sparing):
    run(recipe=sparing, allow_missing=True)
    (run.data / "b" / "b_t2.nii.gz").unlink()
    (run.data / "a" / "a_flair.nii.gz").unlink()
    summary, asked = run(recipe=sparing, allow_missing=True)
    assert [str(each.status) for each in summary.cases] == ["refused", "refused", "skipped"]
    assert asked == []
    assert "the bundle serves T1 + T1ce + T2 + FLAIR, T1ce + T2 + FLAIR, not T1ce + FLAIR" in summary.cases[1].message
    assert record_of(run, "b")["status"] == "refused"
    assert not (run.out / "b.nii.gz").exists()
