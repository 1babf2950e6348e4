"""Calibrating a synthetic spec on the baseline alone."""
