"""The version alone, so that `brats3d --version` and packaging read it without importing anything heavy."""

VERSION = "0.1.0"
