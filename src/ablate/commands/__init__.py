"""Commands beside those about a study; each imports what it needs when it is called."""
