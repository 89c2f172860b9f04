"""The rules for assigning volunteers, each defined once: an SQL predicate, and the fact that explains a violation."""
