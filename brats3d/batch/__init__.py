"""A folder of patients: order, isolation, what is whole already, summary."""

from brats3d.batch.segment import Options, segment_folder

__all__ = ["Options", "segment_folder"]
