"""From volumes to network input, and back to the patient's own grid."""

from brats3d.prepare.preparation import (
    Preparation,
    Prepared,
    foreground_of_box,
    out_of_box,
    prepare,
    prepare_reference,
    reference_of_box,
    to_patient_box,
)

__all__ = [
    "Preparation",
    "Prepared",
    "foreground_of_box",
    "out_of_box",
    "prepare",
    "prepare_reference",
    "reference_of_box",
    "to_patient_box",
]
