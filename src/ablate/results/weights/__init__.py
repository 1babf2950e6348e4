"""Weighting schemes, judged from training counts alone."""
