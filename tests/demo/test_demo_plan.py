"""What a demo does by default."""

import json

import pytest

from brats3d.bundle import DEFAULT_BUNDLE
from brats3d.demo.plan import Plan
from brats3d.train.recipe import read_recipe


def test_no_two_groups_share_a_folder_or_the_ids_of_a_layout() -> None:
    groups = Plan().groups
    assert len({group.folder for group in groups}) == len({group.layout for group in groups}) == len(groups)


def test_a_plan_is_equal_to_itself_after_json() -> None:
    plain = Plan().as_plain()
    assert json.loads(json.dumps(plain)) == plain
    assert Plan(changes=("epochs=1",)).as_plain() != plain


def test_the_trained_bundle_may_be_absent_from_a_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("brats3d.demo.plan.shipped_bundles", lambda: [])
    assert not Plan().has_bundle
    assert Plan(bundle="./mine").has_bundle
    monkeypatch.setattr("brats3d.demo.plan.shipped_bundles", lambda: [DEFAULT_BUNDLE])
    assert Plan().has_bundle


def test_the_recipe_sees_whole_small_patients_in_one_window() -> None:
    plan = Plan()
    assert read_recipe(plan.config, plan.changes)["windows"]["size"] == list(plan.held_out.shape)
