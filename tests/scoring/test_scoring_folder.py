import json

import numpy as np
import pytest

from brats3d.errors import RequestError
from brats3d.scoring import folder as scoring_folder
from brats3d.scoring.folder import compare, evaluate
from brats3d.scoring.scores import ScoreStatus
from brats3d.vocabulary import REGIONS, Region

TUMOUR = {2: 6, 1: 4, 4: 2}
DIAGONAL = (10**2 + 11**2 + 12**2) ** 0.5


@pytest.fixture
def folders(tmp_path, write_mask):
    """Predictions and references with one equal pair `a`."""
    for side in ("predictions", "references"):
        write_mask(tmp_path / side / "a.nii.gz", TUMOUR)
    return tmp_path / "predictions", tmp_path / "references"


def figures(case) -> dict[Region, tuple[float, float]]:
    return {region: (case.regions[region].dice, case.regions[region].hd95_mm) for region in REGIONS}


def test_a_pair_is_scored_region_by_region(folders, write_mask):
    predictions, references = folders
    write_mask(predictions / "a.nii.gz", {2: 6, 1: 4})
    (case,) = evaluate(predictions, references)
    assert (case.id, case.protocol, case.status) == ("a", "brats2020", ScoreStatus.SCORED)
    assert figures(case) == {Region.WT: (1, 0), Region.TC: (1, 0), Region.ET: (0, DIAGONAL)}
    assert case.penalty_mm == DIAGONAL
    assert case.regions[Region.WT].reference_ml == pytest.approx(0.216)


def test_patient_folders_are_read_by_their_layout_under_any_protocol(tmp_path, write_mask, write_patient):
    write_patient(tmp_path / "patients", "BraTS2021_00001", {2: 6, 4: 4})
    write_mask(tmp_path / "predictions" / "BraTS2021_00001.nii.gz", {2: 6, 3: 4})
    (case,) = evaluate(tmp_path / "predictions", tmp_path / "patients", protocols=["brats2023"])
    assert (case.reference_scheme, case.prediction_scheme) == ("brats2020", "brats2023")
    assert figures(case) == dict.fromkeys(REGIONS, (1, 0))
    assert case.regions[Region.ET].tp == 1


def test_a_reference_that_does_not_fit_its_own_patient_is_at_fault_not_the_prediction(
    tmp_path, write_mask, write_patient
):
    folder = write_patient(tmp_path / "patients", "BraTS2021_00001", TUMOUR)
    write_mask(folder / "BraTS2021_00001_seg.nii.gz", TUMOUR, affine=np.diag([-1.0, -1, 2, 1]))
    write_mask(tmp_path / "predictions" / "BraTS2021_00001.nii.gz", TUMOUR)
    (case,) = evaluate(tmp_path / "predictions", tmp_path / "patients")
    assert (case.status, case.regions) == (ScoreStatus.REFUSED, {})
    assert case.message.startswith("reference: BraTS2021_00001/BraTS2021_00001_seg.nii.gz: its grid lies")


def test_a_damaged_volume_does_not_keep_a_sound_reference_from_being_scored(tmp_path, write_mask, write_patient):
    folder = write_patient(tmp_path / "patients", "BraTS2021_00001", TUMOUR)
    for modality in ("t1", "t1ce", "t2", "flair"):
        (folder / f"BraTS2021_00001_{modality}.nii.gz").write_bytes(b"")
    write_mask(tmp_path / "predictions" / "BraTS2021_00001.nii.gz", TUMOUR)
    (case,) = evaluate(tmp_path / "predictions", tmp_path / "patients")
    assert figures(case) == dict.fromkeys(REGIONS, (1, 0))


def test_several_protocols_come_in_turn(folders, write_mask):
    predictions, references = folders
    write_mask(references / "b.nii.gz", TUMOUR)
    found = evaluate(predictions, references, ["brats2023", "brats2020"], "brats2020", "brats2020")
    assert [(case.protocol, case.id) for case in found] == [
        ("brats2023", "a"),
        ("brats2023", "b"),
        ("brats2020", "a"),
        ("brats2020", "b"),
    ]


def test_a_missing_prediction_scores_0_and_the_penalty_in_an_empty_region_too(folders, write_mask):
    predictions, references = folders
    write_mask(references / "b.nii.gz", {2: 6})
    case = evaluate(predictions, references)[1]
    assert case.status is ScoreStatus.MISSING
    assert case.message == f"no prediction: {case.id}.nii.gz is not there; segment this patient, or add its mask"
    assert figures(case) == dict.fromkeys(REGIONS, (0, DIAGONAL))


def test_a_damaged_prediction_is_refused_with_0_and_the_penalty(folders):
    predictions, references = folders
    whole = (predictions / "a.nii.gz").read_bytes()
    (predictions / "a.nii.gz").write_bytes(whole[: len(whole) // 2])
    (case,) = evaluate(predictions, references)
    assert case.status is ScoreStatus.REFUSED
    assert case.message.startswith("prediction: a.nii.gz: ")
    assert figures(case) == dict.fromkeys(REGIONS, (0, DIAGONAL))


def test_a_prediction_with_foreign_labels_is_refused_not_guessed(folders, write_mask):
    predictions, references = folders
    write_mask(predictions / "a.nii.gz", {2: 6, 1: 4, 3: 2})
    (case,) = evaluate(predictions, references)
    assert case.status is ScoreStatus.REFUSED
    assert evaluate(predictions, references, prediction_scheme="brats2023")[0].status is ScoreStatus.SCORED


def test_a_cavity_is_read_by_the_scheme_of_each_side(folders, write_mask):
    predictions, references = folders
    for side in folders:
        write_mask(side / "a.nii.gz", {2: 8, 1: 7, 3: 6, 4: 5})
    (case,) = evaluate(predictions, references, ["brats2024"])
    assert (case.reference_scheme, case.regions["RC"].tp, case.regions["RC"].dice) == ("brats2024", 1, 1.0)
    assert case.regions["RC"].reference_ml == pytest.approx(0.125)
    write_mask(predictions / "a.nii.gz", {2: 8, 1: 7, 4: 6})
    (case,) = evaluate(predictions, references, ["brats2026"], prediction_scheme="brats2020")
    assert (case.regions["RC"].tp, case.regions["RC"].fn, case.regions["ET"].tp) == (0, 1, 1)


def test_a_missing_prediction_costs_every_region_of_every_protocol(folders, write_mask):
    predictions, references = folders
    (predictions / "a.nii.gz").unlink()
    for case in evaluate(predictions, references, ["brats2024", "brats2026"], label_scheme="brats2020"):
        penalty = {"brats2024": 337.0, "brats2026": 373.0}[case.protocol]
        assert {(each.dice, each.hd95_mm) for each in case.regions.values()} == {(0.0, penalty)}
        assert list(case.regions) == ["WT", "TC", "NETC", "SNFH", "ET", "RC"]


def test_a_sidecar_beside_the_prediction_says_its_scheme(folders, write_mask):
    predictions, references = folders
    write_mask(predictions / "a.nii.gz", {1: 6, 2: 4, 3: 2})
    (predictions / "a.json").write_text(json.dumps({"label_scheme": "msd"}))
    (case,) = evaluate(predictions, references, prediction_scheme="brats2020")
    assert figures(case) == dict.fromkeys(REGIONS, (1, 0))


def test_a_prediction_on_turned_axes_is_brought_to_those_of_the_reference(folders, write_mask):
    predictions, references = folders
    turned = np.array([[0.0, 0, -1, 0], [-1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]])
    write_mask(predictions / "a.nii.gz", TUMOUR, affine=turned, shape=(11, 12, 10))
    assert figures(evaluate(predictions, references)[0]) == dict.fromkeys(REGIONS, (1, 0))


def test_a_prediction_on_another_grid_is_refused(folders, write_mask):
    predictions, references = folders
    write_mask(predictions / "a.nii.gz", TUMOUR, affine=np.diag([-1.0, -1, 1.2, 1]))
    (case,) = evaluate(predictions, references)
    assert case.status is ScoreStatus.REFUSED
    assert "lies up to 2.20 mm from that of its reference" in case.message


def test_distances_and_volumes_are_in_the_spacing_of_the_reference(tmp_path, write_mask):
    affine = np.diag([1.0, 1.0, 3.0, 1.0])
    write_mask(tmp_path / "references" / "a.nii.gz", {4: 4}, affine=affine)
    write_mask(tmp_path / "predictions" / "a.nii.gz", {4: 5}, affine=affine)
    (case,) = evaluate(tmp_path / "predictions", tmp_path / "references")
    assert case.spacing_mm == (1.0, 1.0, 3.0)
    assert case.regions[Region.ET].reference_ml == pytest.approx(0.192)
    assert case.regions[Region.ET].hd95_mm == 3.0


def test_a_refused_reference_is_listed_and_not_scored(folders, write_mask):
    predictions, references = folders
    write_mask(references / "b.nii.gz", {7: 3})
    write_mask(predictions / "b.nii.gz", TUMOUR)
    case = evaluate(predictions, references)[1]
    assert (case.id, case.status, case.regions) == ("b", ScoreStatus.REFUSED, {})
    assert case.message.startswith("reference: b.nii.gz: ")


def test_predictions_left_over_are_named(folders, write_mask):
    predictions, references = folders
    write_mask(predictions / "z.nii.gz", TUMOUR)
    found = compare(predictions, references)
    assert found.unmatched == ("z",)
    assert [case.id for case in found.scores["brats2020"]] == ["a"]


@pytest.mark.parametrize(
    "wrong", [{"protocols": ["brats2025"]}, {"label_scheme": "brats"}, {"prediction_scheme": "brats"}], ids=str
)
def test_unknown_names_are_request_errors(folders, wrong):
    with pytest.raises(RequestError, match="unknown"):
        evaluate(*folders, **wrong)


@pytest.mark.parametrize(
    ("folder", "option"), [("predictions", "--prediction-scheme"), ("references", "--label-scheme")]
)
def test_foreign_labels_name_the_option_that_helps(tmp_path, write_mask, folder, option):
    for each in ("predictions", "references"):
        write_mask(tmp_path / each / "p1.nii.gz", {2: 6, 1: 4, 3 if each == folder else 4: 2})
    (scores,) = evaluate(tmp_path / "predictions", tmp_path / "references")
    assert f"name that with {option}" in scores.message


def test_too_little_memory_for_one_pair_costs_that_pair(tmp_path, write_mask, monkeypatch):
    for name in ("p1", "p2"):
        for folder in ("predictions", "references"):
            write_mask(tmp_path / folder / f"{name}.nii.gz", {2: 6, 4: 2})
    real = scoring_folder.read_side

    def read_side(mask, *rest):
        if mask.name.startswith("p1"):
            raise MemoryError
        return real(mask, *rest)

    monkeypatch.setattr(scoring_folder, "read_side", read_side)
    first, second = evaluate(tmp_path / "predictions", tmp_path / "references")
    assert (str(first.status), "not enough memory" in first.message, str(second.status)) == ("refused", True, "scored")
