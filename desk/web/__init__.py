"""The desk in a browser: pages that are drawn by the server."""
