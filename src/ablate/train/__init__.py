"""One training run from top to bottom."""
