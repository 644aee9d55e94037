"""A very small demo, the whole way."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from bundles_for_tests import write_tiny_bundle

from brats3d.bundle import open_bundle
from brats3d.demo.plan import Plan
from brats3d.demo.result import DemoResult
from brats3d.demo.run import AGAIN, run_demo
from brats3d.errors import BundleError, Interrupted
from brats3d.output.verify import verify
from brats3d.vocabulary import REGIONS

SMALL = (24, 24, 24)
QUICK = ("epochs=1", "steps=2", "patch=[24,24,24]", "windows.size=[16,16,16]", "validation_interval=1")


@dataclass(frozen=True)
class Run:
    """A demo that was run once for all tests of this file."""

    out: Path
    plan: Plan
    result: DemoResult
    lines: list[str]


def small_plan(bundle: Path) -> Plan:
    """Return a plan of seconds."""
    plan = Plan(bundle=bundle, changes=QUICK)
    full, training, held_out = (replace(group, count=1, shape=SMALL) for group in plan.groups)
    return replace(plan, full=full, training=replace(training, count=2), held_out=held_out)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run a very small demo."""
    folder = tmp_path_factory.mktemp("demo")
    plan = small_plan(write_tiny_bundle(folder / "trained"))
    lines: list[str] = []
    result = run_demo(folder / "out", lines.append, plan, quiet=True)
    return Run(folder / "out", plan, result, lines)


def test_both_bundles_have_a_figure_for_every_patient(ran: Run) -> None:
    trained, learnt = ran.result.parts
    assert [case.id for case in trained.scores] == ["BraTS20_Phantom_001"]
    assert [case.id.startswith("BraTS2021_9") for case in learnt.scores] == [True]
    assert all(0 <= part.mean_dice[region] <= 1 for part in ran.result.parts for region in REGIONS)
    assert ran.result.exit_code == 0


def test_every_mask_is_whole_and_has_its_record(ran: Run) -> None:
    for part in ran.result.parts:
        found = verify(part.masks)
        assert (found.masks, found.whole) == (1, 1)
        assert (part.tables / "metrics_brats2020.csv").is_file()


def test_the_network_is_a_whole_bundle_with_its_curve(ran: Run) -> None:
    bundle = open_bundle(ran.result.network)
    assert bundle.missing_files == ()
    assert bundle.metadata["brats3d"]["training"]["steps"] == 2
    assert ran.result.curve.read_bytes()[:4] == b"\x89PNG"


def test_pictures_show_both_groups_and_each_patient_of_full_size(ran: Run) -> None:
    names = [picture.name for picture in ran.result.pictures]
    assert names == ["patients.png", "held-out-patients.png", "BraTS20_Phantom_001.png"]
    assert all(picture.read_bytes()[:4] == b"\x89PNG" for picture in ran.result.pictures)


def test_each_stage_says_its_name_and_its_seconds(ran: Run) -> None:
    begun = [line for line in ran.lines if re.match(r"\[\d/5\] ", line)]
    ended = [line for line in ran.lines if re.fullmatch(r" +\d+\.\d s", line)]
    assert len(begun) == len(ended) == 5


def test_a_second_run_takes_what_is_there(ran: Run) -> None:
    weights = ran.result.network / "models/model.pt"
    before, lines = weights.stat().st_mtime_ns, []
    result = run_demo(ran.out, lines.append, ran.plan, quiet=True)
    assert weights.stat().st_mtime_ns == before
    assert sum("already" in line for line in lines) >= 4
    assert sum("skipped" in line for line in lines) == 2
    assert [part.rows() for part in result.parts] == [part.rows() for part in ran.result.parts]


def test_a_copy_without_the_trained_bundle_leaves_its_part_out(ran: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("brats3d.demo.plan.shipped_bundles", lambda: [])
    lines: list[str] = []
    result = run_demo(ran.out, lines.append, replace(ran.plan, bundle=Plan().bundle), quiet=True)
    assert len(result.parts) == 1
    assert [picture.name for picture in result.pictures] == ["held-out-patients.png"]
    assert any("comes without the trained bundle" in line for line in lines)
    assert any(line.startswith("[4/4]") for line in lines)


def test_a_bundle_that_cannot_be_used_ends_the_demo(ran: Run) -> None:
    with pytest.raises(BundleError, match="nowhere"):
        run_demo(ran.out, plan=replace(ran.plan, bundle="./nowhere"))


def test_an_interrupt_says_how_to_go_on(tmp_path: Path) -> None:
    def interrupt(line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(Interrupted, match=AGAIN) as caught:
        run_demo(tmp_path / "out", interrupt)
    assert caught.value.exit_code == 130
