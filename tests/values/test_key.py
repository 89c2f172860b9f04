from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.values.key import LONGEST_SORT_KEY, code_key, compact, place_search_key, search_key, sort_key
from api.values.problem import Unreadable
from api.values.text import line

FOUND = [
    ("Suparman ", "Suparman"),
    ("suparman", "SUPARMAN HADI"),
    ("Siti Rahayu", "Siti  Rahayu"),
    ("Siti Rahayu", "Siti\u00a0Rahayu"),
    ("Qur\u2019an", "PPPA Daarul Qur'an"),
    ("Qur'an", "PPPA Daarul Qur\u02bcan"),
    ("Quran", "PPPA Daarul Qur\u2018an"),
    ("\u00e9di", "E\u0301di"),
    ("edi", "\u00c9di"),
    ("Al-Amin", "Yayasan Al Amin"),
    ("A. Rahman", "a rahman"),
    ("strasse", "Stra\u00dfe"),
    ("Soren", "S\u00f8ren"),
    ("LazisMU", "LAZISMU Kotim"),
    ("\uff33\uff49\uff54\uff49", "Siti"),
    ("Su\u00adparman", "Suparman"),
    ("***", "***"),
]

NOT_FOUND = [
    ("Suparmin", "Suparman"),
    ("Rahayu Siti", "Siti Rahayu"),
    ("Budi", "Budi"[:-1]),
    ("Agus B", "Agus"),
    ("Adi", "Edo"),
    ("!", "?"),
    ("'", "Qur'an"),
    ("10", "1"),
    ("Ana", "Ani"),
    ("\u0623\u062d\u0645\u062f", "\u0645\u062d\u0645\u062f"),
]

PLACES_FOUND = [
    ("palangka raya", "Kota Palangkaraya"),
    ("Kab. Agam", "Kabupaten Agam"),
    ("Kab.Agam", "Kabupaten Agam"),
    ("kab agam", "Kabupaten Agam"),
    ("Kep. Mentawai", "Kabupaten Kepulauan Mentawai"),
    ("Kepulauan Mentawai", "Kabupaten Kepulauan Mentawai"),
    ("Kab. Kep. Mentawai", "Kabupaten Kepulauan Mentawai"),
    ("Kepulauan Siau", "Kabupaten Kep. Siau Tagulandang Biaro"),
    ("Kota Jakarta Barat", "Kota Administrasi Jakarta Barat"),
    ("Kab. Adm. Kep. Seribu", "Kabupaten Administrasi Kepulauan Seribu"),
    ("Kotamadya Bandung", "Kota Bandung"),
    ("Kodya Bandung", "Kota Bandung"),
    ("fakfak", "Kabupaten Fak Fak"),
    ("Toli-Toli", "Kabupaten Tolitoli"),
    ("Prov. Lampung", "Lampung"),
    ("Kota Baru", "Kabupaten Kotabaru"),
]

PLACES_NOT_FOUND = [
    ("Kota Bandung", "Kabupaten Bandung"),
    ("Kab. Bandung", "Kota Bandung"),
    ("Kep. Riau", "Riau"),
    ("Kota Agam", "Kabupaten Agam"),
    ("Mentawai", "Kabupaten Agam"),
    ("Palangka", "Kabupaten Pulang Pisau"),
    ("Prov. Riau", "Lampung"),
    ("Kab. Sorong", "Kota Sorong"),
    ("Kep. Aru", "Kabupaten Karo"),
    ("Kodya", "Kabupaten Agam"),
]


@pytest.mark.parametrize(("query", "name"), FOUND)
def test_a_name_is_found(query: str, name: str) -> None:
    assert search_key(query) in search_key(name)


@pytest.mark.parametrize(("query", "name"), NOT_FOUND)
def test_another_name_is_not_found(query: str, name: str) -> None:
    assert search_key(query) not in search_key(name)


@pytest.mark.parametrize(("query", "name"), PLACES_FOUND)
def test_a_place_is_found(query: str, name: str) -> None:
    assert place_search_key(query) in place_search_key(name)


@pytest.mark.parametrize(("query", "name"), PLACES_NOT_FOUND)
def test_another_place_is_not_found(query: str, name: str) -> None:
    assert place_search_key(query) not in place_search_key(name)


def test_names_are_ordered_without_case_and_accents() -> None:
    names = [
        "agus",
        "Agus B",
        "Agus Salim",
        "Agusta",
        "BAMBANG",
        "\u00c9di",
        "Eko",
        "LazisMU",
        "LKS",
        "zaenal",
        "Zulkifli",
    ]

    keys = [sort_key(name) for name in names]

    assert keys == sorted(keys)
    assert all(first < second for first, second in pairwise(keys))


def test_a_sort_key_has_words_with_one_space_between() -> None:
    names = ["  A. Rahman  ", "Al-Amin", "Qur\u2019an", "PT 3 Roda", "***", "x" * 300, "'"]

    assert [sort_key(name) for name in names] == [
        "a rahman",
        "al amin",
        "quran",
        "pt 3 roda",
        "***",
        "x" * LONGEST_SORT_KEY,
        "'",
    ]


SAME_NUMBER = [
    "TGN/1",
    "tgn/1",
    "TGN /1",
    " TGN / 1 ",
    "TGN\u00a0/1",
    "\uff34GN/1",
    "TGN/\u200b1",
    "Tgn/1",
    "tGN/1\n",
    "T G N/1",
]
OTHER_NUMBERS = ["TGN/11", "TGN1", "TGN-1", "TGN/01", "TGN/l", "TGM/1", "1/TGN", "TGN//1", "TGN.1", "GN/1"]


def test_numbers_are_compared_without_case_and_spaces() -> None:
    assert {code_key(number) for number in SAME_NUMBER} == {"tgn/1"}
    assert code_key("TGN\u20111") == code_key("TGN\u20131") == code_key("tgn-1")


def test_other_numbers_have_other_keys() -> None:
    assert len({code_key(number) for number in ["TGN/1", *OTHER_NUMBERS]}) == 11


def test_a_text_with_very_many_marks_is_compared_in_little_time() -> None:
    text = "a" + "\u0301\u0323" * 100_000

    assert search_key(text) == "a"
    assert len(compact(text)) < 20


@settings(deadline=None)
@given(st.text())
def test_keys_are_idempotent(text: str) -> None:
    for key in (search_key, place_search_key, sort_key, code_key):
        assert key(key(text)) == key(text)


@settings(deadline=None)
@given(st.text(st.characters(codec="ascii", categories=("L", "N", "P", "Zs")), min_size=1, max_size=20))
def test_case_and_accents_make_no_difference(text: str) -> None:
    accented = "".join(each + "\u0301" if each.isalpha() else each for each in text)

    for key in (search_key, sort_key):
        assert key(text.upper()) == key(text) == key(accented)


@settings(deadline=None)
@given(st.text())
def test_a_visible_text_has_keys(text: str) -> None:
    try:
        read = line(text, 1, 200)
    except Unreadable:
        return

    assert search_key(read)
    assert sort_key(read)
