"""The demo: made-up patients through the trained bundle, then a small network trained and tried on others."""

from collections.abc import Sequence
from pathlib import Path

from brats3d.batch.segment import segment_folder
from brats3d.bundle import DEFAULT_BUNDLE, open_bundle
from brats3d.cases.find import find_cases
from brats3d.demo.folder import DemoFolder
from brats3d.demo.plan import Group, Plan
from brats3d.demo.result import DemoResult, Part
from brats3d.demo.stages import Patients, Say, Stages
from brats3d.errors import BadInput, BundleError, Interrupted, interrupt_code
from brats3d.output.record import mask_path
from brats3d.output.whole import write_whole
from brats3d.phantom import write_phantoms
from brats3d.scoring.folder import evaluate
from brats3d.scoring.protocols import DEFAULT_PROTOCOL, PROTOCOLS
from brats3d.scoring.table import write_tables
from brats3d.show.slices import case_picture, gallery
from brats3d.show.view import CaseView, read_view

AGAIN = "interrupted; run the same command again to go on"
NETWORK = "network"
PICTURES = "pictures"
NOTE = "Made-up patient"


def run_demo(
    out: str | Path, say: Say = lambda line: None, plan: Plan | None = None, *, quiet: bool = False
) -> DemoResult:
    """Make patients up, segment them, train a small network, evaluate and draw.

    What an earlier demo of the same plan finished in `out` is taken as it is; what it left unfinished is made anew.

    Args:
        out: absent, empty, or the folder of an earlier demo.
        say: told, line by line, what is going on.
        plan: None is the default.
        quiet: no progress of the training.

    Raises:
        RequestError: `out` is a file, or holds files that no demo made.
        MachineError: `out` cannot be written, or the bundle is damaged.
        Interrupted: Ctrl-C or SIGTERM; what was finished stays.
    """
    chosen = plan or Plan()
    folder = DemoFolder.open(Path(out), chosen.as_plain())
    try:
        return go_through(folder, chosen, Stages(say, 5 if chosen.has_bundle else 4), quiet)
    except Interrupted as error:
        raise Interrupted(AGAIN, error.exit_code) from error
    except KeyboardInterrupt as error:
        raise Interrupted(AGAIN, interrupt_code(error)) from error


def go_through(folder: DemoFolder, chosen: Plan, stages: Stages, quiet: bool) -> DemoResult:
    """Take one stage after the other."""
    parts = []
    with stages.stage("make up patients"):
        for group in chosen.groups:
            make_patients(folder, group, stages)
    if chosen.has_bundle:
        with stages.stage(
            f"segment and score those of full size with the trained bundle {open_bundle(chosen.bundle).name}"
        ):
            parts.append(segment_and_score(folder, chosen.full, chosen.bundle, "masks", stages))
    else:
        stages.detail(
            f"this copy of brats3d comes without the trained bundle {DEFAULT_BUNDLE!r}: that part is left out"
        )
    with stages.stage(f"train a network from scratch ({chosen.config}), as a MONAI bundle"):
        made = folder.part(NETWORK, lambda place: train(folder, chosen, place, stages, quiet), is_whole_bundle)
        stages.detail(training_words(folder.path / NETWORK) if made else "already trained by an earlier run")
    with stages.stage("segment and score patients that it has not seen"):
        parts.append(segment_and_score(folder, chosen.held_out, folder.path / NETWORK, f"{NETWORK}-masks", stages))
    with stages.stage("draw them"):
        pictures = draw(folder, chosen, parts)
    return DemoResult(tuple(parts), folder.path / NETWORK, pictures, stages.seconds)


def make_patients(folder: DemoFolder, group: Group, stages: Stages) -> None:
    """Make up a group of patients, unless they are there."""
    made = folder.part(
        group.folder, lambda place: write_phantoms(place, group.count, group.layout, group.shape, group.seed)
    )
    stages.detail(group.words if made else f"{group.words}: already there")


def segment_and_score(folder: DemoFolder, group: Group, bundle: str | Path, masks: str, stages: Stages) -> Part:
    """Segment a group of patients, and score the masks against their references."""
    patients, out = folder.path / group.folder, folder.path / masks
    opened = open_bundle(bundle)
    segment_folder(find_cases(patients), out, bundle, listener=Patients(stages))
    scores = evaluate(out, patients)
    tables = folder.room(f"{masks}-scores")
    write_tables(tables, PROTOCOLS[DEFAULT_PROTOCOL], scores)
    return Part(f"{opened.name} {opened.version}, {group.about}", tuple(scores), out, tables)


def train(folder: DemoFolder, plan: Plan, place: Path, stages: Stages, quiet: bool) -> None:
    """Train the small network as `brats3d train` does."""
    from brats3d.train.request import TrainingRequest
    from brats3d.train.run import train_bundle  # torch and MONAI take seconds to import

    request = TrainingRequest(
        config=plan.config,
        data=folder.path / plan.training.folder,
        out=place,
        changes=plan.changes,
        max_minutes=plan.max_minutes,
        quiet=quiet,
    )
    train_bundle(request, stages.detail)


def training_words(network: Path) -> str:
    """Return how long a bundle was trained."""
    training = open_bundle(network).metadata["brats3d"]["training"]
    return f"{training['steps']} steps in {training['seconds']:.0f} s on {training['device']}"


def is_whole_bundle(place: Path) -> bool:
    """Return whether a bundle is there, its weights the ones that its metadata names."""
    try:
        open_bundle(place).weights()
    except BundleError:
        return False
    return True


def draw(folder: DemoFolder, plan: Plan, parts: Sequence[Part]) -> tuple[Path, ...]:
    """Draw a gallery of each group that was segmented, and each patient of full size by itself.

    Returns:
        The pictures, galleries first.
    """
    room = folder.room(PICTURES)
    groups = [plan.full, plan.held_out] if len(parts) > 1 else [plan.held_out]
    galleries, singles = [], []
    for group, part in zip(groups, parts, strict=True):
        views = views_of(folder.path / group.folder, part)
        if not views:
            continue
        galleries.append(room / f"{group.folder}.png")
        write_whole(galleries[-1], gallery(views, part.title, note=f"{NOTE}s"))
        for view in views if group is plan.full else ():
            singles.append(room / f"{view.id}.png")
            write_whole(singles[-1], case_picture(view, note=NOTE))
    return (*galleries, *singles)


def views_of(patients: Path, part: Part) -> list[CaseView]:
    """Return what a picture shows of each patient whose mask was scored."""
    has_figures = {case.id for case in part.scores if case.prediction_scheme is not None}
    views = []
    for case in find_cases(patients):
        if case.id in has_figures:
            try:
                views.append(read_view(case, mask_path(part.masks, case.id)))
            except BadInput:  # the scores have said why
                continue
    return views
