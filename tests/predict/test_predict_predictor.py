"""The whole way of a case: real files in, label map, findings, record out."""

import json

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk
import torch
from bundles_for_tests import TINY_NETWORK, write_tiny_bundle

from brats3d.cases.case import Case
from brats3d.cases.find import find_cases
from brats3d.cases.read import read_volumes
from brats3d.errors import BadInput, RequestError, SegmentationFailed
from brats3d.labels import SCHEMES, to_region_maps
from brats3d.predict import compute
from brats3d.predict.engines.torch import TorchEngine
from brats3d.predict.predictor import Predictor, set_threads
from brats3d.predict.windows import WindowInferer
from brats3d.prepare import Preparation, prepare
from brats3d.vocabulary import MODALITIES, REGIONS, Modality

SHAPE = (24, 20, 17)
LPS = np.diag([-1.0, -1.0, 1.05, 1.0])


@pytest.fixture
def case(tmp_path):
    """A patient of four true files: a ball of brain in air, each modality with its own noise."""
    folder = tmp_path / "patients" / "P1"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    ball = sum((np.arange(n).reshape(s) - n / 2) ** 2 / (n / 2.5) ** 2 for n, s in zip(SHAPE, AXES, strict=True)) < 1
    paths = {}
    for modality in MODALITIES:
        voxels = np.where(ball, rng.integers(50, 500, SHAPE), 0).astype(np.int16)
        paths[modality] = folder / f"P1_{modality}.nii.gz"
        nib.save(nib.Nifti1Image(voxels, LPS), paths[modality])
    return Case("P1", tmp_path / "patients", folder, "brats2020", "brats2020", paths)


AXES = ((-1, 1, 1), (1, -1, 1), (1, 1, -1))


@pytest.fixture
def predictor(tiny_bundle):
    return Predictor.from_bundle(tiny_bundle, device="cpu", precision="float32")


def test_a_case_of_no_layout_is_refused_for_its_files(predictor, tmp_path):
    data = tmp_path / "data"
    (data / "p1").mkdir(parents=True)
    (data / "p2").mkdir()
    for modality in MODALITIES:
        (data / f"p2/p2_{modality}.nii").touch()
    empty = find_cases(data)[0]
    with pytest.raises(BadInput, match="empty folder"):
        predictor.segment(empty)
    with pytest.raises(RequestError, match="label scheme"):
        predictor.segment(empty, "no-such-scheme")


def test_a_case_goes_from_files_to_a_label_map_on_its_own_grid(predictor, case):
    result = predictor.segment(case)
    assert result.label_map.shape == SHAPE
    assert result.label_map.dtype == np.uint8
    assert set(np.unique(result.label_map)) <= {0, 1, 2, 4}
    assert np.allclose(result.grid.affine, LPS)
    assert list(result.seconds) == ["read", "prepare", "network", "finish"]
    regions = to_region_maps(result.label_map, SCHEMES["brats2020"])
    counts = {region: np.count_nonzero(each) * 0.00105 for region, each in zip(REGIONS, regions, strict=True)}
    assert result.volumes_ml == pytest.approx(counts)
    assert counts["WT"] > 0


def test_the_mask_is_the_networks_sign_put_back_by_hand(predictor, case):
    prepared = prepare(read_volumes(case, MODALITIES), Preparation())
    inferer = WindowInferer(size=[16, 16, 16], overlap=0.25)
    whole, core, enhancing = (
        inferer(torch.from_numpy(prepared.data)[None], predictor.computation.engine)[0] > 0
    ).numpy()
    ras = np.zeros(SHAPE, np.uint8)
    ras[prepared.box] = np.where(enhancing, 4, np.where(core, 1, np.where(whole, 2, 0)))
    assert np.array_equal(predictor.segment(case).label_map, ras[::-1, ::-1])


def test_two_runs_give_the_same_mask(predictor, case):
    assert np.array_equal(predictor.segment(case).label_map, predictor.segment(case).label_map)


def test_the_labels_asked_for_are_written(predictor, case):
    ours, theirs = predictor.segment(case), predictor.segment(case, "brats2023")
    assert np.array_equal(ours.label_map == 4, theirs.label_map == 3)
    assert theirs.label_scheme.name == "brats2023"
    with pytest.raises(RequestError, match="unknown label scheme"):
        predictor.segment(case, "brats1999")


def test_mask_and_sidecar_are_saved(predictor, case, tmp_path):
    result = predictor.segment(case)
    mask = result.save(tmp_path / "masks")
    assert mask == tmp_path / "masks" / "P1.nii.gz"
    assert np.array_equal(np.asarray(nib.load(mask).dataobj), result.label_map)
    record = json.loads((tmp_path / "masks" / "P1.json").read_text())
    assert record["bundle"] == {"name": "tiny", "version": "0.1.0", "sha256": predictor.bundle.sha256}
    assert record["settings"] == {"device": "cpu", "precision": "float32"}
    assert (record["engine"], record["device"], record["precision"]) == ("torch", "cpu", "float32")
    assert record["label_scheme"] == "brats2020"
    assert set(record["inputs"]) == set(MODALITIES)
    assert set(record["volumes_ml"]) == set(REGIONS)
    assert {"read", "prepare", "network", "finish", "write", "total"} == set(record["seconds"])


def test_only_what_was_asked_stands_in_the_settings(tiny_bundle):
    assert Predictor.from_bundle(tiny_bundle).asked == {}
    asked = Predictor.from_bundle(tiny_bundle, overlap=0.5, tta=True, threads=1, engine="torch").asked
    assert asked == {"engine": "torch", "overlap": 0.5, "tta": True}


@pytest.mark.parametrize(
    "options", [{"overlap": 0.91}, {"overlap": -0.1}, {"threads": 0}, {"device": "gpu"}, {"precision": "int8"}]
)
def test_an_option_out_of_range_is_refused(tiny_bundle, options):
    with pytest.raises(RequestError):
        Predictor.from_bundle(tiny_bundle, **options)


def test_a_network_of_slices_segments_a_case(tmp_path, case):
    network_def = {**TINY_NETWORK, "spatial_dims": 2}
    bundle = write_tiny_bundle(
        tmp_path / "slices", network_def=network_def, windows={"size": [16, 16, 1], "overlap": 0.25}
    )
    assert Predictor.from_bundle(bundle).segment(case).label_map.shape == SHAPE


def test_a_bundle_of_two_modalities_reads_only_those(tmp_path, case):
    network_def = {**TINY_NETWORK, "in_channels": 2}
    bundle = write_tiny_bundle(tmp_path / "two", modalities=["t1ce", "flair"], network_def=network_def)
    assert list(Predictor.from_bundle(bundle).segment(case).inputs) == [Modality.T1CE, Modality.FLAIR]


def test_another_spacing_is_resampled_there_and_back(tmp_path, case):
    bundle = write_tiny_bundle(tmp_path / "coarse", preparation={"version": 1, "spacing_mm": 2.0})
    assert Predictor.from_bundle(bundle).segment(case).label_map.shape == SHAPE


def test_weights_that_give_no_numbers_fail_the_case(predictor, case):
    with torch.no_grad():
        next(predictor.computation.engine.network.parameters()).fill_(3e38)
    with pytest.raises(SegmentationFailed, match="not finite"):
        predictor.segment(case)


def test_a_damaged_file_is_bad_input(predictor, case):
    path = case.modalities[Modality.T2]
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(BadInput, match="P1_t2"):
        predictor.segment(case)


class Hungry(TorchEngine):
    """An engine that has memory for one slice at a time, or for nothing."""

    most = 0

    def __call__(self, windows):
        if windows.shape[0] > self.most:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        return super().__call__(windows)


def test_slices_are_computed_one_by_one_where_memory_is_short(tmp_path, case, monkeypatch):
    bundle = write_tiny_bundle(
        tmp_path / "slices",
        network_def={**TINY_NETWORK, "spatial_dims": 2},
        windows={"size": [16, 16, 1], "overlap": 0.25},
    )
    plenty = Predictor.from_bundle(bundle, precision="float32").segment(case)
    monkeypatch.setattr(compute, "TorchEngine", Hungry)
    monkeypatch.setattr(Hungry, "most", 1)
    short = Predictor.from_bundle(bundle, precision="float32").segment(case)
    assert [finding.code for finding in short.findings if finding not in plenty.findings] == ["out-of-memory"]
    assert np.mean(short.label_map == plenty.label_map) > 0.999


def test_memory_that_runs_out_on_the_last_rung_fails_this_case_alone(tiny_bundle, case, monkeypatch):
    monkeypatch.setattr(compute, "TorchEngine", Hungry)
    with pytest.raises(SegmentationFailed, match="not enough memory for this patient"):
        Predictor.from_bundle(tiny_bundle).segment(case)


def test_threads_bound_the_network_and_the_resampling():
    before = torch.get_num_threads(), sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    try:
        set_threads(1)
        assert (torch.get_num_threads(), sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()) == (1, 1)
        with pytest.raises(RequestError, match="at least 1"):
            set_threads(0)
    finally:
        torch.set_num_threads(before[0])
        sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(before[1])
