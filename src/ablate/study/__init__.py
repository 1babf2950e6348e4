"""Plan, tune, confirm: the way from arms to records."""
