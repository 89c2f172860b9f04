"""NIK, the number of a resident: PPKKCC DDMMYY SSSS, region, day of birth (40 more for women), serial number."""

from datetime import date
from typing import Literal

import regex

from api.values.key import compact
from api.values.problem import Unreadable

Sex = Literal["FEMALE", "MALE"]

DIGITS = regex.compile(r"[0-9]{16}")
PUNCTUATION = regex.compile(r"[.\-]")
ADDED_FOR_WOMEN = 40

# A NIK keeps the region where it was issued, also after the region was divided or got another code. All codes of kabupaten before a
# division begin with a province that still exists (Kepmendagri 300.2.2-2138/2025), so the province is checked, the kabupaten is not.
PROVINCE = regex.compile(r"1[1-9]|21|3[1-6]|5[1-3]|6[1-5]|7[1-6]|8[12]|9[1-6]")


def parse_nik(text: str) -> str:
    """The 16 digits. Raises `Unreadable` with the first fault: length, region, day of birth, serial number."""
    nik = PUNCTUATION.sub("", compact(text))
    if not DIGITS.fullmatch(nik):
        raise Unreadable("NIK terdiri dari 16 angka, seperti di KTP.", "A NIK has 16 digits, as on the identity card.")
    if not PROVINCE.fullmatch(nik[:2]):
        raise Unreadable(
            "Dua angka pertama NIK bukan kode provinsi; periksa di KTP.",
            "The first two digits of the NIK are not a province; check the identity card.",
        )
    if nik[2:4] == "00" or nik[4:6] == "00":
        raise Unreadable(
            "Angka ke-3 sampai ke-6 NIK bukan kabupaten dan kecamatan; periksa di KTP.",
            "Digits 3 to 6 of the NIK are not a kabupaten and kecamatan; check the identity card.",
        )
    _check_birth(nik)
    if nik[12:] == "0000":
        raise Unreadable(
            "Empat angka terakhir NIK tidak mungkin 0000; periksa di KTP.",
            "The last four digits of a NIK are never 0000; check the identity card.",
        )
    return nik


def _check_birth(nik: str) -> None:
    day, month, _ = _birth_numbers(nik)
    if not 1 <= day <= 31:
        raise Unreadable(
            "Angka ke-7 dan ke-8 NIK adalah tanggal lahir: 01 sampai 31, atau 41 sampai 71 untuk perempuan.",
            "Digits 7 and 8 of a NIK are the day of birth: 01 to 31, or 41 to 71 for women.",
        )
    if not 1 <= month <= 12:
        raise Unreadable(
            "Angka ke-9 dan ke-10 NIK adalah bulan lahir: 01 sampai 12.",
            "Digits 9 and 10 of a NIK are the month of birth: 01 to 12.",
        )
    if not _possible_birth_dates(nik):
        raise Unreadable(
            "Tanggal lahir di NIK (angka ke-7 sampai ke-12) tidak ada di kalender; periksa di KTP.",
            "The day of birth in the NIK (digits 7 to 12) is not in the calendar; check the identity card.",
        )


def birth_date(nik: str, today: date) -> date:
    """The day of birth in a NIK that `parse_nik` has read: in this century, unless it would lie after `today`."""
    return max(each for each in _possible_birth_dates(nik) if each <= today)


def sex(nik: str) -> Sex:
    return "FEMALE" if int(nik[6:8]) > ADDED_FOR_WOMEN else "MALE"


def check_nik_agrees(nik: str, *, known_birth_date: date | None = None, known_sex: Sex | None = None) -> None:
    """Raises `Unreadable` where the day of birth or the sex in the NIK differ from those that are known. Any century agrees."""
    if known_birth_date is not None and known_birth_date not in _possible_birth_dates(nik):
        raise Unreadable(
            "Tanggal lahir di NIK berbeda dari tanggal lahir yang ditulis; periksa keduanya di KTP.",
            "The day of birth in the NIK differs from the day of birth; check both on the identity card.",
        )
    if known_sex is not None and known_sex != sex(nik):
        raise Unreadable(
            "Jenis kelamin di NIK berbeda dari jenis kelamin yang ditulis; periksa keduanya di KTP.",
            "The sex in the NIK differs from the sex; check both on the identity card.",
        )


def _birth_numbers(nik: str) -> tuple[int, int, int]:
    """Day, month, and the last two digits of the year."""
    day, month, year = int(nik[6:8]), int(nik[8:10]), int(nik[10:12])
    return day - ADDED_FOR_WOMEN if day > ADDED_FOR_WOMEN else day, month, year


def _possible_birth_dates(nik: str) -> list[date]:
    """The day in each century that has it; 29 February 1900 is in none."""
    day, month, year = _birth_numbers(nik)
    dates = []
    for century in (1900, 2000):
        try:
            dates.append(date(century + year, month, day))
        except ValueError:
            continue
    return dates
