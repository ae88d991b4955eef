"""The default tagger: names of people, organisations, places and events, found by a small network."""
