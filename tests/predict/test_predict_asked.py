"""What of a request stands in the record."""

from dataclasses import replace
from pathlib import Path

import pytest

from brats3d.cases.case import Case
from brats3d.errors import RequestError
from brats3d.predict.asked import asked_settings, settings_of
from brats3d.vocabulary import MODALITIES, Modality

CASE = Case("p", Path("/d"), Path("/d/p"), "plain", "brats2020", dict.fromkeys(MODALITIES, Path("/d/p/x.nii")))
PARTIAL = replace(CASE, modalities=dict.fromkeys(MODALITIES[1:], Path("/d/p/x.nii")))


def test_what_was_left_to_the_program_is_left_out():
    assert asked_settings() == {}
    assert asked_settings(engine="torch", device="cpu", overlap=0, tta=True) == {
        "engine": "torch",
        "device": "cpu",
        "overlap": 0.0,
        "tta": True,
    }


@pytest.mark.parametrize("options", [{"engine": "tort"}, {"precision": "float"}, {"overlap": 0.91}])
def test_a_word_or_number_that_cannot_be_is_refused(options):
    with pytest.raises(RequestError):
        asked_settings(**options)


def test_missing_modalities_stand_in_the_settings_of_those_that_lack_one_alone():
    assert settings_of({"tta": True}, CASE, MODALITIES) == {"tta": True}
    assert settings_of({"tta": True}, PARTIAL, MODALITIES) == {"tta": True, "allow_missing": True}


def test_a_modality_that_the_bundle_does_not_take_is_not_missed():
    assert settings_of({}, PARTIAL, (Modality.T1CE, Modality.FLAIR)) == {}
