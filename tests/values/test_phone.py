import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.values.phone import parse_phone
from api.values.problem import Unreadable

READ = {
    "0812-3456-7890": "+6281234567890",
    "+62 812 3456 7890": "+6281234567890",
    "62812 34567890": "+6281234567890",
    "006281234567890": "+6281234567890",
    "00 62 812 3456 7890": "+6281234567890",
    "81234567890": "+6281234567890",
    "+62 (0)812-3456-7890": "+6281234567890",
    "(0812) 3456.7890": "+6281234567890",
    "+62\u2011812\u20113456\u20117890": "+6281234567890",
    "0812\u20133456\u20137890": "+6281234567890",
    "+62\u00a0812\u00a03456\u00a07890": "+6281234567890",
    "\u200e+6281234567890": "+6281234567890",
    "\u202a+62 812-3456-7890\u202c": "+6281234567890",
    "0812-3456\n-7890": "+6281234567890",
    "\uff10\uff18\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19\uff10": "+6281234567890",
    "0812345678": "+62812345678",
    "0895-1234-56789": "+62895123456789",
    "021-5551234": "+62215551234",
    "(021) 5551234": "+62215551234",
    "62215551234": "+62215551234",
    "0411/123456": "+62411123456",
    "0622-7436512": "+626227436512",
    "+62 628 12345": "+6262812345",
}

REFUSED = {
    "021-5551234 / 5": "one number only",
    "0812-3456-7890 / 0813-3456-7890": "one number only",
    "0812-3456-7890, 0813-3456-7890": "one number only",
    "081234567890 atau 081334567890": "one number only",
    "+62812345678+62813345678": "one number only",
    "0812 3456 7890 0813 3456 7890": "too long",
    "0812345678901234": "too long",
    "9" * 5000: "begins with 0, 62 or +62",
    "0" + "8" * 5000: "too long",
    "+62-62-812-3456-7890": "twice",
    "062 812-3456-7890": "twice",
    "6262812345678": "twice",
    "+62 62 0812-3456-7890": "too long",
    "+62 62 21 5551234": "twice",
    "0811234": "too short",
    "021-555": "too short",
    "0849-8765-432": "no such number",
    "0812345": "too short",
    "5551234": "begins with 0, 62 or +62",
    "+60 12 345 6789": "begins with 0, 62 or +62",
    "112": "begins with 0, 62 or +62",
    "+62": "begins with 0, 62 or +62",
    "0000000000": "begins with 0, 62 or +62",
    "": "in digits",
    "tidak ada": "in digits",
    "0812-3456-789O": "in digits",
    "021-5551234 ext 5": "in digits",
    "0812\u00013456": "in digits",
    "-0812-3456-7890+": "one number only",
}


@pytest.mark.parametrize("written", READ)
def test_a_phone_number_is_read(written: str) -> None:
    assert parse_phone(written) == READ[written]


@pytest.mark.parametrize("written", REFUSED)
def test_another_phone_number_is_refused(written: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        parse_phone(written)

    assert REFUSED[written] in refusal.value.english


def test_a_refusal_does_not_repeat_the_number() -> None:
    with pytest.raises(Unreadable) as refusal:
        parse_phone("0899-8765-432109876")

    assert "8765" not in str(refusal.value.detail)


NUMBERS = st.one_of(
    st.from_regex(r"(\+62|62|0062|0)[ -]?(8[1-9]\d|2[124]|[2-9]\d\d)([ .-]?\d{3,4}){2,3}", fullmatch=True),
    st.text("0123456789+-() /.", max_size=20),
)


@settings(deadline=None)
@given(NUMBERS)
def test_a_number_that_is_read_round_trips(text: str) -> None:
    try:
        number = parse_phone(text)
    except Unreadable:
        return

    parsed = phonenumbers.parse(number)
    assert phonenumbers.is_valid_number_for_region(parsed, "ID")
    assert phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) == number
    for style in (
        phonenumbers.PhoneNumberFormat.INTERNATIONAL,
        phonenumbers.PhoneNumberFormat.NATIONAL,
        phonenumbers.PhoneNumberFormat.E164,
    ):
        assert parse_phone(phonenumbers.format_number(parsed, style)) == number


@settings(deadline=None)
@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        number = parse_phone(text)
    except Unreadable:
        return

    assert number.startswith("+62")
