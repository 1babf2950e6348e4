"""One offline page for a colleague, and its figures as files, from the records of a study alone."""
