"""Everything a search finds, written as JSON Lines, CSV, RSS, Atom or ninjs."""
