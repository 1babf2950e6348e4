"""Non-neutral levels of the factors, one file per factor."""
