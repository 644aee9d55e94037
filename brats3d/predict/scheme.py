"""Which labels a mask is written in."""

from brats3d.cases.case import Case
from brats3d.errors import RequestError
from brats3d.labels import LabelScheme, scheme_named


def scheme_of(case: Case, asked: str | None) -> LabelScheme:
    """Return the label scheme to write: the one asked for, else the case's own.

    Raises:
        RequestError: neither is known.
    """
    name = asked or case.label_scheme
    if name is None:
        raise RequestError(f"{case.id}: its layout, and so its label scheme, is unknown; name one with --label-scheme")
    return scheme_named(name)
