"""How a training starts and comes to its end: cut anywhere it can go on, and nothing a stranger wrote is run."""

import json
import shutil
import signal
from dataclasses import replace

import pytest
from monai.bundle import ConfigWorkflow

from brats3d.bundle import open_bundle
from brats3d.errors import Interrupted, RequestError
from brats3d.train import finish, model_card, run, write_bundle
from brats3d.train.run import train_bundle
from brats3d.train.write_bundle import describe_bundle

IDS = [f"BraTS20_Phantom_00{n}" for n in (1, 2, 3)]
SOON = 1e-6
"""Minutes: over after the first epoch."""


@pytest.mark.parametrize("count", range(9))
def test_a_start_cut_after_any_file_can_be_resumed(request_of, monkeypatch, trained, count):
    real, written = write_bundle.write_whole, []

    def write_some(path, content):
        if len(written) == count:
            raise KeyboardInterrupt
        written.append(path)
        real(path, content)

    request = request_of(max_minutes=SOON)
    for module in (write_bundle, model_card):
        monkeypatch.setattr(module, "write_whole", write_some)
    with pytest.raises((KeyboardInterrupt, Interrupted)):
        train_bundle(request)
    for module in (write_bundle, model_card):
        monkeypatch.setattr(module, "write_whole", real)
    train_bundle(replace(request, resume=True))
    assert open_bundle(request.out).missing_files == ()


def test_nothing_that_stands_in_the_metadata_is_run(request_of, tmp_path, monkeypatch):
    request = request_of(max_minutes=SOON)
    train_bundle(request)
    path = request.out / "configs/metadata.json"
    (request.out / "stranger.py").write_text(f"open({str(tmp_path / 'trap')!r}, 'w')")
    monkeypatch.syspath_prepend(request.out)
    # MONAI runs an import wherever it stands.
    path.write_text(json.dumps({**json.loads(path.read_text()), "changelog": {"0.1.0": "$import stranger"}}))
    train_bundle(replace(request, resume=True))
    assert not (tmp_path / "trap").exists()


def test_a_splits_file_may_bear_any_name(request_of, tmp_path):
    (tmp_path / "%all.json").write_text(json.dumps({"train": IDS[:2], "validation": IDS[2:]}))
    request = request_of(splits=tmp_path / "%all.json", max_minutes=SOON)
    train_bundle(request)
    run_of_monai(request.out)


def run_of_monai(bundle):
    """Have MONAI read all of a bundle as it does before a run."""
    configs = [str(bundle / f"configs/{name}.yaml") for name in ("common", "inference")]
    workflow = ConfigWorkflow(configs, logging_file=False, workflow_type="infer")
    workflow.parser.parse()
    assert workflow.parser.get_parsed_content("_meta_")["brats3d"]["split"] == "file %all.json"


def test_the_same_images_under_two_ids_are_not_both_trained_on_and_held_out(own, request_of):
    copy = own / "BraTS20_Phantom_009"
    copy.mkdir()
    for path in (own / IDS[0]).iterdir():
        shutil.copy(path, copy / path.name.replace(IDS[0], copy.name))
    splits = own.parent / "splits.json"
    for held_out in ("validation", "test"):
        splits.write_text(json.dumps({"train": IDS[:1], "validation": [], held_out: [IDS[1], copy.name]}))
        request = request_of(data=own, splits=splits)
        with pytest.raises(RequestError, match=f"trained on and held out: {IDS[0]} and {copy.name};"):
            train_bundle(request)
        assert not request.out.exists()
    splits.write_text(json.dumps({"train": [IDS[0], copy.name], "validation": [IDS[1]]}))
    train_bundle(request_of(data=own, splits=splits, max_minutes=SOON))


def test_a_network_whose_stages_do_not_fit_is_refused_before_anything_is_begun(request_of):
    arguments = "{filters: [4, 8, 8], kernel_size: [3, 3, 3], strides: [2, 1, 1], upsample_kernel_size: [1, 1]}"
    request = request_of({"network": "dynunet", "network_arguments": arguments})
    with pytest.raises(RequestError, match=r"gives .* is needed"):
        train_bundle(request)
    assert not request.out.exists()


def test_signals_wait_until_weights_and_metadata_fit(request_of, monkeypatch):
    def interrupted(folder, training):
        signal.raise_signal(signal.SIGINT)
        describe_bundle(folder, training)

    monkeypatch.setattr(finish, "describe_bundle", interrupted)
    request = request_of(max_minutes=SOON)
    with pytest.raises(Interrupted):
        train_bundle(request)
    assert open_bundle(request.out).missing_files == ()


def test_a_complete_bundle_whose_resuming_is_cut_stays_complete(request_of, monkeypatch):
    request = request_of(max_minutes=SOON)
    train_bundle(request)

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "run_training", interrupted)
    with pytest.raises(Interrupted):
        train_bundle(replace(request, resume=True))
    assert open_bundle(request.out).missing_files == ()
