"""The engine and pool, the embedded server."""
