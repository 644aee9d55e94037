import pytest

from brats3d.cases.layouts import LAYOUTS, layout_named, modality_called
from brats3d.errors import RequestError
from brats3d.labels import SCHEMES
from brats3d.vocabulary import MODALITIES, Modality


def test_every_layout_serves_all_modalities_and_has_a_label_scheme():
    for name, layout in LAYOUTS.items():
        assert name == layout.name
        assert layout.label_scheme in SCHEMES
        if layout.file_names is not None:
            assert set(layout.file_names.modalities.values()) == set(MODALITIES)


@pytest.mark.parametrize(
    ("layout", "name", "word"),
    [
        ("brats2020", "BraTS20_Training_001_t1ce.nii.gz", "t1ce"),
        ("brats2020", "a_b_T1CE.NII", "T1CE"),
        ("brats2020", "a\nb_t1.nii.gz", "t1"),
        ("brats2020", "a-t1.nii.gz", None),
        ("brats2020", "a_t1.nii.gz.part", None),
        ("brats2020", "a_t1c.nii.gz", None),
        ("brats2023", "BraTS-GLI-00000-000-t2f.nii.gz", "t2f"),
        ("brats2023", "BraTS-GLI-00000-000-t1.nii.gz", None),
        ("plain", "t1gd.nii", "t1gd"),
        ("plain", "x_t1.nii", None),
    ],
)
def test_names_fit_their_layout_whole(layout, name, word):
    match = LAYOUTS[layout].file_names.pattern.fullmatch(name)
    assert (match and match["word"]) == word


@pytest.mark.parametrize("name", ["a_t1 (1).nii.gz", "a_t1(2).nii", "a_t1 - Copy.nii.gz", "a_t1 copy 3.nii.gz"])
def test_numbered_copies_are_told_apart(name):
    assert LAYOUTS["brats2020"].file_names.pattern.fullmatch(name)["copy"]


@pytest.mark.parametrize(
    ("name", "modality"),
    [("FLAIR", Modality.FLAIR), ("T1w", Modality.T1), ("t1gd", Modality.T1CE), ("T1-CE", Modality.T1CE), ("DWI", None)],
)
def test_foreign_names_end_in_our_modalities(name, modality):
    assert modality_called(name) is modality


def test_an_unknown_layout_names_its_nearest():
    with pytest.raises(RequestError, match="did you mean 'nnunet'"):
        layout_named("nnunnet")
