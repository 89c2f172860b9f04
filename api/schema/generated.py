"""The types generated at start: they are put here under their names, so that fields can refer to them."""
