"""Measure imbalance remedies for multilabel text classifiers at equal alarms."""
