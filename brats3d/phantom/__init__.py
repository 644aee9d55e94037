"""Made-up patients: believable gliomas from a seed, in every layout, at any shape."""

from brats3d.phantom.files import write_phantoms as write_phantoms
from brats3d.phantom.make import Phantom as Phantom
from brats3d.phantom.make import make_phantom as make_phantom
