"""A case read and prepared: what needs no network, and can be done ahead of it."""

import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from brats3d.bundle import Subset
from brats3d.cases.case import Case
from brats3d.cases.read import InputFile, read_volumes
from brats3d.errors import Finding
from brats3d.predict.memory import memory_fails_the_case
from brats3d.predict.served import check_served
from brats3d.prepare import Preparation, Prepared, prepare
from brats3d.vocabulary import Modality


@dataclass(frozen=True, slots=True, eq=False)
class ReadyCase:
    """A case before the network; its volumes are let go."""

    case: Case
    prepared: Prepared
    inputs: Mapping[Modality, InputFile]
    findings: tuple[Finding, ...]
    """The case's and the reading's."""
    seconds: Mapping[str, float]
    """read, prepare."""


def read_case(case: Case, modalities: Subset, preparation: Preparation, serves: Collection[Subset] = ()) -> ReadyCase:
    """Read and prepare a case; safe to call in another thread.

    Args:
        case: as `find_cases` gives it.
        modalities: those that the network takes, in its order.
        preparation: the bundle's settings.
        serves: the subsets of them that will do; a modality that is missing is a channel of zeros.

    Raises:
        BadInput: a file is refused, or the bundle does not serve what the case has.
        SegmentationFailed: memory ran out.
    """
    check_served(case, modalities, serves)
    seconds: dict[str, float] = {}
    with memory_fails_the_case():
        with timed(seconds, "read"):
            volumes = read_volumes(case, modalities, allow_missing=True)
        with timed(seconds, "prepare"):
            prepared = prepare(volumes, preparation)
    remarks = (each for each in volumes.findings if each not in case.findings)
    return ReadyCase(case, prepared, volumes.inputs, (*case.findings, *remarks), seconds)


@contextmanager
def timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    """Note how long a stage took, in seconds."""
    start = time.perf_counter()
    yield
    seconds[stage] = time.perf_counter() - start
