"""Keys that texts are compared, searched and ordered by. They are made here and stored, so that all databases agree."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Literal
from unicodedata import normalize

import regex

# Forms of Unicode.
Form = Literal["NFC", "NFKC", "NFKD"]

# Characters of a text whose key is remembered, so that what is remembered stays small whatever is sent.
LONGEST_CACHED = 500

# Characters of a key for ordering; the index on it holds at most 2,704 bytes.
LONGEST_SORT_KEY = 200

# Quotation marks and modifier letters that are written for the apostrophe of Qur'an.
APOSTROPHES = dict.fromkeys(
    map(ord, "'`\u00b4\u2018\u2019\u201b\u2032\u02b9\u02bb\u02bc\u02bd\u02be\u02bf\u02c8\ua78b\ua78c\uff07")
)
# Letters that Unicode does not decompose.
LETTERS = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "ð": "d", "đ": "d", "ħ": "h", "\u0131": "i", "ł": "l", "ŋ": "ng", "þ": "th"}
)
MARKS = regex.compile(r"[\p{Mn}\p{Me}\p{Default_Ignorable_Code_Point}]+")
BETWEEN_WORDS = regex.compile(r"[^\p{L}\p{N}\p{Mc}]+")
SPACES = regex.compile(r"\s+")
DASHES = regex.compile(r"[\p{Pd}\u2212]")
# What is a mark, or becomes one in a plain form. A letter with more of them is of no language, and Unicode's normalization takes
# quadratic time to sort them.
MORE_MARKS = regex.compile(r"([\p{M}\uFF9E\uFF9F]{16})[\p{M}\uFF9E\uFF9F]+")
UNPRINTED = regex.compile(r"[\p{White_Space}\p{Default_Ignorable_Code_Point}]+")

# Words before the names of places that are written in several ways. The last word of a text is taken as it is: it may be half a word.
ABBREVIATIONS = {
    "kab": "kabupaten",
    "kodya": "kota",
    "kotamadya": "kota",
    "kep": "kepulauan",
    "adm": "administrasi",
    "prov": "provinsi",
}
# Of places themselves, these words are not part of the name.
PLACE_WORDS = {**ABBREVIATIONS, **dict.fromkeys(("adm", "administrasi", "prov", "provinsi"), "")}


def search_key(text: str) -> str:
    """The letters and digits of a text, without case, accents, apostrophes, punctuation and spaces.

    A text is found where its key is a part of the stored key. The key of a visible text is never empty: a text that has neither letters
    nor digits keeps its symbols.
    """
    folded = _fold(text)
    return BETWEEN_WORDS.sub("", folded) or SPACES.sub("", folded) or SPACES.sub("", text)


def place_search_key(name: str) -> str:
    """As `search_key`, with the words before names of places unified: `Kab. Agam` and `Kabupaten Agam` have one key."""
    return _unified(name, PLACE_WORDS)


def title_search_key(title: str) -> str:
    """As `search_key`, for texts that name places among other things: `Dinsos Kab. Agam` is found as `Dinsos Kabupaten Agam`."""
    return _unified(title, ABBREVIATIONS)


def _unified(text: str, unified: Mapping[str, str]) -> str:
    *words, last = BETWEEN_WORDS.split(_fold(text))
    return "".join([*(unified.get(word, word) for word in words), last]) or search_key(text)


def plain(text: str) -> str:
    """A text in the spelling in which it is stored: NFC, each run of white space one space, none at the ends."""
    return " ".join(normalized("NFC", text).split())


def normalized(form: Form, text: str) -> str:
    """The text in a form of Unicode, with at most 16 marks on a letter."""
    return normalize(form, MORE_MARKS.sub(r"\1", text))


def sort_key(text: str) -> str:
    """The words of a text without case, accents, apostrophes and punctuation, one space between them.

    To be ordered by code points (COLLATE "C"): a shorter word comes first, then digits, then letters.
    """
    folded = _fold(text)
    words = BETWEEN_WORDS.sub(" ", folded).strip() or " ".join(folded.split()) or " ".join(text.split())
    return words[:LONGEST_SORT_KEY].rstrip()


def code_key(number: str) -> str:
    """A written number without case and spaces, all dashes alike: `TGN/1`, `tgn/1` and `TGN /1` have one key."""
    return compact(number).casefold()


def compact(text: str) -> str:
    """Without white space and invisible characters; digits, letters and dashes in their plain forms."""
    return DASHES.sub("-", normalized("NFC", UNPRINTED.sub("", normalized("NFKC", text))))


def _fold(text: str) -> str:
    """Without case, accents, apostrophes and invisible characters."""
    return _cached_fold(text) if len(text) <= LONGEST_CACHED else _cached_fold.__wrapped__(text)


# An import of 100,000 people computes several keys of each name, in batches of 1,000.
@lru_cache(4_096)
def _cached_fold(text: str) -> str:
    if text.isascii():
        return text.translate(APOSTROPHES).lower()
    plain = MARKS.sub("", text.translate(APOSTROPHES))
    for _ in range(2):  # Folding the case makes new accents, for instance of U+0390.
        plain = MARKS.sub("", normalized("NFKD", plain).translate(APOSTROPHES)).casefold()
    return normalized("NFC", plain.translate(LETTERS))
