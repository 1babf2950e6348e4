"""Ratios to what people do today, side by side on this machine: ``python -m benchmarks.ratios``.

A module that measures holds ``KEYS`` (key: goal) and ``measure()`` (key: entry, see :mod:`.entry`); the runner finds
it here and runs it in a process of its own.
"""
