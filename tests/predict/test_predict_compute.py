"""Several bundles, temperature, missing modalities: what is computed, against the same by hand."""

import json

import numpy as np
import pytest
import torch
from bundles_for_tests import TINY_NETWORK, write_tiny_bundle
from patients_for_tests import write_patient

from brats3d.cases.find import find_cases
from brats3d.errors import BadInput
from brats3d.predict.predictor import Predictor
from brats3d.predict.windows import WindowInferer
from brats3d.vocabulary import Modality

CPU = {"device": "cpu", "precision": "float32"}


@pytest.fixture
def case(tmp_path):
    write_patient(tmp_path / "patients" / "P1")
    return find_cases(tmp_path / "patients")[0]


@pytest.fixture
def one(tmp_path):
    return write_tiny_bundle(tmp_path / "one", name="one", temperature={"WT": 2.0, "TC": 1.0, "ET": 0.5})


@pytest.fixture
def other(tmp_path):
    """A network of slices beside one of windows."""
    return write_tiny_bundle(
        tmp_path / "other",
        seed=1,
        name="other",
        network_def={**TINY_NETWORK, "spatial_dims": 2},
        windows={"size": [16, 16, 1], "overlap": 0.25},
        thresholds={"WT": 0.4, "TC": 0.4, "ET": 0.6},
    )


def logits_of(bundle, case):
    """Return a bundle's own logits of a case, (3, x, y, z), temperature not counted."""
    predictor = Predictor.from_bundle(bundle, **CPU)
    (member,) = predictor.computation.members
    windows = member.bundle.windows
    inferer = WindowInferer(size=windows.size, overlap=windows.overlap)
    return inferer(torch.from_numpy(predictor.read(case).prepared.data)[None], member.engine)[0]


def test_logits_are_divided_by_each_ones_temperature_and_then_averaged(one, other, case):
    predictor = Predictor.from_bundle([one, other], **CPU)
    by_hand = (logits_of(one, case) / torch.tensor([2.0, 1.0, 0.5]).reshape(3, 1, 1, 1) + logits_of(other, case)) / 2
    found = predictor.computation.predict(predictor.read(case).prepared)
    assert np.allclose(found.probabilities, torch.sigmoid(by_hand).numpy(), atol=1e-6)


def test_the_record_of_several_bundles_names_them_all(one, other, case, tmp_path):
    result = Predictor.from_bundle([one, other], **CPU).segment(case)
    result.save(tmp_path / "masks")
    bundle = json.loads((tmp_path / "masks" / "P1.json").read_text())["bundle"]
    assert (bundle["name"], [each["name"] for each in bundle["members"]]) == ("one+other", ["one", "other"])
    assert result.label_map.any()


def test_a_patient_without_a_modality_is_segmented_by_a_bundle_that_serves_it(tmp_path, case, one):
    bundle = write_tiny_bundle(tmp_path / "spare", serves=[["t1", "t1ce", "t2"]])
    case.modalities[Modality.FLAIR].unlink()
    (partial,) = find_cases(tmp_path / "patients", allow_missing=True)
    result = Predictor.from_bundle(bundle, **CPU).segment(partial)
    assert result.settings == {"device": "cpu", "precision": "float32", "allow_missing": True}
    assert result.findings[0].code == "modality-missing"
    assert list(result.inputs) == [Modality.T1, Modality.T1CE, Modality.T2]
    with pytest.raises(BadInput, match=r"P1: lacks FLAIR: the bundle serves T1 \+ T1ce \+ T2 \+ FLAIR, not T1 \+"):
        Predictor.from_bundle(one, **CPU).segment(partial)
    with pytest.raises(BadInput, match="lacks FLAIR: the image is missing"):
        Predictor.from_bundle(bundle, **CPU).segment(find_cases(tmp_path / "patients")[0])


def test_islands_of_a_bundle_are_dropped(tmp_path, case):
    everything = {"smallest_ml": {"WT": 0, "TC": 0, "ET": 1000}}
    plain, without = (
        Predictor.from_bundle(write_tiny_bundle(tmp_path / name, **rules), **CPU).segment(case)
        for name, rules in (("plain", {}), ("islands", {"islands": everything}))
    )
    assert plain.volumes_ml["ET"] > 0
    assert without.volumes_ml == {**plain.volumes_ml, "ET": 0}
