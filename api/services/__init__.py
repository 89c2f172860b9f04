"""What is decided: rules, locks, writes."""
