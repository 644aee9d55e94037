"""The names of a patient's files in OUT."""

import pytest

from brats3d.batch.names import check_name, check_not_foreign, record_may_stand
from brats3d.errors import BadInput, SegmentationFailed


@pytest.mark.parametrize("case_id", ["summary", "Summary", "summary-1-of-2", "", "..", "a/b", "a\0b", "n" * 250])
def test_an_id_that_no_mask_can_be_named_after_is_refused(tmp_path, case_id):
    with pytest.raises(BadInput, match="folder"):
        check_name(tmp_path, case_id)


@pytest.mark.parametrize("case_id", ["p1", "-o", "summary2", "n" * 248, "a b"])
def test_any_other_id_is_good(tmp_path, case_id):
    check_name(tmp_path, case_id)


@pytest.mark.parametrize(("case_id", "may"), [("p1", True), ("summary", False), ("a/b", False), ("n" * 251, False)])
def test_a_record_stands_only_under_a_name_of_its_own(tmp_path, case_id, may):
    assert record_may_stand(tmp_path, case_id, overwrite=True) is may


def test_another_programs_file_is_only_replaced_where_that_is_asked_for(tmp_path):
    (tmp_path / "p1.json").write_text("{}")
    assert not record_may_stand(tmp_path, "p1", overwrite=False)
    assert record_may_stand(tmp_path, "p1", overwrite=True)
    with pytest.raises(SegmentationFailed, match=r"p1\.json: a file without a record of ours"):
        check_not_foreign(tmp_path, "p1", overwrite=False)
    check_not_foreign(tmp_path, "p1", overwrite=True)


def test_a_folder_in_the_way_is_never_replaced(tmp_path):
    (tmp_path / "p1.json").mkdir()
    assert not record_may_stand(tmp_path, "p1", overwrite=True)
    with pytest.raises(SegmentationFailed, match=r"p1\.json: a folder of this name"):
        check_not_foreign(tmp_path, "p1", overwrite=True)
