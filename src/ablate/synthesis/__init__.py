"""Synthetic long-tailed multilabel text."""
