"""Running the configs of a bundle with MONAI's workflow class, and letting our own errors out of it as they are."""

import errno
import logging
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from brats3d.errors import Brats3dError, MachineError, SegmentationFailed, Terminated, TrainingStopped
from brats3d.output.whole import cannot_write
from brats3d.predict.memory import is_out_of_memory

QUIET_LOGGERS = {"monai.bundle.workflows": logging.ERROR, "ignite": logging.CRITICAL}
"""MONAI warns that no logging file is given; ignite logs every error that it raises all the same."""
KILLED_WORKER = "is killed by signal: "
"""How torch says that a loader's worker ended: by SIGTERM, or by the kernel where memory ran out."""
DISK_FAULTS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)


def run_training(folder: Path, values: Mapping[str, Any]) -> None:
    """Run `common.yaml` and `train.yaml` of a bundle.

    Args:
        folder: the bundle; its configs were written from checked keys a moment ago, or are equal to what would be.
        values: put over the configs.

    Raises:
        MachineError: the disk, the memory, or a loss that is no number ended it.
        KeyboardInterrupt: Ctrl-C or SIGTERM.
    """
    from monai.bundle.workflows import ConfigWorkflow

    configs = folder / "configs"
    with quiet_libraries():
        try:
            workflow = ConfigWorkflow(
                config_file=[str(configs / "common.yaml"), str(configs / "train.yaml")],
                meta_file=(),  # MONAI would evaluate what stands there, and training needs nothing of it
                logging_file=False,
                workflow_type="train",
                **values,
            )
            workflow.initialize()
            workflow.run()
            workflow.finalize()
        except Exception as error:
            told = meant_by(error, folder)
            if told is None or told is error:
                raise
            raise told from (told.__cause__ or error)


def ignore_killed_workers(unraisable: Any) -> None:
    """Hand on what a destructor raised, but for torch's word that a loader's worker was killed: an interrupt was."""
    if KILLED_WORKER not in str(unraisable.exc_value):
        sys.__unraisablehook__(unraisable)


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Keep off stderr, while the block lasts, what says nothing to whoever trains."""
    before, hook = {name: logging.getLogger(name).level for name in QUIET_LOGGERS}, sys.unraisablehook
    sys.unraisablehook = ignore_killed_workers
    for name, level in QUIET_LOGGERS.items():
        logging.getLogger(name).setLevel(level)
    try:
        with warnings.catch_warnings():
            # MONAI warns that configs are programs; these were written from checked keys.
            warnings.filterwarnings("ignore", message=".*trust.*", category=UserWarning)
            yield
    finally:
        sys.unraisablehook = hook
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


def meant_by(error: BaseException, folder: Path) -> Brats3dError | Terminated | None:
    """Return the error of our tree that lies under those that MONAI wraps around it; None where there is none.

    Args:
        error: as it came out of MONAI's workflow.
        folder: the bundle, for messages.
    """
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, SegmentationFailed):
            return TrainingStopped(
                "the network's output on a validation patient is not finite, so training was stopped and no weights "
                "were written; train anew in another folder with a lower rate (--set optimizer.rate=...)"
            )
        if isinstance(inner, Brats3dError):
            return inner
        if isinstance(inner, OSError) and inner.errno in DISK_FAULTS:
            return cannot_write(Path(inner.filename or folder), inner)
        if KILLED_WORKER in str(inner) and str(inner).rstrip(". ").endswith("Terminated"):
            return Terminated("terminated")
        if is_out_of_memory(inner) or KILLED_WORKER in str(inner):
            return MachineError("not enough memory: give a smaller batch or patch, or end other programs")
        inner = inner.__cause__ or inner.__context__
    return None
