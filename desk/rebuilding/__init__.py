"""Makes the index anew beside the one that is searched, brings it up to date, and moves the alias."""
