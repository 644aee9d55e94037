"""Several bundles, and what is computed beside the mask: probabilities and uncertainty."""

import json

import nibabel as nib
import numpy as np
import pytest
import torch
from bundles_for_tests import TINY_NETWORK, write_tiny_bundle
from patients_for_tests import write_patient

from brats3d.cases.find import find_cases
from brats3d.errors import BadInput
from brats3d.labels import SCHEMES, to_region_maps
from brats3d.predict.predictor import Predictor
from brats3d.predict.windows import WindowInferer
from brats3d.vocabulary import REGIONS, MapKind, Modality

CPU = {"device": "cpu", "precision": "float32"}
BRATS = SCHEMES["brats2020"]


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


def test_the_thresholds_of_several_bundles_are_their_mean(one, other, case):
    result = Predictor.from_bundle([one, other], probabilities=True, **CPU).segment(case)
    values = result.maps[MapKind.PROBABILITIES] / 255
    whole, _, _ = to_region_maps(result.label_map, BRATS)
    core = values[..., 1] > 0.45
    assert whole[(values[..., 0] > 0.46) | core].all()
    assert not whole[(values < 0.44).all(axis=-1)].any()


def test_probabilities_stand_on_the_patients_grid_and_are_those_of_the_mask(one, case):
    plain = Predictor.from_bundle(one, **CPU).segment(case)
    result = Predictor.from_bundle(one, probabilities=True, **CPU).segment(case)
    values = result.maps[MapKind.PROBABILITIES]
    assert (values.dtype, values.shape) == (np.uint8, (*result.label_map.shape, 3))
    assert np.array_equal(result.label_map, plain.label_map)
    assert plain.maps == {}
    enhancing = to_region_maps(result.label_map, BRATS)[REGIONS.index("ET")]
    assert enhancing[values[..., 2] > 128].all()
    assert not enhancing[values[..., 2] < 127].any()


@pytest.mark.parametrize("tta", [False, True])
@pytest.mark.parametrize("count", [1, 2], ids=["one bundle", "two"])
def test_uncertainty_leaves_the_mask_as_it_is_without(one, other, case, tta, count):
    bundles = [one, other][:count]
    plain, unsure = (
        Predictor.from_bundle(bundles, tta=tta, uncertainty=each, probabilities=True, **CPU).segment(case)
        for each in (False, True)
    )
    for kind in (MapKind.PROBABILITIES,):
        assert np.array_equal(plain.maps[kind], unsure.maps[kind])
    assert np.array_equal(plain.label_map, unsure.label_map)
    assert unsure.settings == plain.settings
    assert unsure.maps[MapKind.UNCERTAINTY].any()


def test_uncertainty_is_the_spread_over_flips_and_bundles(one, case, tmp_path):
    box = {"windows": {"size": [24, 24, 24], "overlap": 0}}  # one window holds the whole box
    bundles = [write_tiny_bundle(tmp_path / name, seed=seed, **box) for seed, name in enumerate("xy")]
    predictor = Predictor.from_bundle(bundles, uncertainty=True, **CPU)
    prepared = predictor.read(case).prepared
    image = torch.from_numpy(prepared.data)[None]
    answers = []
    for member in predictor.computation.members:
        inferer = WindowInferer(size=member.bundle.windows.size, overlap=0)
        for axes in ((), (2,), (3,), (4,), (2, 3), (2, 4), (3, 4), (2, 3, 4)):
            network = Flipped(member.engine, axes)
            answers.append(torch.sigmoid(inferer(image, network)[0]))
    by_hand = torch.stack(answers).std(dim=0, correction=0) / 0.5
    assert np.allclose(predictor.computation.predict(prepared).uncertainty, by_hand.numpy(), atol=2e-3)


class Flipped:
    """An engine that sees its windows flipped, and gives its answer flipped back."""

    def __init__(self, engine, axes):
        self.engine, self.axes, self.divisor = engine, axes, engine.divisor

    def __call__(self, windows):
        return self.engine(windows.flip(self.axes)).flip(self.axes)


def test_where_spacing_was_changed_the_maps_still_lie_on_the_patients_grid(tmp_path, case):
    coarse = write_tiny_bundle(tmp_path / "coarse", preparation={"version": 1, "spacing_mm": 2.0})
    result = Predictor.from_bundle(coarse, probabilities=True, uncertainty=True, **CPU).segment(case)
    assert {each.shape for each in result.maps.values()} == {(*result.label_map.shape, 3)}


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


def test_maps_are_saved_beside_the_mask(one, case, tmp_path):
    result = Predictor.from_bundle(one, probabilities=True, uncertainty=True, **CPU).segment(case)
    result.save(tmp_path / "masks")
    for kind in MapKind:
        image = nib.load(tmp_path / "masks" / kind / "P1.nii.gz")
        assert np.array_equal(np.asarray(image.dataobj), result.maps[kind])
        assert np.allclose(image.affine, result.grid.affine)


def test_islands_of_a_bundle_are_dropped(tmp_path, case):
    everything = {"smallest_ml": {"WT": 0, "TC": 0, "ET": 1000}}
    plain, without = (
        Predictor.from_bundle(write_tiny_bundle(tmp_path / name, **rules), **CPU).segment(case)
        for name, rules in (("plain", {}), ("islands", {"islands": everything}))
    )
    assert plain.volumes_ml["ET"] > 0
    assert without.volumes_ml == {**plain.volumes_ml, "ET": 0}
    assert without.volume_intervals_ml["ET"][1] >= plain.volumes_ml["ET"]
