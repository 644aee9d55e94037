import numpy as np
import pytest

from brats3d.phantom.frame import HEAD_BOX, frame_of, phantom_grid

ONE = (1.0, 1.0, 1.0)


def test_the_brats_shape_keeps_the_head_at_its_size_and_place():
    frame = frame_of((240, 240, 155), ONE)
    assert frame.voxel_mm == ONE
    centre = [
        float(np.interp(0, line, np.arange(box.start, box.stop)))
        for line, box in zip(frame.fine, frame.box, strict=True)
    ]
    assert centre == pytest.approx([118.5, 128, 75], abs=0.51)


@pytest.mark.parametrize("shape", [(24, 24, 24), (64, 80, 33), (8, 200, 100)], ids=str)
def test_a_small_volume_scales_the_head_to_itself(shape):
    frame = frame_of(shape, ONE)
    for axis, (low, high) in enumerate(HEAD_BOX):
        step = frame.voxel_mm[axis]
        assert step == pytest.approx(max(1.0, (high - low) / shape[axis]))
        assert frame.fine[axis][0] <= low + step
        assert frame.fine[axis][-1] >= high - step


def test_a_large_volume_has_room_around_the_head():
    frame = frame_of((300, 400, 260), ONE)
    assert frame.voxel_mm == ONE
    for axis, count in enumerate((300, 400, 260)):
        assert 0 < frame.box[axis].start < frame.box[axis].stop < count


def test_wide_voxels_count_as_room():
    assert frame_of((80, 80, 60), (3.0, 3.0, 3.0)).voxel_mm == (3.0, 3.0, 3.0)


def test_coarse_planes_span_the_fine_ones():
    frame = frame_of((240, 240, 155), ONE)
    for coarse, fine in zip(frame.coarse, frame.fine, strict=True):
        assert (coarse[0], coarse[-1]) == (fine[0], fine[-1])
        assert len(coarse) < 0.6 * len(fine)
        assert float(np.diff(coarse).max()) <= 2.0 + 1e-4


def test_the_grid_is_placed_as_brats_places_its_own():
    grid = phantom_grid((240, 240, 155), ONE)
    assert np.array_equal(grid.affine, [[-1, 0, 0, 0], [0, -1, 0, 239], [0, 0, 1, 0], [0, 0, 0, 1]])
    placement = grid.placement
    assert placement is not None
    assert (placement.sform_code, placement.qform_code, placement.xyzt_units) == (1, 1, 2)
    assert placement.quaternion == (0.0, 0.0, 1.0)
    assert placement.offset == (0.0, 239.0, 0.0)


def test_unequal_spacing_stands_in_the_affine_and_the_header_fields():
    grid = phantom_grid((10, 20, 30), (0.5, 2.0, 3.0))
    assert grid.spacing_mm == (0.5, 2.0, 3.0)
    assert grid.affine[1, 3] == 38.0
    assert grid.placement is not None
    assert grid.placement.pixdim == (1.0, 0.5, 2.0, 3.0)
