"""Names in the spelling of types, fields, and of Python and SQL."""

import re


def snake_case(name: str) -> str:
    """The name of a type as its table is called: `CampSession` is `camp_session`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def pascal_case(name: str) -> str:
    """The name of a table or verb as its types are called: `camp_session` is `CampSession`."""
    return "".join(part.capitalize() for part in name.split("_"))


def camel_case(name: str) -> str:
    """The name of a column or field as clients write it: `full_name` is `fullName`; a name that is so stays."""
    first, *rest = name.split("_")
    return first + pascal_case("_".join(rest))
