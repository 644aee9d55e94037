"""Weights: only finite tensors of just the network's own shapes get in, and pickles never run."""

import io
import pickle
import zipfile

import pytest
import torch
from bundles_for_tests import TINY_NETWORK, write_metadata, write_tiny_bundle

from brats3d.bundle import WEIGHTS_FILE, load_network, open_bundle, weights_entry, write_weights
from brats3d.bundle.weights import read_weights
from brats3d.errors import BundleError
from brats3d.networks import build_network

EXPECTED = {"a": torch.zeros(2, 3), "n": torch.tensor(0)}


def saved(content):
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("dtype", [None, torch.float16])
def test_weights_survive_the_disk(tmp_path, dtype):
    folder = write_tiny_bundle(tmp_path / "tiny", seed=3, dtype=dtype)
    torch.manual_seed(3)
    original = build_network(TINY_NETWORK).state_dict()
    network = load_network(open_bundle(folder))
    assert not network.training
    for name, tensor in network.state_dict().items():
        assert tensor.dtype == torch.float32
        assert torch.equal(tensor, original[name].to(dtype or torch.float32).float())


def test_equal_weights_give_equal_bytes(tmp_path):
    one = write_tiny_bundle(tmp_path / "one") / WEIGHTS_FILE
    two = write_tiny_bundle(tmp_path / "two") / WEIGHTS_FILE
    assert one.read_bytes() == two.read_bytes()
    assert weights_entry(one) == {**weights_entry(two), "file": WEIGHTS_FILE}


def test_half_the_bytes_as_float16(tmp_path):
    weights = {"a": torch.ones(100, 100)}
    write_weights(tmp_path / "full.pt", weights)
    write_weights(tmp_path / "half.pt", weights, torch.float16)
    assert weights_entry(tmp_path / "half.pt")["bytes"] < 0.6 * weights_entry(tmp_path / "full.pt")["bytes"]


def test_modules_under_two_names_are_written_once_and_load(tmp_path):
    network_def = {
        "_target_": "DynUNet",
        "spatial_dims": 3,
        "in_channels": 4,
        "out_channels": 3,
        "kernel_size": [3, 3, 3],
        "strides": [1, 2, 2],
        "upsample_kernel_size": [2, 2],
        "filters": [8, 16, 32],
        "deep_supervision": True,
    }
    folder = write_tiny_bundle(tmp_path / "twice", network_def=network_def)
    network = load_network(open_bundle(folder))
    numbers = sum(each.numel() for each in network.parameters())
    assert sum(each.numel() for each in network.state_dict().values()) > 1.5 * numbers
    assert (folder / WEIGHTS_FILE).stat().st_size < 4 * numbers + 60_000
    torch.manual_seed(0)
    original = build_network(network_def).eval()
    window = torch.ones(1, 4, 8, 8, 8)
    with torch.inference_mode():
        assert torch.equal(network(window), original(window))


def test_what_does_not_fit_float16_is_not_written(tmp_path):
    with pytest.raises(BundleError, match=r"not finite as torch\.float16"):
        write_weights(tmp_path / "half.pt", {"a": torch.tensor([1e6])}, torch.float16)
    assert not (tmp_path / "half.pt").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"a": torch.zeros(2, 3)}, "missing is 'n'"),
        ({**EXPECTED, "b": torch.zeros(1)}, "unknown is 'b'"),
        ({}, "missing is 'a' and 1 more"),
        ([1, 2], "it is a list"),
        ({**EXPECTED, "a": torch.zeros(3, 2)}, r"has shape \(3, 2\) where the network has \(2, 3\)"),
        ({**EXPECTED, "a": torch.zeros(1).expand(2, 3)}, "claims 6 numbers and stores fewer"),
        ({**EXPECTED, "a": torch.full((2, 3), float("nan"))}, "not finite"),
        ({**EXPECTED, "a": torch.full((2, 3), float("inf"))}, "not finite"),
        ({**EXPECTED, "a": torch.zeros(2, 3, dtype=torch.int64)}, "holds torch.int64"),
        ({**EXPECTED, "a": torch.zeros(2, 3, dtype=torch.complex64)}, "holds torch.complex64"),
        ({**EXPECTED, "n": torch.tensor(0.5)}, "holds torch.float32"),
        ({**EXPECTED, "a": torch.zeros(2, 3).to_sparse()}, "not a plain tensor"),
        ({**EXPECTED, "a": 3}, "is a int, not a plain tensor"),
    ],
)
def test_anything_but_the_networks_own_tensors_is_refused(content, words):
    with pytest.raises(BundleError, match=words):
        read_weights(saved(content), EXPECTED)


def test_a_huge_tensor_of_one_stored_number_is_refused_before_it_unfolds():
    huge = saved({**EXPECTED, "a": torch.zeros(1).expand(200_000, 200_000)})
    assert len(huge) < 4000
    with pytest.raises(BundleError, match="has shape"):
        read_weights(huge, EXPECTED)


class Hostile:
    """Writes a file when unpickled carelessly."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (self.path, "w"))


def test_a_pickle_that_runs_code_is_refused(tmp_path):
    hostile = Hostile(str(tmp_path / "written"))
    with pytest.raises(BundleError, match="cannot be read as weights"):
        read_weights(pickled_pt(hostile), EXPECTED)
    with pytest.raises(BundleError, match=r"is no \.pt file"):
        read_weights(pickle.dumps(hostile), EXPECTED)
    assert not (tmp_path / "written").exists()


def pickled_pt(content):
    """Return a `.pt` file with a pickle of this, which torch.save itself would refuse to make of an open file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(content, protocol=2))
        archive.writestr("archive/version", "3\n")
        archive.writestr("archive/byteorder", "little")
    return buffer.getvalue()


def test_a_packed_archive_is_refused():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data/0", bytes(10_000_000))
    with pytest.raises(BundleError, match="unfolds to more than its own size"):
        read_weights(buffer.getvalue(), EXPECTED)


@pytest.mark.parametrize("data", [b"", b"PK", b"PK\x05\x06" + bytes(18), b"\x80\x02."])
def test_rubbish_is_refused(data):
    with pytest.raises(BundleError):
        read_weights(data, EXPECTED)


def test_weights_of_another_network_are_refused(tmp_path):
    folder = write_tiny_bundle(tmp_path / "tiny")
    write_weights(folder / WEIGHTS_FILE, build_network({**TINY_NETWORK, "channels": [4, 16]}).state_dict())
    write_metadata(folder)
    with pytest.raises(BundleError, match=r"bundle tiny: models/model\.pt: .* has shape"):
        load_network(open_bundle(folder))


def test_weights_that_changed_since_the_bundle_was_opened_are_refused_in_one_sentence(tmp_path):
    folder = write_tiny_bundle(tmp_path / "tiny")
    opened = open_bundle(folder)
    (folder / WEIGHTS_FILE).write_bytes(b"other")
    with pytest.raises(BundleError, match=r"^bundle tiny: models/model\.pt has 5 bytes where [^:]*$"):
        load_network(opened)
