import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from api.values.problem import Unreadable
from api.values.text import line, paragraph

READ = {
    "plain": ("Suparman", "Suparman"),
    "a single letter": ("U", "U"),
    "spaces around": ("  Suparman ", "Suparman"),
    "two spaces": ("Siti  Rahayu", "Siti Rahayu"),
    "no-break space": ("Siti\u00a0Rahayu", "Siti Rahayu"),
    "a pasted line break": ("Siti\r\nRahayu", "Siti Rahayu"),
    "tab and line separator": ("Siti\t\u2028Rahayu", "Siti Rahayu"),
    "a decomposed letter": ("E\u0301di", "\u00c9di"),
    "a letter decomposed around a zero width space": ("E\u200b\u0301di", "\u00c9di"),
    "an apostrophe of its own": ("Qur\u2019an", "Qur\u2019an"),
    "a soft hyphen": ("Su\u00adparman", "Suparman"),
    "a zero width space": ("Su\u200bparman", "Suparman"),
    "a byte order mark": ("\ufeffSuparman", "Suparman"),
    "a word joiner": ("Su\u2060parman", "Suparman"),
    "a joiner in Latin letters": ("Su\u200dparman", "Suparman"),
    "a variation selector after a Latin letter": ("Suparman\ufe0f", "Suparman"),
    "a Hangul filler between words": ("Siti\u3164Rahayu", "Siti Rahayu"),
    "a Braille blank between words": ("Siti\u2800Rahayu", "Siti Rahayu"),
    "a joiner in an emoji": ("Regu \U0001f468\u200d\U0001f692", "Regu \U0001f468\u200d\U0001f692"),
    "a selector in an emoji": ("Regu \u2764\ufe0f", "Regu \u2764\ufe0f"),
    "a joiner in Persian": ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",) * 2,
    "Javanese": ("\ua98f\ua9b6\ua9a0",) * 2,
    "Arabic": ("\u0633\u064f\u0644\u0637\u0627\u0646",) * 2,
    "symbols only": ("***", "***"),
}

REFUSED = {
    "empty": "",
    "spaces": "   ",
    "no-break space": "\u00a0",
    "ideographic space": "\u3000",
    "zero width space": "\u200b",
    "Braille blank": "\u2800",
    "byte order mark": "\ufeff",
    "soft hyphen": "\u00ad",
    "right-to-left override": "\u202e",
    "right-to-left override in a name": "Su\u202eparman",
    "left-to-right mark": "Suparman\u200e",
    "Arabic letter mark": "\u061cSuparman",
    "isolate": "\u2066Suparman\u2069",
    "Hangul filler": "\u3164",
    "Hangul jamo fillers": "\u115f\u1160",
    "half-width Hangul filler": "\uffa0",
    "control character alone": "\u0001",
    "control character in a name": "Su\u0001parman",
    "NUL": "Suparman\u0000",
    "delete": "Suparman\u007f",
    "C1 control": "Suparman\u009b",
    "combining marks alone": "\u0301\u0323",
    "a combining mark after a space": " \u0301",
    "variation selectors": "\ufe0f\ufe0f",
    "joiners": "\u200d\u200c",
    "combining grapheme joiner": "\u034f",
    "null notehead": "\U0001d159",
    "tag characters": "Suparman\U000e0041",
    "lone surrogate": "Suparman\ud800",
    "noncharacter": "Suparman\uffff",
    "private use": "Suparman\uf0b7",
    "replacement character": "Supar\ufffdan",
    "stacked marks": "S" + "\u0323\u0301" * 9,
}


@pytest.mark.parametrize("case", READ)
def test_a_line_is_read(case: str) -> None:
    written, expected = READ[case]

    assert line(written, 1, 200) == expected


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("read", [line, paragraph])
def test_a_text_that_cannot_be_seen_is_refused(read: object, case: str) -> None:
    with pytest.raises(Unreadable):
        read(REFUSED[case], 1, 200)  # type: ignore[operator]  # One of two functions of this shape.


def test_each_kind_of_refusal_has_its_messages() -> None:
    messages = {}
    for case in ("empty", "NUL", "left-to-right mark", "private use", "stacked marks"):
        with pytest.raises(Unreadable) as refusal:
            line(REFUSED[case], 1, 200)
        messages[case] = refusal.value.detail

    assert len(set(messages.values())) == 5
    assert messages["empty"] == (
        "Isinya kosong atau tidak terlihat; tuliskan sesuatu.",
        "There is nothing to see; write something.",
    )


@pytest.mark.parametrize(
    ("text", "minimum", "maximum"),
    [
        ("e\u0301" * 5, 5, 5),
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467", 1, 1 + 2),
        ("\U0001f1ee\U0001f1e9", 1, 1),
        (" a  b ", 3, 3),
        ("", 0, 5),
        ("\u200b", 0, 5),
    ],
)
def test_characters_are_counted_as_people_see_them(text: str, minimum: int, maximum: int) -> None:
    assert line(text, minimum, maximum) is not None


@pytest.mark.parametrize("text", ["ab", "abcdef", "e\u0301" * 6, "  ab  ", "\U0001f1ee\U0001f1e9" * 6])
def test_a_length_outside_its_bounds_is_refused(text: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        line(text, 3, 5)

    assert refusal.value.detail == ("Tulis 3 sampai 5 karakter.", "Write at least 3 and at most 5 characters.")


def test_a_text_fits_into_an_index_page() -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"

    with pytest.raises(Unreadable):
        line(family * 200, 1, 200)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("satu\r\ndua", "satu\ndua"),
        ("satu\rdua", "satu\ndua"),
        ("satu\u2029dua", "satu\ndua"),
        (" satu  dua \n tiga ", "satu dua\ntiga"),
        ("satu\n\n\n\ndua", "satu\n\ndua"),
        ("satu\n \u200b\n \ndua", "satu\n\ndua"),
        ("\n\nsatu\n\n", "satu"),
        ("\u2022 satu\n\u2022 dua", "\u2022 satu\n\u2022 dua"),
        ("satu\u2800\ndua", "satu\ndua"),
        ("satu\ttab", "satu tab"),
    ],
)
def test_a_paragraph_keeps_its_lines(written: str, expected: str) -> None:
    assert paragraph(written, 1, 200) == expected


DIFFICULT = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from(
            "aZ\u00e9 \n\r\u00a0\u00ad\u200b\u200c\u200d\u2800\u3164\ufe0f\u0301\u0323\u0345\u115f\u1100\u1161\u0915\u094d\u3099\u304b\u2764"
            "\U0001f468\U0001f3fd1#\u20e3\u180b\u1820"
        ),
    )
)


@settings(deadline=None)
@given(DIFFICULT)
def test_a_text_that_is_read_equals_its_own_normalization(text: str) -> None:
    for read in (line, paragraph):
        try:
            first = read(text, 1, 50)
        except Unreadable:
            continue
        assert read(first, 1, 50) == first


@settings(deadline=None)
@given(DIFFICULT)
def test_a_text_that_is_read_can_be_seen(text: str) -> None:
    try:
        read = line(text, 1, 50)
    except Unreadable:
        return

    assert regex.search(r"[\p{L}\p{N}\p{P}\p{S}\p{Cn}\p{Cf}]", read)
    assert not regex.search(r"[\p{Cc}\p{Cs}\p{Bidi_Control}\u200b\u00ad\ufeff\u2800\u3164]|^\s|\s$|\s\s", read)
