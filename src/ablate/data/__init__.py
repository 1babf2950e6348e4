"""Reading, splitting and storing labelled texts."""
