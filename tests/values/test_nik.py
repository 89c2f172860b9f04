import csv
from datetime import date
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.values.nik import PROVINCE, Sex, birth_date, check_nik_agrees, parse_nik, sex
from api.values.problem import Unreadable

TODAY = date(2026, 3, 1)

READ: dict[str, tuple[str, date, Sex]] = {
    "6202013001901234": ("6202013001901234", date(1990, 1, 30), "MALE"),
    "6202017001901234": ("6202017001901234", date(1990, 1, 30), "FEMALE"),
    "6202014101900001": ("6202014101900001", date(1990, 1, 1), "FEMALE"),
    "6202017112991234": ("6202017112991234", date(1999, 12, 31), "FEMALE"),
    "6202012902000001": ("6202012902000001", date(2000, 2, 29), "MALE"),
    "6202016902040001": ("6202016902040001", date(2004, 2, 29), "FEMALE"),
    "6202012902280001": ("6202012902280001", date(1928, 2, 29), "MALE"),
    "6202010103260001": ("6202010103260001", date(2026, 3, 1), "MALE"),
    "6202010203260001": ("6202010203260001", date(1926, 3, 2), "MALE"),
    "6202 0130 0190 1234": ("6202013001901234", date(1990, 1, 30), "MALE"),
    "62.02.01.300190.1234": ("6202013001901234", date(1990, 1, 30), "MALE"),
    "620201-300190-1234": ("6202013001901234", date(1990, 1, 30), "MALE"),
    "\u200e6202013001901234\n": ("6202013001901234", date(1990, 1, 30), "MALE"),
    "\uff16202013001901234": ("6202013001901234", date(1990, 1, 30), "MALE"),
    # Issued before a division, or before the kabupaten got another code.
    "9271013001901234": ("9271013001901234", date(1990, 1, 30), "MALE"),
    "9101013001901234": ("9101013001901234", date(1990, 1, 30), "MALE"),
    "6473013001901234": ("6473013001901234", date(1990, 1, 30), "MALE"),
}

REFUSED = {
    "6202013002901234": "not in the calendar",
    "6202013104901234": "not in the calendar",
    "6202017106901234": "not in the calendar",
    "6202012902030001": "not in the calendar",
    "6202016902030001": "not in the calendar",
    "6202010001901234": "day of birth: 01 to 31",
    "6202013201901234": "day of birth: 01 to 31",
    "6202014001901234": "day of birth: 01 to 31",
    "6202017201901234": "day of birth: 01 to 31",
    "6202010100901234": "month of birth",
    "6202010113901234": "month of birth",
    "9902013001901234": "not a province",
    "0002013001901234": "not a province",
    "2002013001901234": "not a province",
    "6200013001901234": "not a kabupaten",
    "6202003001901234": "not a kabupaten",
    "6202013001900000": "never 0000",
    "620201300190123": "16 digits",
    "62020130019012345": "16 digits",
    "": "16 digits",
    "620201300190123O": "16 digits",
    "\u0666202013001901234": "16 digits",
}


@pytest.mark.parametrize("written", READ)
def test_a_nik_is_read(written: str) -> None:
    nik = parse_nik(written)

    assert (nik, birth_date(nik, TODAY), sex(nik)) == READ[written]


@pytest.mark.parametrize("written", REFUSED)
def test_each_fault_of_a_nik_has_its_message(written: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        parse_nik(written)

    assert REFUSED[written] in refusal.value.english
    assert not written or written not in str(refusal.value.detail)


def test_the_provinces_are_those_of_the_reference_data() -> None:
    with files("api.reference").joinpath("provinces.csv").open(encoding="utf-8") as file:
        codes = {row["code"] for row in csv.DictReader(file)}

    assert {code for code in map("{:02}".format, range(100)) if PROVINCE.fullmatch(code)} == codes


@pytest.mark.parametrize(
    ("known_birth_date", "known_sex"),
    [
        (None, None),
        (date(1990, 1, 30), None),
        (None, "FEMALE"),
        (date(1990, 1, 30), "FEMALE"),
        (date(2090, 1, 30), None),
    ],
)
def test_a_nik_agrees_with_what_is_known(known_birth_date: date | None, known_sex: Sex | None) -> None:
    check_nik_agrees("6202017001901234", known_birth_date=known_birth_date, known_sex=known_sex)


@pytest.mark.parametrize(
    ("known_birth_date", "known_sex", "message"),
    [
        (date(1990, 1, 31), None, "The day of birth in the NIK differs"),
        (date(1991, 1, 30), "FEMALE", "The day of birth in the NIK differs"),
        (date(1990, 1, 30), "MALE", "The sex in the NIK differs"),
        (None, "MALE", "The sex in the NIK differs"),
    ],
)
def test_a_nik_that_differs_is_refused(known_birth_date: date | None, known_sex: Sex | None, message: str) -> None:
    with pytest.raises(Unreadable, match=message):
        check_nik_agrees("6202017001901234", known_birth_date=known_birth_date, known_sex=known_sex)


@settings(deadline=None)
@given(st.from_regex(r"(62|99|13)[0-2]{4}[0-7][0-9][01][0-9]{3}[01]{4}", fullmatch=True))
def test_a_nik_that_is_read_has_a_real_day_of_birth(text: str) -> None:
    try:
        nik = parse_nik(text)
    except Unreadable:
        return

    born = birth_date(nik, TODAY)
    assert born <= TODAY
    assert f"{born.day + (40 if sex(nik) == 'FEMALE' else 0):02}{born:%m%y}" == nik[6:12]


@settings(deadline=None)
@given(st.dates(date(1927, 1, 1), TODAY), st.sampled_from(["FEMALE", "MALE"]))
def test_every_day_of_birth_is_read(born: date, expected: Sex) -> None:
    day = born.day + 40 if expected == "FEMALE" else born.day

    nik = parse_nik(f"620201{day:02}{born:%m%y}0001")

    assert (birth_date(nik, TODAY), sex(nik)) == (born, expected)
