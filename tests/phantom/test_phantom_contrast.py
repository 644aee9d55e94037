import numpy as np
import pytest

from brats3d.phantom.contrast import BRIGHTNESS, Tissue, draw_contrast, texture_of
from brats3d.vocabulary import MODALITIES, Modality

T1, T1CE, T2, FLAIR = range(4)


@pytest.fixture(scope="module")
def contrasts():
    return [draw_contrast(np.random.default_rng(seed)) for seed in range(200)]


def test_every_tissue_has_a_brightness_in_every_modality():
    assert set(BRIGHTNESS) == set(Tissue)
    assert all(len(b.mean) == len(b.spread) == len(b.texture) == len(MODALITIES) for b in BRIGHTNESS.values())
    assert list(MODALITIES) == [Modality.T1, Modality.T1CE, Modality.T2, Modality.FLAIR]


@pytest.mark.parametrize(
    ("brighter", "darker", "channel"),
    [
        (Tissue.WHITE, Tissue.GREY, T1),
        (Tissue.GREY, Tissue.FLUID, T1),
        (Tissue.WHITE, Tissue.NECROSIS, T1),
        (Tissue.ENHANCING, Tissue.WHITE, T1CE),
        (Tissue.ENHANCING, Tissue.NECROSIS, T1CE),
        (Tissue.ENHANCING, Tissue.OEDEMA, T1CE),
        (Tissue.GREY, Tissue.WHITE, T2),
        (Tissue.FLUID, Tissue.GREY, T2),
        (Tissue.OEDEMA, Tissue.WHITE, T2),
        (Tissue.OEDEMA, Tissue.GREY, FLAIR),
        (Tissue.WHITE, Tissue.FLUID, FLAIR),
    ],
)
def test_no_draw_turns_a_contrast_round(contrasts, brighter, darker, channel):
    assert all(c.means[brighter][channel] > c.means[darker][channel] for c in contrasts)


def test_patients_differ_about_the_measured_means(contrasts):
    drawn = np.array([c.means[Tissue.OEDEMA] for c in contrasts])
    assert np.allclose(drawn.mean(axis=0), BRIGHTNESS[Tissue.OEDEMA].mean, atol=0.1)
    assert (drawn.std(axis=0) > 0.1).all()


def test_fluid_keeps_a_positive_intensity(contrasts):
    for contrast in contrasts:
        assert (contrast.zero + contrast.unit * contrast.means[Tissue.FLUID] > 0).all()


def test_texture_is_looked_up_by_channel():
    assert texture_of(Tissue.ENHANCING, T1CE) == BRIGHTNESS[Tissue.ENHANCING].texture[1]
