"""How fast it is, measured; nothing here runs in a test."""
