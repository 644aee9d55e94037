"""Pictures of slices: regions outlined on the volumes they lie in."""
