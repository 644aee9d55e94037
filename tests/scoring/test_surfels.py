import numpy as np
import pytest

from brats3d.scoring.surfels import filling_codes, surfel_areas


@pytest.mark.parametrize("spacing_mm", [(1.0, 1.0, 1.0), (0.5, 1.0, 3.0)])
def test_every_area_is_that_of_monai(spacing_mm):
    from monai.metrics.utils import create_table_neighbour_code_to_surface_area

    theirs, _ = create_table_neighbour_code_to_surface_area(spacing_mm)
    assert np.allclose(surfel_areas(spacing_mm), theirs.numpy(), rtol=1e-6, atol=0)


def test_blocks_inside_and_outside_have_no_surface():
    areas = surfel_areas((1.0, 2.0, 3.0))
    assert (areas[0], areas[255]) == (0, 0)
    assert (areas[1:255] > 0).all()


def test_a_table_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        surfel_areas((1.0, 1.0, 1.0))[0] = 1


def test_one_voxel_touches_eight_blocks_with_one_corner_each():
    codes = filling_codes(np.ones((1, 1, 1), bool))
    assert codes.tolist() == [[[1, 2], [4, 8]], [[16, 32], [64, 128]]]


def test_a_flat_face_has_its_true_area():
    # Blocks on the middle of a face of a box: voxels of 1 x 2 x 3 mm have faces of 6, 3 and 2 mm².
    areas = surfel_areas((1.0, 2.0, 3.0))
    assert [areas[0b00001111], areas[0b00110011], areas[0b01010101]] == pytest.approx([6.0, 3.0, 2.0])
