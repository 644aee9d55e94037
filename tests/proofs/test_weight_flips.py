"""Flipped bits in weights: torch's own reader accepts nearly all of them, a bundle none."""

import io
import random

import pytest
import torch
from bundles_for_tests import write_tiny_bundle

from brats3d.bundle import WEIGHTS_FILE, load_network, open_bundle
from brats3d.errors import BundleError

FLIPS = 200


@pytest.mark.slow
def test_no_flipped_bit_in_the_weights_is_accepted(tmp_path):
    folder = write_tiny_bundle(tmp_path / "tiny")
    path = folder / WEIGHTS_FILE
    whole = path.read_bytes()
    bits = random.Random(0).sample(range(8 * len(whole)), FLIPS)
    opened = open_bundle(folder)
    accepted_by_torch = 0
    for bit in bits:
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        for attempt in (lambda: open_bundle(folder), lambda: load_network(opened)):
            with pytest.raises(BundleError, match="is damaged"):
                attempt()
        accepted_by_torch += torch_reads(bytes(damaged))
    # The reason for the hash: without it most of these would have been used.
    assert accepted_by_torch > FLIPS / 2
    path.write_bytes(whole)
    load_network(open_bundle(folder))


def torch_reads(data):
    """Say whether torch itself opens these bytes without an error."""
    try:
        torch.load(io.BytesIO(data), weights_only=True)
    except Exception:  # noqa: BLE001 - whatever it is, torch noticed
        return False
    return True
