"""Text in CSV tables: a name from the disk must not become a formula of a spreadsheet."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def no_formula(cell: str) -> str:
    """Return text that a spreadsheet shows and does not run: what could be a formula gets a quote before it.

    >>> no_formula("=1+1")
    "'=1+1"
    """
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell
