"""Needs a package that is not there."""

import acme_tables

STRATEGIES = acme_tables.STRATEGIES
