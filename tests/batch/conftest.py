"""Small patients, and a predictor that needs no network: it calls tumour what is bright in FLAIR."""

import gzip
import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from brats3d.batch.folder import segment_cases
from brats3d.batch.recipe import Recipe
from brats3d.cases.find import find_cases
from brats3d.errors import Finding, bad_input
from brats3d.grid import Grid
from brats3d.output.record import write_done
from brats3d.output.sidecar import Record, RecordedFile, RecordStatus
from brats3d.predict.asked import settings_of
from brats3d.vocabulary import MODALITIES, MapKind, Modality, Region, Severity

RECIPE = Recipe("ab" * 32, MODALITIES, {"overlap": 0.5})
REMARK = Finding("not-skull-stripped", Severity.WARNING, "hardly any zeros; look at the mask")


def make_patient(data: Path, case_id: str, seed: int = 0, name: str | None = None) -> Path:
    """Write four modalities of 8 voxels a side; files are named after the patient unless a name is given."""
    folder = data / case_id
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    for modality in MODALITIES:
        voxels = rng.integers(1, 1000, (8, 8, 8)).astype(np.int16)
        nib.save(nib.Nifti1Image(voxels, np.eye(4)), folder / f"{name or case_id}_{modality}.nii.gz")
    return folder


@dataclass(frozen=True)
class Bright:
    """What the predictor below gives."""

    record: Record
    label_map: np.ndarray
    grid: Grid
    maps: dict[MapKind, np.ndarray]

    @property
    def findings(self):
        return self.record.findings

    @property
    def volumes_ml(self):
        return self.record.volumes_ml

    def save(self, out):
        return write_done(Path(out), self.record, self.label_map, self.grid, self.maps)


@dataclass
class BrightInFlair:
    """Thresholds FLAIR; raises what it is told to raise for a patient."""

    recipe: Recipe = RECIPE
    raises: dict[str, BaseException] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def segment(self, case, label_scheme=None):
        self.asked.append(case.id)
        if case.id in self.raises:
            raise self.raises[case.id]
        contents = {modality: path.read_bytes() for modality, path in case.modalities.items()}
        try:
            image = nib.Nifti1Image.from_bytes(gzip.decompress(contents[Modality.FLAIR]))
        except (OSError, EOFError) as error:
            raise bad_input("damaged", f"{case.id}_flair.nii.gz", "is damaged", "fetch it again") from error
        label_map = (np.asarray(image.dataobj) > 700).astype(np.uint8)
        inputs = {
            modality: RecordedFile(case.relative(path), hashlib.sha256(contents[modality]).hexdigest())
            for modality, path in case.modalities.items()
        }
        record = Record(
            case.id,
            RecordStatus.DONE,
            (*case.findings, REMARK),
            inputs=inputs,
            bundle={"name": "bright", "version": "1", "sha256": self.recipe.bundle_sha256},
            settings=settings_of(self.recipe.settings, case, self.recipe.modalities),
            label_scheme=label_scheme or case.label_scheme,
            volumes_ml=dict.fromkeys(Region, float(label_map.sum()) / 1000),
            seconds={"read": 0.1},
        )
        shares = np.repeat(label_map[..., None] * np.uint8(255), 3, axis=-1)
        maps = dict.fromkeys(self.recipe.maps, shares)
        return Bright(record, label_map, Grid(label_map.shape, image.affine), maps)


@dataclass
class Runs:
    """Runs over one DATA and one OUT."""

    data: Path
    out: Path
    recipe: Recipe = RECIPE

    def cases(self, allow_missing=False):
        """Find the patients."""
        return find_cases(self.data, allow_missing=allow_missing)

    def __call__(self, predictor=None, recipe=RECIPE, allow_missing=False, **options):
        """Run once; return the summary and the patients that the predictor was given."""
        predictor = predictor or BrightInFlair(recipe)
        summary = segment_cases(self.cases(allow_missing), self.out, recipe, lambda: predictor, **options)
        return summary, predictor.asked

    def statuses(self, *args, **options):
        """Run once; return what came of each patient."""
        return {each.id: str(each.status) for each in self(*args, **options)[0].cases}

    def files(self):
        """Return the names in OUT without the summaries."""
        return sorted(path.name for path in self.out.iterdir() if not path.name.startswith("summary."))


@pytest.fixture
def run(tmp_path):
    """Three patients a, b, c, and what runs over them."""
    for seed, name in enumerate("abc"):
        make_patient(tmp_path / "data", name, seed)
    return Runs(tmp_path / "data", tmp_path / "out")


@pytest.fixture
def predictor():
    """A predictor that may be told to raise."""
    return BrightInFlair()


@pytest.fixture
def write_patient():
    """What writes one more patient."""
    return make_patient
