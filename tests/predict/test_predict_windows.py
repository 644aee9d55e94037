"""Windows over a box: sizes, odd shapes, slices, precision, flips and output that is no number."""

import pytest
import torch
from bundles_for_tests import TINY_NETWORK
from hypothesis import given
from hypothesis import strategies as st
from monai.inferers import sliding_window_inference

from brats3d.errors import SegmentationFailed
from brats3d.networks import build_network
from brats3d.predict.engines.precision import Precision
from brats3d.predict.engines.torch import TorchEngine
from brats3d.predict.flips import flips_of
from brats3d.predict.windows import WindowInferer, window_size


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return build_network(TINY_NETWORK).eval()


@pytest.fixture(scope="module")
def slices_network():
    torch.manual_seed(0)
    return build_network({**TINY_NETWORK, "spatial_dims": 2}).eval()


class Recorder:
    """An engine that notes the shapes of the windows it is given and answers with the first three modalities."""

    name, device, precision = "recorder", "cpu", Precision.FLOAT32

    def __init__(self, divisor, fill=None):
        self.divisor, self.fill, self.shapes = divisor, fill, []

    def __call__(self, windows):
        self.shapes.append(tuple(windows.shape))
        return windows[:, :3].clone() if self.fill is None else torch.full_like(windows[:, :3], self.fill)


@given(
    st.lists(st.integers(2, 12), min_size=3, max_size=3),
    st.lists(st.integers(1, 200), min_size=3, max_size=3),
    st.sampled_from([1, 2, 8, 16]),
)
def test_a_window_is_a_multiple_no_larger_than_the_bundles_nor_than_needed(multiples, box, divisor):
    size = [each * divisor for each in multiples]
    for window, whole, voxels in zip(window_size(size, [divisor] * 3, box), size, box, strict=True):
        assert window % divisor == 0
        assert 2 * divisor <= window <= whole
        assert window >= voxels or window == whole
        assert window - divisor < voxels or window == 2 * divisor


def test_one_window_is_laid_on_a_box_smaller_than_it():
    engine = Recorder((2, 2, 2))
    box = torch.randn(1, 4, 13, 9, 3)
    logits = WindowInferer(size=[32, 32, 32], overlap=0.5)(box, engine)
    assert engine.shapes == [(1, 4, 14, 10, 4)]
    assert torch.allclose(logits, box[:, :3], atol=1e-6)


def test_a_box_that_fits_is_the_network_itself(network):
    box = torch.randn(1, 4, 16, 12, 8)
    with torch.inference_mode():
        expected = network(box)
    found = WindowInferer(size=[16, 16, 16], overlap=0.5, precision="float32")(box, network)
    assert torch.allclose(found, expected, atol=1e-5)


def test_several_windows_are_monais_with_gaussian_weights(network):
    box = torch.randn(1, 4, 30, 17, 21)
    with torch.inference_mode():
        expected = sliding_window_inference(box, (16, 16, 16), 1, network, overlap=0.5, mode="gaussian")
    found = WindowInferer(size=[16, 16, 16], overlap=0.5, precision="float32")(box, network)
    assert torch.allclose(found, expected, atol=1e-5)


@given(st.lists(st.integers(1, 21), min_size=3, max_size=3))
def test_any_shape_comes_back_as_it_went_in(shape):
    box = torch.randn(1, 4, *shape)
    logits = WindowInferer(size=[8, 8, 8], overlap=0.25)(box, Recorder((2, 2, 2)))
    assert torch.allclose(logits, box[:, :3], atol=1e-5)


def test_the_smallest_box_passes_through_a_network_with_instance_norm(network):
    assert WindowInferer(size=[8, 8, 8], overlap=0.25)(torch.randn(1, 4, 1, 1, 1), network).shape == (1, 3, 1, 1, 1)


def test_a_network_of_slices_sees_axial_slices(slices_network):
    box = torch.randn(1, 4, 16, 12, 5)
    found = WindowInferer(size=[16, 16, 1], overlap=0.5, precision="float32")(box, slices_network)
    with torch.inference_mode():
        expected = torch.stack([slices_network(box[..., z]) for z in range(5)], dim=-1)
    assert torch.allclose(found, expected, atol=1e-5)


def test_slices_are_computed_together_or_one_by_one():
    many, one = Recorder((2, 2)), Recorder((2, 2))
    box = torch.randn(1, 4, 7, 9, 20)
    together = WindowInferer(size=[8, 8, 1], overlap=0)(box, many)
    alone = WindowInferer(size=[8, 8, 1], overlap=0, at_once=1)(box, one)
    assert {shape[0] for shape in many.shapes} == {16, 8}
    assert {shape[0] for shape in one.shapes} == {1}
    assert torch.allclose(together, alone, atol=1e-6)


def test_flips_are_averaged_as_logits(network):
    box = torch.randn(1, 4, 16, 16, 16)
    plain = WindowInferer(size=[16, 16, 16], overlap=0.5, precision="float32")
    by_hand = torch.stack([plain(box.flip(axes), network).flip(axes) for axes in flips_of(5)]).mean(dim=0)
    found = WindowInferer(size=[16, 16, 16], overlap=0.5, precision="float32", tta=True)(box, network)
    assert torch.allclose(found, by_hand, atol=1e-5)
    assert not torch.allclose(found, plain(box, network), atol=1e-3)


def test_bfloat16_computes_coarsely_and_answers_in_float32(network):
    box = torch.randn(1, 4, 16, 16, 16)
    answers = [
        WindowInferer(size=[16] * 3, overlap=0, precision=word)(box, network) for word in ("bfloat16", "float32")
    ]
    assert [each.dtype for each in answers] == [torch.float32] * 2
    difference = (answers[0] - answers[1]).abs().max()
    assert 1e-5 < difference < 0.1 * answers[1].abs().max()


def test_an_engine_gives_what_its_network_gives(network):
    box = torch.randn(1, 4, 20, 9, 11)
    inferer = WindowInferer(size=[16, 16, 16], overlap=0.5, precision="float32")
    assert torch.equal(inferer(box, network), inferer(box, TorchEngine(network, "cpu", Precision.FLOAT32)))


@pytest.mark.parametrize("fill", [float("nan"), float("inf"), float("-inf")])
def test_output_that_is_no_number_fails_before_any_threshold(fill):
    with pytest.raises(SegmentationFailed, match="not finite") as caught:
        WindowInferer(size=[8, 8, 8], overlap=0)(torch.zeros(1, 4, 8, 8, 8), Recorder((2, 2, 2), fill))
    assert caught.value.finding.code == "output-not-finite"


def test_the_answer_may_be_changed_in_place_outside_inference_mode(network):
    logits = WindowInferer(size=[8, 8, 8], overlap=0)(torch.zeros(1, 4, 8, 8, 8), network)
    logits += 1


def test_a_network_can_be_trained_on_after_it_was_looked_at():
    network = build_network(TINY_NETWORK)
    WindowInferer(size=[8, 8, 8], overlap=0)(torch.zeros(1, 4, 8, 8, 8), network.eval())
    network.train()(torch.randn(1, 4, 8, 8, 8)).sum().backward()
    torch.optim.SGD(network.parameters(), 0.1).step()
