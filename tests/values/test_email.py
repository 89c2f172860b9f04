import pytest

from api.values.email import parse_email
from api.values.problem import Unreadable

READ = [
    "budi@example.id",
    " budi@example.id ",
    "BUDI@Example.ID",
    "budi@example.id\n",
    "\u00a0budi@example.id\u00a0",
    "\u200ebudi@example.id\u200e",
    "\u200b\ufeffbudi@example.id",
    "budi@example.id\u2028",
    "\tbudi@example.id\r\n",
    "\u202abudi@example.id\u202c",
]

REFUSED = [
    "",
    " ",
    "\u200b",
    "budi",
    "budi@",
    "@example.id",
    "budi@example",
    "budi santoso@example.id",
    "budi@example.id, siti@example.id",
    "budi@@example.id",
    "budi@example..id",
    "budi@-example.id",
    "bu\u200bdi@example.id",
    "budi@example.id\u0000",
    "b\u00fcdi@example.id",
    "b" * 65 + "@example.id",
    "<budi@example.id>",
]


@pytest.mark.parametrize("written", READ, ids=ascii)
def test_an_address_is_read(written: str) -> None:
    assert parse_email(written) == "budi@example.id"


@pytest.mark.parametrize("written", REFUSED, ids=ascii)
def test_another_address_is_refused(written: str) -> None:
    with pytest.raises(Unreadable):
        parse_email(written)
