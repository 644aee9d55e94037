"""One patient of a run: claimed, refused or found whole or segmented, and recorded, so that no fault of it spreads."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from brats3d.batch.claims import claimed
from brats3d.batch.names import check_name, check_not_foreign
from brats3d.batch.recipe import Recipe, whole_record
from brats3d.batch.refusal import record_failed, record_refused, refuse_group, unexpected
from brats3d.batch.summary import Outcome, OutcomeStatus
from brats3d.cases.case import Case
from brats3d.errors import BadInput, Brats3dError, CaseError, Finding, MachineError
from brats3d.predict.memory import is_out_of_memory, out_of_memory
from brats3d.predict.served import check_served
from brats3d.vocabulary import CaseStatus, Region

IN_WORK = "another run has this patient in work"
ALREADY_WHOLE = "already whole"


class Segmented(Protocol):
    """What segmenting one patient gives; `brats3d.predict.result.Result` is one."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything remarked on the way."""

    @property
    def volumes_ml(self) -> Mapping[Region, float]:
        """The volume of each region in millilitres."""

    def save(self, out: str | Path) -> Path:
        """Write maps, mask and record, and return the mask's path."""


class SegmentsCases(Protocol):
    """What segments one patient; `brats3d.predict.predictor.Predictor` is one."""

    def segment(self, case: Case, label_scheme: str | None = None) -> Segmented:
        """Take one patient the whole way.

        Raises:
            CaseError: there is no mask for this patient.
        """


@dataclass(slots=True)
class Work:
    """What the patients of a run share; nothing passes from one to the next but the loaded predictor."""

    out: Path
    recipe: Recipe
    make_predictor: Callable[[], SegmentsCases]
    """Called once, before the first patient that must be computed."""
    on_bug: Callable[[Case, Exception], None]
    """Called while an unexpected error is handled: the one place that sees its traceback."""
    overwrite: bool = False
    label_scheme: str | None = None
    predictor: SegmentsCases | None = field(default=None, init=False)
    started: float = field(default=0.0, init=False)
    """When the patient in work was taken up; loading the network counts for none."""

    def do(self, group: Sequence[Case]) -> list[Outcome]:
        """Take the cases of one id, as a rule just one, and return an outcome for each.

        Raises:
            MachineError: OUT, bundle or device give out, and no other patient would fare better.
        """
        with claimed(self.out, group[0].id) as granted:
            if not granted:
                return [Outcome(case.id, OutcomeStatus.SKIPPED, reason=IN_WORK) for case in group]
            if len(group) > 1:
                return refuse_group(self.out, group, self.overwrite)
            return [self.do_one(group[0])]

    def do_one(self, case: Case) -> Outcome:
        """Segment one case, and record it whatever comes of it."""
        self.started = time.perf_counter()
        try:
            if case.status is CaseStatus.REFUSED:
                return record_refused(self.out, case, case.findings, self.overwrite)
            check_name(self.out, case.id)
            return self.segment(case)
        except BadInput as error:
            return record_refused(self.out, case, with_findings(case, error.findings), self.overwrite)
        except CaseError as error:
            findings = error.findings
        except Brats3dError:
            raise
        except MemoryError:
            findings = (out_of_memory(),)
        except Exception as error:  # noqa: BLE001 - the rim: one patient of a run; a bug there costs that patient alone
            self.on_bug(case, error)
            findings = (unexpected(error),)
        seconds = time.perf_counter() - self.started
        return record_failed(self.out, case, with_findings(case, findings), seconds, self.overwrite)

    def segment(self, case: Case) -> Outcome:
        """Write the mask of one case, unless it is there already.

        Raises:
            CaseError: there is no mask for this patient.
        """
        scheme = self.label_scheme or case.label_scheme
        check_not_foreign(self.out, case.id, self.overwrite, self.recipe.maps)
        check_served(case, self.recipe.modalities, self.recipe.serves)
        if not self.overwrite:
            record = whole_record(self.out, case, self.recipe, scheme)
            if record is not None:
                return Outcome(case.id, OutcomeStatus.SKIPPED, None, record.findings, ALREADY_WHOLE, record.volumes_ml)
        result = self.loaded().segment(case, scheme)
        result.save(self.out)
        seconds = round(time.perf_counter() - self.started, 3)
        return Outcome(case.id, OutcomeStatus.DONE, seconds, result.findings, "", result.volumes_ml)

    def loaded(self) -> SegmentsCases:
        """Return the predictor, made at the first call.

        Raises:
            MachineError: there is not enough memory for it.
            Brats3dError: it cannot be made, which is no patient's fault.
        """
        if self.predictor is None:
            try:
                self.predictor = self.make_predictor()
                self.started = time.perf_counter()
            except Brats3dError:
                raise
            except Exception as error:
                if is_out_of_memory(error):
                    raise MachineError("not enough memory to load the bundle; close other programs") from error
                words = f"a bug of the program while the bundle was loaded: {type(error).__name__}: {error}"
                raise Brats3dError(f"{words} (run again with --log-file FILE for the traceback)") from error
        return self.predictor


def with_findings(case: Case, more: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return what was remarked on a case when it was found and, after it, what was remarked since."""
    return tuple(dict.fromkeys((*case.findings, *more)))
