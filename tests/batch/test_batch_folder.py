"""A folder of patients, each for itself."""

import json
import os
from dataclasses import replace

import pytest

from brats3d.batch.claims import claimed
from brats3d.batch.folder import Silent, grouped, segment_cases
from brats3d.errors import (
    BundleError,
    DeviceError,
    Finding,
    Interrupted,
    MachineError,
    NoPatientFound,
    RequestError,
    SegmentationFailed,
    Terminated,
)
from brats3d.output.record import read_record
from brats3d.output.verify import verify
from brats3d.vocabulary import MapKind, Severity

FAILED = SegmentationFailed(Finding("not-finite", Severity.ERROR, "the network's output is not finite; try float32"))


def record_of(run, case_id):
    return json.loads((run.out / f"{case_id}.json").read_text())


def test_every_patient_gets_a_mask_and_a_record_in_sorted_order(run, predictor):
    summary, asked = run(predictor)
    assert asked == ["a", "b", "c"]
    assert (summary.exit_code, [str(each.status) for each in summary.cases]) == (0, ["done"] * 3)
    assert run.files() == ["a.json", "a.nii.gz", "b.json", "b.nii.gz", "c.json", "c.nii.gz"]
    assert verify(run.out).whole == 3


def test_a_bad_patient_between_good_ones_costs_only_itself(run):
    (run.data / "b" / "b_flair.nii.gz").write_bytes(b"\x1f\x8b broken")
    summary, _ = run()
    assert [str(each.status) for each in summary.cases] == ["done", "refused", "done"]
    assert summary.exit_code == 4
    assert summary.cases[1].message == "b_flair.nii.gz: is damaged; fetch it again"
    assert record_of(run, "b")["findings"][-1]["code"] == "damaged"
    assert "b.nii.gz" not in run.files()


def test_a_patient_refused_when_found_is_recorded_without_being_opened(run, predictor):
    (run.data / "b" / "b_t2.nii.gz").unlink()
    assert run.statuses(predictor) == {"a": "done", "b": "refused", "c": "done"}
    assert predictor.asked == ["a", "c"]
    assert record_of(run, "b")["status"] == "refused"


@pytest.mark.parametrize(
    ("error", "code"),
    [(FAILED, "not-finite"), (ZeroDivisionError("secret"), "bug"), (MemoryError(), "out-of-memory")],
    ids=["failed", "bug", "memory"],
)
def test_a_patient_that_fails_is_recorded_and_the_others_go_on(run, predictor, error, code):
    predictor.raises["b"] = error
    assert run.statuses(predictor) == {"a": "done", "b": "failed", "c": "done"}
    record = record_of(run, "b")
    assert (record["status"], record["findings"][-1]["code"]) == ("failed", code)
    assert "secret" not in json.dumps(record)


def test_a_bug_is_heard_of_while_its_traceback_is_at_hand(run, predictor):
    heard = []

    class Listener(Silent):
        def failed_unexpectedly(self, case, error):
            heard.append((case.id, error, error.__traceback__ is not None))

    bug = predictor.raises["b"] = ZeroDivisionError("x")
    run(predictor, listener=Listener())
    assert heard == [("b", bug, True)]


def test_the_machine_giving_out_stops_the_run(run, predictor):
    predictor.raises["b"] = DeviceError("the GPU is gone")
    with pytest.raises(DeviceError):
        run(predictor)
    assert run.files() == ["a.json", "a.nii.gz"]


@pytest.mark.parametrize(
    ("error", "code"), [(KeyboardInterrupt(), 130), (Terminated(), 143)], ids=["Ctrl-C", "SIGTERM"]
)
def test_an_interrupt_keeps_what_was_finished_and_says_how_to_go_on(run, predictor, error, code):
    predictor.raises["b"] = error
    with pytest.raises(Interrupted, match="interrupted after 1 of 3 patients; run again to go on") as caught:
        run(predictor)
    assert caught.value.exit_code == code
    assert run.files() == ["a.json", "a.nii.gz"]
    assert run.statuses() == {"a": "skipped", "b": "done", "c": "done"}


def test_the_predictor_is_not_made_where_nothing_is_to_do(run):
    run()
    made = []
    segment_cases(run.cases(), run.out, run.recipe, lambda: made.append(1))
    assert not made


def test_a_predictor_that_cannot_be_made_is_no_patients_fault(run):
    with pytest.raises(Exception, match="while the bundle was loaded: ZeroDivisionError") as caught:
        segment_cases(run.cases(), run.out, run.recipe, lambda: 1 / 0)
    assert caught.value.exit_code == 1
    assert run.files() == []


def test_a_bundle_that_cannot_be_loaded_keeps_its_own_error(run):
    def refuse():
        raise BundleError("the weights are damaged")

    with pytest.raises(BundleError, match="the weights are damaged"):
        segment_cases(run.cases(), run.out, run.recipe, refuse)


def test_a_patient_now_refused_or_failed_loses_its_earlier_mask(run, predictor):
    run()
    (run.data / "a" / "a_flair.nii.gz").write_bytes(b"\x1f\x8b broken")
    predictor.raises["b"] = FAILED
    assert run.statuses(predictor, overwrite=True) == {"a": "refused", "b": "failed", "c": "done"}
    assert run.files() == ["a.json", "b.json", "c.json", "c.nii.gz"]


@pytest.mark.parametrize("name", ["b.nii.gz", "b.json"])
def test_a_file_that_is_not_ours_is_left_and_its_patient_fails(run, predictor, name):
    run.out.mkdir()
    (run.out / name).write_bytes(b"drawn by hand")
    summary, asked = run(predictor)
    assert [str(each.status) for each in summary.cases] == ["done", "failed", "done"]
    assert asked == ["a", "c"]
    assert f"{name}: a file without a record of ours stands" in summary.cases[1].message
    assert (run.out / name).read_bytes() == b"drawn by hand"
    run()
    assert (run.out / name).read_bytes() == b"drawn by hand"


@pytest.mark.parametrize("kind", MapKind)
def test_a_map_that_is_not_ours_is_left_and_its_patient_fails_where_maps_are_asked_for(run, kind):
    foreign = run.out / kind / "b.nii.gz"
    foreign.parent.mkdir(parents=True)
    foreign.write_bytes(b"drawn by hand")
    with_maps = replace(run.recipe, maps=tuple(MapKind))
    assert run.statuses()["b"] == "done"
    summary, asked = run(recipe=with_maps)
    assert (asked, str(summary.cases[1].status)) == (["a", "c"], "failed")
    assert f"{kind}/b.nii.gz: a file without a record of ours stands" in summary.cases[1].message
    assert foreign.read_bytes() == b"drawn by hand"
    assert run.statuses(recipe=with_maps, overwrite=True)["b"] == "done"
    assert verify(run.out).whole == 3


def test_a_patient_now_failed_loses_its_earlier_maps(run, predictor):
    run(recipe=replace(run.recipe, maps=tuple(MapKind)))
    predictor.raises["b"] = FAILED
    run(predictor, overwrite=True)
    assert [path.name for path in (run.out / MapKind.UNCERTAINTY).iterdir()] == []
    assert not (run.out / "b.nii.gz").exists()


def test_a_file_that_is_not_ours_is_replaced_where_that_is_asked_for(run):
    run.out.mkdir()
    (run.out / "b.nii.gz").write_bytes(b"drawn by hand")
    assert run.statuses(overwrite=True)["b"] == "done"
    assert verify(run.out).whole == 3


def test_a_folder_under_a_masks_name_fails_its_patient_alone(run):
    (run.out / "b.nii.gz").mkdir(parents=True)
    assert run.statuses(overwrite=True) == {"a": "done", "b": "failed", "c": "done"}


def test_a_refused_patient_leaves_a_mask_that_is_not_ours(run):
    run.out.mkdir()
    (run.out / "b.nii.gz").write_bytes(b"drawn by hand")
    (run.data / "b" / "b_t2.nii.gz").unlink()
    assert run.statuses()["b"] == "refused"
    assert (run.out / "b.nii.gz").read_bytes() == b"drawn by hand"


def test_other_files_in_out_are_never_touched(run):
    run.out.mkdir()
    (run.out / "notes.json").write_text("{}")
    (run.out / "x.part").write_text("mine")
    run()
    assert ((run.out / "notes.json").read_text(), (run.out / "x.part").read_text()) == ("{}", "mine")


def test_equal_ids_share_one_record_that_names_every_folder(run, write_patient):
    write_patient(run.data / "HGG", "d")
    run()
    write_patient(run.data / "LGG", "D")
    summary, _ = run()
    assert [(each.id, str(each.status)) for each in summary.cases if each.id in "dD"] == [
        ("D", "refused"),
        ("d", "refused"),
    ]
    assert record_of(run, "D")["folders"] == ["LGG/D", "HGG/d"]
    assert not {"d.nii.gz", "D.nii.gz", "d.json"} & set(run.files())


def test_a_patient_in_work_elsewhere_is_skipped_with_words(run, predictor):
    run.out.mkdir()
    with claimed(run.out, "b"):
        summary, asked = run(predictor)
    assert asked == ["a", "c"]
    assert (summary.cases[1].status, summary.cases[1].message) == (
        "skipped",
        "another run has this patient in work",
    )
    assert summary.exit_code == 0


def test_names_that_begin_with_a_sign_or_are_not_utf8_work(run, write_patient):
    for name in ("-b", "=1+1", os.fsdecode(b"p\xff")):
        write_patient(run.data, name)
    assert set(run.statuses().values()) == {"done"}
    assert read_record(run.out / os.fsdecode(b"p\xff.json")).id == os.fsdecode(b"p\xff")
    assert verify(run.out).whole == 6


def test_an_id_too_long_for_a_mask_is_refused_in_words(run, write_patient, predictor):
    for length in (246, 249, 253):
        write_patient(run.data, "n" * length, name="p")
    short, long, longest = run(predictor)[0].cases[3:]
    assert [str(each.status) for each in (short, long, longest)] == ["done", "refused", "refused"]
    assert "too long" in long.message
    assert read_record(run.out / f"{long.id}.json").status == "refused"
    assert longest.findings[-1].code == "no-record"  # not even the record can be named after it


def test_the_id_summary_is_refused_and_the_summary_stays_whole(run, write_patient):
    write_patient(run.data, "summary")
    assert run.statuses()["summary"] == "refused"
    assert json.loads((run.out / "summary.json").read_text())["refused"] == 1


def test_no_case_or_an_unknown_scheme_is_a_request_that_cannot_be(run):
    with pytest.raises(NoPatientFound):
        segment_cases([], run.out, run.recipe, lambda: None)
    with pytest.raises(RequestError, match="unknown label scheme 'brats'"):
        run(label_scheme="brats")
    assert not run.out.exists()


def test_the_labels_asked_for_reach_the_record(run):
    run(label_scheme="brats2024")
    assert record_of(run, "a")["label_scheme"] == "brats2024"


def test_cases_are_sorted_and_namesakes_stand_together(run):
    cases = run.cases()
    assert [[each.id for each in group] for group in grouped(cases[::-1])] == [["a"], ["b"], ["c"]]


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("CUDA out of memory")], ids=["numpy", "torch"])
def test_too_little_memory_for_the_network_is_the_machines_fault(run, error):
    def make():
        raise error

    with pytest.raises(MachineError, match="not enough memory to load the bundle"):
        segment_cases(run.cases(), run.out, run.recipe, make)
