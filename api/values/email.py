"""E-mail addresses, in one way of writing."""

import re

import regex

from api.values.key import UNPRINTED
from api.values.problem import Unreadable

ADDRESS = re.compile(
    r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
)
LONGEST = 254
# With what came along: to look for its end takes quadratic time.
LONGEST_PASTED = 1_000
# What comes along when an address is pasted.
AROUND = regex.compile(rf"\A{UNPRINTED.pattern}|{UNPRINTED.pattern}\Z")


def parse_email(text: str) -> str:
    """The address in small letters. Raises `Unreadable`."""
    address = AROUND.sub("", text[: LONGEST_PASTED + 1]).lower()
    if len(text) > LONGEST_PASTED or len(address) > LONGEST or ADDRESS.fullmatch(address) is None:
        raise Unreadable(
            "Alamat surel ditulis seperti nama@contoh.id.", "An e-mail address is written like name@example.id."
        )
    return address
