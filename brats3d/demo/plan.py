"""What a demo does: how many patients of what size, which bundle, which training."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from brats3d.bundle import DEFAULT_BUNDLE, shipped_bundles
from brats3d.grid import Shape
from brats3d.phantom.frame import STANDARD_SHAPE
from brats3d.version import VERSION


@dataclass(frozen=True, slots=True)
class Group:
    """Made-up patients of one size; each group has a layout of its own, so that no two patients share an id."""

    folder: str
    """Within the demo's folder."""
    about: str
    """Who they are, in words."""
    layout: str
    count: int
    shape: Shape
    seed: int

    @property
    def words(self) -> str:
        """How it is called for people."""
        return f"{self.count} {self.about}: {' x '.join(map(str, self.shape))} voxels, layout {self.layout}"


@dataclass(frozen=True, slots=True)
class Plan:
    """A demo; the defaults take one to three minutes on two idle processor cores."""

    full: Group = Group("patients", "made-up patients of full size", "brats2020", 3, STANDARD_SHAPE, 1)
    """For the trained bundle."""
    training: Group = Group("small-patients", "small made-up patients to train on", "plain", 12, (64, 64, 64), 2)
    """To train on; every fifth validates."""
    held_out: Group = Group("held-out-patients", "small made-up patients held out", "brats2021", 4, (64, 64, 64), 3)
    """For the network just trained; as small as those it learnt from."""
    bundle: str | Path = DEFAULT_BUNDLE
    """The trained bundle."""
    config: str = "tiny"
    """Recipe of the network to train."""
    changes: tuple[str, ...] = ()
    """`key=value` each, put over the recipe."""
    max_minutes: float = 3.0
    """Training ends after the first epoch that ends later than this: a slow or busy machine learns less."""

    @property
    def groups(self) -> tuple[Group, ...]:
        """All made-up patients."""
        return (self.full, self.training, self.held_out)

    @property
    def has_bundle(self) -> bool:
        """Whether the trained bundle is there; a copy of the program may come without weights."""
        return self.bundle != DEFAULT_BUNDLE or DEFAULT_BUNDLE in shipped_bundles()

    def as_plain(self) -> Mapping[str, Any]:
        """Return all that what lies in the demo's folder depends on, as JSON gives it back."""
        groups = {group.folder: {**asdict(group), "shape": list(group.shape)} for group in self.groups}
        training = {"config": self.config, "changes": list(self.changes), "max_minutes": self.max_minutes}
        return {"brats3d": VERSION, "groups": groups, "training": training}
