"""Bundles: opened as plain data, proven whole, never executed. Only loading weights imports torch."""

from brats3d.bundle.definition import FORMAT, MAX_OVERLAP, Definition, Windows, check_definition
from brats3d.bundle.ensemble import BundleNames, Ensemble, open_bundles
from brats3d.bundle.folder import (
    COMMON_FILE,
    DEFAULT_BUNDLE,
    METADATA_FILE,
    STRANGER,
    WEIGHTS_FILE,
    Bundle,
    BundleIdentity,
    bundle_sha256,
    find_bundle,
    open_bundle,
    read_metadata,
    shipped_bundles,
)
from brats3d.bundle.plain import read_plain_yaml
from brats3d.bundle.rules import NO_ISLANDS, Islands, Limits, islands_of, temperature_of
from brats3d.bundle.serves import Subset, subset_words
from brats3d.bundle.weights import load_network, weights_entry, write_weights

__all__ = [
    "COMMON_FILE",
    "DEFAULT_BUNDLE",
    "FORMAT",
    "MAX_OVERLAP",
    "METADATA_FILE",
    "NO_ISLANDS",
    "STRANGER",
    "WEIGHTS_FILE",
    "Bundle",
    "BundleIdentity",
    "BundleNames",
    "Definition",
    "Ensemble",
    "Islands",
    "Limits",
    "Subset",
    "Windows",
    "bundle_sha256",
    "check_definition",
    "find_bundle",
    "islands_of",
    "load_network",
    "open_bundle",
    "open_bundles",
    "read_metadata",
    "read_plain_yaml",
    "shipped_bundles",
    "subset_words",
    "temperature_of",
    "weights_entry",
    "write_weights",
]
