"""What finds names in a text: the tagger that comes with Wiredesk, or a model that the settings name.

Each is a `Tier` (tier.py). What follows on the names, their agreement over the document, their links and their bounds,
is the same for all. Nothing here is needed by default, and nothing is ever downloaded.
"""
