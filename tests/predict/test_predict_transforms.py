"""MONAI's runner on the transforms gives the masks of `brats3d segment`, to the voxel."""

import json
from importlib import resources

import nibabel as nib
import numpy as np
import pytest
import torch
import yaml
from bundles_for_tests import write_tiny_bundle
from monai.bundle import ConfigParser, ConfigWorkflow
from monai.data.utils import decollate_batch

from brats3d.cases.find import find_cases
from brats3d.errors import BadInput
from brats3d.labels import SCHEMES
from brats3d.predict.finish import Finished
from brats3d.predict.predictor import Predictor
from brats3d.predict.transforms import Finishd, ReadCased, case_items, one_case

INFERENCE = resources.files("brats3d.train").joinpath("templates", "inference.yaml").read_text(encoding="utf-8")
"""What every bundle ships as `inference.yaml`."""


@pytest.fixture
def patients(tmp_path):
    """Two patients whose brains have unlike sizes."""
    rng = np.random.default_rng(0)
    for name, shape in (("BraTS20_Training_001", (20, 18, 12)), ("BraTS20_Training_002", (24, 14, 17))):
        folder = tmp_path / "patients" / name
        folder.mkdir(parents=True)
        inside = np.zeros(shape, bool)
        inside[3:-2, 2:-3, 1:-1] = True
        for modality in ("t1", "t1ce", "t2", "flair"):
            voxels = np.where(inside, rng.integers(50, 500, shape), 0).astype(np.int16)
            nib.save(nib.Nifti1Image(voxels, np.diag([-1.0, -1.0, 1.0, 1.0])), folder / f"{name}_{modality}.nii.gz")
    return tmp_path / "patients"


def run_monai(bundle, patients, out, inference=INFERENCE, **options):
    """Run MONAI's workflow on a bundle, with values put over those of its configs."""
    (bundle / "configs/inference.yaml").write_text(inference)
    workflow = ConfigWorkflow(
        config_file=[str(bundle / "configs" / name) for name in ("common.yaml", "inference.yaml")],
        meta_file=str(bundle / "configs/metadata.json"),
        workflow_type="infer",
        logging_file=False,
        bundle_root=str(bundle),
        dataset_dir=str(patients),
        output_dir=str(out),
        device="$torch.device('cpu')",
        precision="float32",
        **options,
    )
    workflow.initialize()
    assert workflow.check_properties() == []
    workflow.run()


def masks_in(folder):
    return {path.name: path.read_bytes() for path in folder.glob("*.nii.gz")}


@pytest.mark.parametrize("tta", [False, True])
def test_monais_runner_and_the_predictor_give_the_same_masks(tiny_bundle, patients, tmp_path, tta):
    run_monai(tiny_bundle, patients, tmp_path / "theirs", tta=tta)
    predictor = Predictor.from_bundle(tiny_bundle, device="cpu", precision="float32", tta=tta)
    for case in find_cases(patients):
        result = predictor.segment(case)
        ours = result.save(tmp_path / "ours")
        theirs = tmp_path / "theirs" / ours.name
        assert theirs.read_bytes() == ours.read_bytes()
        assert result.label_map.any()
        records = [json.loads((tmp_path / who / f"{case.id}.json").read_text()) for who in ("ours", "theirs")]
        assert records[1]["settings"] == {"runner": "monai", "precision": "float32", **({"tta": True} if tta else {})}
        for key in ("volumes_ml", "volume_intervals_ml", "review", "inputs"):
            assert records[0][key] == records[1][key]


RULES = {
    "temperature": {"WT": 1.5, "TC": 0.7, "ET": 3.0},
    "thresholds": {"WT": 0.7, "TC": 0.7, "ET": 0.6},
    "islands": {
        "smallest_ml": {"WT": 0.003, "TC": 0.002, "ET": 0.003},
        "least_probability": {"WT": 0.0, "TC": 0.0, "ET": 0.63},
    },
    "serves": [["t1", "t1ce", "t2"]],
}
"""Each of them changes the masks of the random weights below."""


@pytest.fixture
def ruled(tmp_path):
    """A bundle whose `common.yaml` has every key."""
    return write_tiny_bundle(tmp_path / "ruled", **RULES)


def test_every_rule_of_a_bundle_reaches_monais_runner(ruled, patients, tmp_path):
    (patients / "BraTS20_Training_002" / "BraTS20_Training_002_flair.nii.gz").unlink()
    run_monai(ruled, patients, tmp_path / "theirs", allow_missing=True)
    predictor = Predictor.from_bundle(ruled, device="cpu", precision="float32")
    for case in find_cases(patients, allow_missing=True):
        predictor.segment(case).save(tmp_path / "ours")
    assert len(masks_in(tmp_path / "ours")) == 2
    assert masks_in(tmp_path / "theirs") == masks_in(tmp_path / "ours")
    record = json.loads((tmp_path / "theirs" / "BraTS20_Training_002.json").read_text())
    assert record["settings"] == {"runner": "monai", "precision": "float32", "allow_missing": True}


@pytest.mark.parametrize("key", ["temperature", "islands"])
def test_a_rule_changes_masks_so_that_losing_it_would_be_seen(ruled, patients, tmp_path, key):
    without = write_tiny_bundle(tmp_path / "without", **{each: RULES[each] for each in RULES if each != key})
    for folder in (ruled, without):
        for case in find_cases(patients):
            Predictor.from_bundle(folder, device="cpu", precision="float32").segment(case).save(tmp_path / folder.name)
    assert masks_in(tmp_path / "ruled") != masks_in(tmp_path / "without")


def test_monais_runner_refuses_a_patient_that_lacks_what_the_bundle_needs(ruled, patients, tmp_path):
    (patients / "BraTS20_Training_001" / "BraTS20_Training_001_t1.nii.gz").unlink()
    for allowed, words in ((False, "lacks T1"), (True, "the bundle serves")):
        with pytest.raises(RuntimeError) as caught:
            run_monai(ruled, patients, tmp_path / "theirs", allow_missing=allowed)
        assert words in str(first_cause(caught.value))


def first_cause(error):
    """Return what went wrong before MONAI, twice over, put its own words around it."""
    return error if error.__cause__ is None else first_cause(error.__cause__)


def older_inference():
    """Return `inference.yaml` as it was before `serves`, `temperature` and `islands` were known."""
    config = yaml.safe_load(INFERENCE)
    for key in ("bundle", "serves", "temperature", "islands", "allow_missing"):
        del config[key]
    del config["preprocessing"]["transforms"][0]["serves"], config["dataset"]["data"]["allow_missing"]
    del config["postprocessing"]["transforms"][0], config["postprocessing"]["transforms"][1]["islands"]
    return yaml.safe_dump(config)


def test_a_config_written_before_these_keys_goes_on_working(tiny_bundle, patients, tmp_path):
    run_monai(tiny_bundle, patients, tmp_path / "older", older_inference())
    run_monai(tiny_bundle, patients, tmp_path / "newer")
    assert len(masks_in(tmp_path / "older")) == 2
    assert masks_in(tmp_path / "older") == masks_in(tmp_path / "newer")


@pytest.mark.parametrize("key", ["temperature", "islands"])
def test_a_config_that_is_too_old_for_a_rule_of_its_bundle_writes_no_mask(patients, tmp_path, key):
    bundle = write_tiny_bundle(tmp_path / "ruled", **{key: RULES[key]})
    with pytest.raises(RuntimeError) as caught:
        run_monai(bundle, patients, tmp_path / "older", older_inference())
    assert f"names '{key}', which its configs/inference.yaml is too old to apply" in str(first_cause(caught.value))
    assert not (tmp_path / "older").exists()


def test_a_batch_is_one_patient():
    case = object()
    batch = one_case([{"image": torch.zeros(4, 2, 3, 4), "case": case}])
    assert batch["image"].shape == (1, 4, 2, 3, 4)
    assert decollate_batch(batch)[0]["case"] is case
    with pytest.raises(ValueError, match="batch of 2 patients"):
        one_case([{}, {}])


def test_reading_refuses_what_segment_refuses(patients):
    path = patients / "BraTS20_Training_001" / "BraTS20_Training_001_t1.nii.gz"
    path.write_bytes(path.read_bytes()[:-9])
    read = ReadCased(modalities=["t1", "t1ce", "t2", "flair"], preparation={"version": 1, "spacing_mm": 1.0})
    with pytest.raises(BadInput, match="_t1"):
        read(case_items(dataset_dir=str(patients))[0])


def test_logits_are_not_taken_for_probabilities(patients):
    read = ReadCased(modalities=["t1"], preparation={"version": 1, "spacing_mm": 1.0})
    data = read(case_items(dataset_dir=str(patients))[0])
    finish = Finishd(thresholds={"WT": 0.5, "TC": 0.5, "ET": 0.5}, smallest_enhancing_ml=0, label_scheme="msd")
    shape = (3, *data["image"].shape[1:])
    with pytest.raises(ValueError, match="holds no probabilities"):
        finish({**data, "pred": torch.full(shape, 1.5)})
    finished = finish({**data, "pred": torch.ones(shape)})["finished"]
    assert isinstance(finished, Finished)
    assert finished.label_scheme is SCHEMES["msd"]
    assert np.unique(finished.label_map).tolist() == [0, 3]


def test_a_misspelt_argument_is_refused_by_monai():
    item = {"x": {"_target_": "brats3d.predict.windows.WindowInferer", "size": [8, 8, 8], "overlapp": 0.5}}
    with pytest.raises(RuntimeError, match="WindowInferer"):
        ConfigParser(item).get_parsed_content("x")
