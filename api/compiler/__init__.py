"""Selection → one SQL statement → JSON; knows no noun of the domain."""
