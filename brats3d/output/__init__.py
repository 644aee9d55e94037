"""Masks and their records on disk: whole or absent, and proven afterwards."""
