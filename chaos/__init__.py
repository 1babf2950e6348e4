"""A study whose workers, driver, database and disk are made to fail: ``python -m chaos`` (``make chaos``)."""
