"""Several trainings together: folds, what is tuned on their predictions, and comparisons under one budget."""
