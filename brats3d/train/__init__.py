"""Training: from a recipe and patients with references to a complete MONAI bundle."""
