"""Codes of kabupaten that are no longer in force."""

from collections.abc import Mapping

from api.reference.file import read_rows


def codes_in_force() -> Mapping[str, str]:
    """The former Kemendagri codes of kabupaten, each with the code that replaced it."""
    return {row["old_code"]: row["code"] for row in read_rows("codes_in_force.csv")}
