"""Files of a model folder."""

OWN, SHARED, WEIGHTS = "ablate.json", "config.json", "model.safetensors"
"""What a folder of our own says of itself, what one of transformers' does, and the weights of both."""
