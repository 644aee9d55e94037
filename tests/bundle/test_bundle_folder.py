"""Bundles on disk: found, proven, and refused when anything is off."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from bundles_for_tests import write_metadata, write_tiny_bundle

from brats3d.bundle import COMMON_FILE, METADATA_FILE, STRANGER, WEIGHTS_FILE, open_bundle, shipped_bundles
from brats3d.bundle.folder import shipped_folder
from brats3d.errors import BundleError


@pytest.fixture
def bundle(tmp_path):
    return write_tiny_bundle(tmp_path / "tiny")


def test_a_whole_bundle_opens_and_knows_itself(bundle):
    opened = open_bundle(bundle)
    common = hashlib.sha256((bundle / COMMON_FILE).read_bytes()).hexdigest()
    weights = hashlib.sha256((bundle / WEIGHTS_FILE).read_bytes()).hexdigest()
    assert (opened.name, opened.version, opened.folder) == ("tiny", "0.1.0", bundle)
    assert opened.sha256 == hashlib.sha256(f"{common}{weights}".encode()).hexdigest()
    assert opened.identity.sha256 == opened.sha256
    assert opened.missing_files == ()
    assert opened.sha256 in STRANGER.format(sha256=opened.sha256)


def test_opening_imports_no_torch(bundle):
    code = "import sys; from brats3d.bundle import open_bundle; open_bundle(sys.argv[1]); print('torch' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code, str(bundle)], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"


def test_the_hash_follows_every_byte_of_common_yaml_and_weights(bundle, tmp_path):
    first = open_bundle(bundle).sha256
    (bundle / COMMON_FILE).write_bytes((bundle / COMMON_FILE).read_bytes() + b"# more\n")
    second = open_bundle(bundle).sha256
    other = open_bundle(write_tiny_bundle(tmp_path / "other", seed=1)).sha256
    assert len({first, second, other}) == 3


def test_a_missing_bundle_names_what_is_shipped(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BundleError, match="bundle 'nowhere': no such bundle or folder; ") as caught:
        open_bundle("nowhere")
    assert caught.value.exit_code == 3
    assert all(name in str(caught.value) for name in shipped_bundles())


def test_a_name_without_slash_is_shipped_first_and_then_a_folder(monkeypatch, tmp_path):
    shipped, here = tmp_path / "shipped", tmp_path / "here"
    monkeypatch.setattr("brats3d.bundle.folder.shipped_folder", lambda: shipped)
    write_tiny_bundle(shipped / "one")
    write_tiny_bundle(here / "one")
    write_tiny_bundle(here / "two")
    monkeypatch.chdir(here)
    assert shipped_bundles() == ["one"]
    assert open_bundle("one").folder == shipped / "one"
    assert open_bundle("./one").folder.resolve() == here / "one"
    assert open_bundle("two").folder.resolve() == here / "two"


@pytest.mark.parametrize("name", [COMMON_FILE, METADATA_FILE, WEIGHTS_FILE])
def test_a_missing_file_is_named(bundle, name):
    (bundle / name).unlink()
    with pytest.raises(BundleError, match=f"bundle tiny: it has no {name}; name a folder"):
        open_bundle(bundle)


def test_files_that_segmenting_does_without_are_told(bundle):
    (bundle / "LICENSE").unlink()
    assert open_bundle(bundle).missing_files == ("LICENSE",)


def test_a_pipe_is_not_waited_for(bundle):
    (bundle / WEIGHTS_FILE).unlink()
    os.mkfifo(bundle / WEIGHTS_FILE)
    with pytest.raises(BundleError, match="is no regular file"):
        open_bundle(bundle)


def test_truncated_weights_are_refused(bundle):
    data = (bundle / WEIGHTS_FILE).read_bytes()
    (bundle / WEIGHTS_FILE).write_bytes(data[:-1])
    with pytest.raises(BundleError, match=rf"has {len(data) - 1} bytes where .* names {len(data)}"):
        open_bundle(bundle)


def test_one_flipped_bit_in_the_weights_is_refused(bundle):
    data = bytearray((bundle / WEIGHTS_FILE).read_bytes())
    data[len(data) // 2] ^= 4
    (bundle / WEIGHTS_FILE).write_bytes(data)
    with pytest.raises(BundleError, match="is damaged: its SHA-256 is"):
        open_bundle(bundle)


def test_weights_replaced_after_opening_are_refused(bundle):
    opened = open_bundle(bundle)
    write_tiny_bundle(bundle, seed=1)
    with pytest.raises(BundleError, match="is damaged"):
        opened.weights()


@pytest.mark.parametrize("entry", [{"file": "../model.pt"}, {"bytes": "12"}, {"bytes": True}, {"sha256": None}])
def test_metadata_that_does_not_name_the_weights_is_refused(bundle, entry):
    write_metadata(bundle, **entry)
    with pytest.raises(BundleError, match=r"metadata\.json lacks"):
        open_bundle(bundle)


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, '{"version": "1"}', '{"version": 1, "brats3d": []}'])
def test_broken_metadata_is_refused(bundle, text):
    (bundle / METADATA_FILE).write_text(text)
    with pytest.raises(BundleError, match=r"bundle tiny: configs/metadata\.json"):
        open_bundle(bundle)


def test_a_fault_in_common_yaml_names_the_file(bundle):
    (bundle / COMMON_FILE).write_text("brats3d_format: $import os\n")
    with pytest.raises(BundleError, match=r"bundle tiny: configs/common\.yaml: 'brats3d_format'"):
        open_bundle(bundle)


def test_a_name_is_a_shipped_bundle_and_a_path_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_tiny_bundle(tmp_path / "unet")
    assert open_bundle("unet").folder == shipped_folder() / "unet"
    for own in (Path("unet"), Path("./unet"), "./unet"):
        assert open_bundle(own).folder.resolve() == tmp_path / "unet"


def test_a_training_that_is_not_over_is_no_damaged_download(tmp_path):
    folder = write_tiny_bundle(tmp_path / "mine")
    (folder / WEIGHTS_FILE).unlink()
    path = folder / METADATA_FILE
    document = json.loads(path.read_text())
    del document["brats3d"]["weights"]
    path.write_text(json.dumps(document))
    with pytest.raises(BundleError, match=r"its training has not come to its end; go on with .* --resume"):
        open_bundle(folder)
