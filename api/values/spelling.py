"""One spelling for inputs that mean the same, so that a request that is repeated is recognized."""

from collections.abc import Callable, Mapping
from typing import Any

from api.values.email import parse_email
from api.values.nik import parse_nik
from api.values.phone import parse_phone
from api.values.problem import Unreadable
from api.values.text import paragraph

# Characters. No field takes a longer text, and to count the characters of one takes long.
LONGEST = 20_000

# The fields of inputs that hold another kind of value than text.
KINDS: Mapping[str, Callable[[str], str]] = {"phone": parse_phone, "nik": parse_nik, "email": parse_email}


def one_spelling(value: Any, name: str = "") -> Any:
    """The value of the field `name` as it is read; what cannot be read stays as it was written."""
    if isinstance(value, Mapping):
        return {each: one_spelling(item, each) for each, item in value.items()}
    if isinstance(value, list):
        return [one_spelling(item, name) for item in value]
    if not isinstance(value, str) or len(value) > LONGEST:
        return value
    try:
        return KINDS[name](value) if name in KINDS else paragraph(value, 0, LONGEST)
    except Unreadable:
        return value
