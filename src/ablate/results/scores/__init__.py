"""Scores of any model, audited: what the decision rule alone is worth, and where only data will help."""
