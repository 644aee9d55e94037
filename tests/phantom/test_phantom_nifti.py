import nibabel as nib
import numpy as np

from brats3d.phantom.frame import phantom_grid
from brats3d.phantom.nifti import volume_bytes


def opened(voxels, spacing_mm=(1.0, 1.0, 1.0)):
    import gzip

    return nib.Nifti1Image.from_bytes(gzip.decompress(volume_bytes(voxels, phantom_grid(voxels.shape[:3], spacing_mm))))


def test_voxels_and_placement_survive():
    voxels = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    image = opened(voxels, (1.0, 2.0, 3.0))
    assert np.array_equal(np.asarray(image.dataobj), voxels)
    assert image.get_data_dtype() == np.int16
    assert image.header.get_zooms() == (1.0, 2.0, 3.0)
    assert np.array_equal(image.affine, [[-1, 0, 0, 0], [0, -2, 0, 4], [0, 0, 3, 0], [0, 0, 0, 1]])
    assert np.allclose(image.get_qform(), image.get_sform())
    assert (int(image.header["sform_code"]), int(image.header["qform_code"])) == (1, 1)


def test_a_fourth_axis_is_kept():
    voxels = np.arange(48, dtype=np.int16).reshape(2, 3, 4, 2)
    assert np.array_equal(np.asarray(opened(voxels).dataobj), voxels)


def test_equal_voxels_give_equal_bytes_without_a_time():
    voxels = np.ones((2, 3, 4), np.int16)
    content = volume_bytes(voxels, phantom_grid((2, 3, 4), (1.0, 1.0, 1.0)))
    assert content == volume_bytes(voxels.copy(order="F"), phantom_grid((2, 3, 4), (1.0, 1.0, 1.0)))
    assert content[4:8] == bytes(4)
