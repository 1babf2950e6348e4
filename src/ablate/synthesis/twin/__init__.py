"""The twin: a spec that is like a data set of a user and holds nothing but numbers of it."""
