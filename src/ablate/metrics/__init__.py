"""Recall at an equal number of alarms, per label and per bucket, and the stability of a run."""
