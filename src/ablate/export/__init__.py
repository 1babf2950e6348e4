"""From a run of a study to a model that others can load, and from that model to labels."""
