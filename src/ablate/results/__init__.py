"""Records, statistics and leaderboards: no torch, transformers or optuna."""
