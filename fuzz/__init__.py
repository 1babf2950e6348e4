"""Broken study files, data, records and settings: each works, or is refused in one line."""
