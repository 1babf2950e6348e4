"""Text encoders and the tokens that they read."""
