"""Whether a bundle can do without the modalities that a patient lacks."""

from collections.abc import Collection

from brats3d.bundle import Subset, subset_words
from brats3d.cases.case import Case
from brats3d.errors import bad_input
from brats3d.vocabulary import CaseStatus


def check_served(case: Case, modalities: Subset, serves: Collection[Subset]) -> None:
    """Refuse a case that lacks modalities which the bundle cannot do without.

    A case that is refused already passes: what speaks against it is said where it is read.

    Args:
        case: as `find_cases` gives it.
        modalities: those that the bundle takes.
        serves: the subsets that it was trained to do with; all of `modalities` is always served.

    Raises:
        BadInput: the case has another subset; the message names it and what is served.
    """
    present = tuple(modality for modality in modalities if modality in case.modalities)
    if case.status is CaseStatus.REFUSED or present == modalities or present in serves:
        return
    lacking = subset_words(each for each in modalities if each not in present)
    served = ", ".join(subset_words(each) for each in serves or (modalities,))
    fault = f"lacks {lacking}: the bundle serves {served}, not {subset_words(present) or 'a patient without any'}"
    remedy = "add what is missing, or take a bundle that was trained to do without"
    raise bad_input("not-served", None, f"{case.place}: {fault}", remedy)
