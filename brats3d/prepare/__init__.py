"""From volumes to network input, and back to the patient's own grid."""

from brats3d.prepare.preparation import (
    Preparation,
    Prepared,
    out_of_box,
    prepare,
    prepare_reference,
    to_patient_box,
)

__all__ = [
    "Preparation",
    "Prepared",
    "out_of_box",
    "prepare",
    "prepare_reference",
    "to_patient_box",
]
