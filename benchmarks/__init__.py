"""What Ablate costs, measured apart from the tests."""
