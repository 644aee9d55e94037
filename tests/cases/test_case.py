"""A case as a value: whose visit it is, and what its findings come to."""

import pytest

from brats3d.cases.case import patient_of, worst
from brats3d.errors import Finding
from brats3d.vocabulary import CaseStatus, Severity

ERROR = Finding("truncated", Severity.ERROR, "t1.nii.gz: ends early")
WARNING = Finding("bitpix", Severity.WARNING, "t2.nii.gz: bitpix says 8")


@pytest.mark.parametrize("case_id", ["BraTS-GLI-00005-100", "BraTS-GLI-00005-101", "brats-gli-00005-000"])
def test_visits_belong_to_their_patient(case_id):
    assert patient_of(case_id) == case_id[:-4]


@pytest.mark.parametrize(
    "case_id",
    ["BraTS2021_00005", "BraTS2021_00005-100", "site-a-100", "BraTS-GLI-00005", "BraTS-100", "Brats18_TCIA10_628_1"],
)
def test_only_the_challenge_s_own_ids_have_visits(case_id):
    assert patient_of(case_id) == case_id


@pytest.mark.parametrize(
    ("findings", "status"),
    [
        ((), CaseStatus.OK),
        ((WARNING,), CaseStatus.WARNING),
        ((WARNING, ERROR, WARNING), CaseStatus.REFUSED),
    ],
)
def test_one_error_refuses_and_a_warning_does_not(findings, status):
    assert worst(findings) is status
