"""Selection → one SQL statement → JSON; knows no noun of the domain.

`docs/decisions/0010-declarations-compiled-once.md` shows the statement of a small page, with its parts named.
"""
