"""The search: from what a person types to what was found, the same for terminal, page and API."""
