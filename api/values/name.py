"""Names in the spelling of Python and SQL."""

import re


def snake_case(name: str) -> str:
    """The name of a type as its table is called: `CampSession` is `camp_session`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
