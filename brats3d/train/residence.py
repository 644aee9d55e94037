"""Where a cohort may lie while it is trained on."""

from enum import StrEnum


class Residence(StrEnum):
    """From the fastest to the one that takes least memory."""

    DEVICE = "device"
    """On the card that trains."""
    MEMORY = "memory"
    """In the machine's memory."""
    DISK = "disk"
    """In the cache folder; the next patches' cases are read ahead."""


RESIDENCES = ("auto", *Residence)
