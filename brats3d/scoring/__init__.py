"""Scores: masks against references, by the published rules."""
