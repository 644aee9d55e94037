"""brats3d segments gliomas in 3D MRI. Research software: not for diagnosis."""

from brats3d.version import VERSION as __version__

__all__ = ["__version__"]
