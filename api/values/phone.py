"""Indonesian phone numbers, as people write and paste them, read as E.164."""

import phonenumbers
import regex
from phonenumbers import PhoneNumber, PhoneNumberFormat, ValidationResult

from api.values.key import compact
from api.values.problem import Unreadable

COUNTRY = "62"

PUNCTUATION = regex.compile(r"[().\-]")
# 0411/123456: an area code, before a number that is long enough to be one of its own.
AREA_SLASH = regex.compile(r"^\(?(0[0-9]{2,3})\)?/(?=[0-9]{5})")
SECOND_NUMBER = regex.compile(r"[^0-9]*[0-9].*?([+/,;&|]|atau|dan|or|and)", regex.IGNORECASE)
DIGITS = regex.compile(r"\+?[0-9]+")
# The ways to write the beginning of a number: with the country code, with the national prefix 0, or a mobile number without either.
# A 0 after the country code, as in +62 (0)812, is not dialled.
PREFIX = regex.compile(r"(?:(?:\+|00)?620?|0|(?=8))(?P<national>[1-9][0-9]*)")

# Digits after the country code.
MOST_DIGITS = 13
# Of numbers that begin like the country code, which are those of the area codes 0620 to 0629.
MOST_DIGITS_IN_AREA_62 = 10

EXAMPLE_ID, EXAMPLE_EN = "misalnya 0812-3456-7890 atau +62 21 5551234", "for instance 0812-3456-7890 or +62 21 5551234"


def parse_phone(text: str) -> str:
    """The number in E.164 (+62…). Raises `Unreadable` for two numbers, and where no such number can exist in Indonesia."""
    digits = _national_digits(text)
    if len(digits) > MOST_DIGITS:
        raise Unreadable(
            f"Nomor ini terlalu panjang; tulis satu nomor saja, {EXAMPLE_ID}.",
            f"The number is too long; write one number only, {EXAMPLE_EN}.",
        )
    if _has_country_code_twice(digits):
        raise Unreadable(
            f"Kode negara 62 tertulis dua kali; tulis sekali saja, {EXAMPLE_ID}.",
            f"The country code 62 is written twice; write it once, {EXAMPLE_EN}.",
        )
    number = _number(digits)
    if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        raise Unreadable(
            f"Nomor ini terlalu pendek; tulis lengkap dengan kode wilayahnya, {EXAMPLE_ID}.",
            f"The number is too short; write all of it with its area code, {EXAMPLE_EN}.",
        )
    if not phonenumbers.is_valid_number(number):
        raise Unreadable(
            f"Tidak ada nomor seperti ini di Indonesia; periksa angkanya, {EXAMPLE_ID}.",
            f"There is no such number in Indonesia; check its digits, {EXAMPLE_EN}.",
        )
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _national_digits(text: str) -> str:
    """The digits after the country code."""
    written = AREA_SLASH.sub(r"\1", compact(text))
    if SECOND_NUMBER.match(written):
        raise Unreadable(f"Tulis satu nomor saja, {EXAMPLE_ID}.", f"Write one number only, {EXAMPLE_EN}.")
    digits = PUNCTUATION.sub("", written)
    if not DIGITS.fullmatch(digits):
        raise Unreadable(
            f"Nomor telepon ditulis dengan angka, tanpa ekstensi, {EXAMPLE_ID}.",
            f"A phone number is written in digits, without an extension, {EXAMPLE_EN}.",
        )
    prefix = PREFIX.fullmatch(digits)
    if prefix is None:
        raise Unreadable(
            f"Nomor Indonesia diawali 0, 62, atau +62, {EXAMPLE_ID}.",
            f"An Indonesian number begins with 0, 62 or +62, {EXAMPLE_EN}.",
        )
    return prefix["national"]


def _has_country_code_twice(digits: str) -> bool:
    """Whether digits after the country code begin with it again: those of area 062 are fewer."""
    return (
        digits.startswith(COUNTRY)
        and len(digits) > MOST_DIGITS_IN_AREA_62
        and phonenumbers.is_valid_number(_number(digits.removeprefix(COUNTRY)))
    )


def _number(digits: str) -> PhoneNumber:
    return PhoneNumber(country_code=int(COUNTRY), national_number=int(digits))
