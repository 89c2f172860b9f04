"""Codes of kabupaten that are no longer in force."""

import csv
from collections.abc import Mapping
from importlib.resources import files


def codes_in_force() -> Mapping[str, str]:
    """The former Kemendagri codes of kabupaten, each with the code that replaced it."""
    text = files(__package__).joinpath("codes_in_force.csv").read_text(encoding="utf-8")
    return {row["old_code"]: row["code"] for row in csv.DictReader(text.splitlines())}
