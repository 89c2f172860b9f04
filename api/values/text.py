"""Text that people write: names, titles, numbers, reasons.

Characters that are not visible are treated by what they do:

- Refused: control characters, surrogates, noncharacters, private use, tags, interlinear annotations, U+FFFD and U+FFFC. They are
  hidden, differ between systems or show that the text was damaged. The twelve bidirectional controls are refused, too: they change the
  order in which a text is displayed, so that people read something else than what is stored and compared.
- Blank, therefore white space: all of Unicode's white space, the Braille blank, the Hangul fillers, the musical null notehead.
- Removed, because the text means the same without them: soft hyphen, zero width space, byte order mark, word joiner and the other
  default ignorable characters.
- Kept where they are effective, otherwise removed: the zero width joiners between characters of scripts other than Latin or between
  emoji; variation selectors after an emoji or a character of such a script.
"""

from unicodedata import normalize

import regex

from api.values.problem import Unreadable

# More combining marks in a row are not a letter of any language.
MOST_MARKS = 16

# Bytes of UTF-8 for each permitted character, so that a text fits into an index page (2,704 bytes) whatever its script.
BYTES_PER_CHARACTER = 8

REFUSED = (
    (
        regex.compile(r"[\p{Cs}\p{Co}\p{Noncharacter_Code_Point}\uFFFC\uFFFD]"),
        "Teks ini rusak atau memuat gambar; ketik ulang.",
        "The text is damaged or contains a picture; type it again.",
    ),
    (
        regex.compile(r"(?V1)[\p{Cc}--\p{White_Space}]|[\uFFF9-\uFFFB\U000E0000-\U000E007F]"),
        "Teks ini memuat karakter kendali yang tidak terlihat; ketik ulang, jangan disalin-tempel.",
        "The text contains an invisible control character; type it again instead of pasting it.",
    ),
    (
        regex.compile(r"\p{Bidi_Control}"),
        "Teks ini memuat penanda arah tulisan yang tidak terlihat; ketik ulang, jangan disalin-tempel.",
        "The text contains an invisible mark of writing direction; type it again instead of pasting it.",
    ),
    (
        regex.compile(rf"\p{{M}}{{{MOST_MARKS + 1},}}"),
        "Terlalu banyak tanda pada satu huruf; tulis tanpa tanda hias.",
        "There are too many marks on one letter; write it without decoration.",
    ),
)

BLANK = r"\p{White_Space}\u115F\u1160\u2800\u3164\uFFA0\U0001D159"
BLANKS = regex.compile(rf"[{BLANK}]+")
LINE_BREAK = regex.compile(r"\r\n|[\n\r\v\f\x85\u2028\u2029]")
BLANK_LINES = regex.compile(r"\n{3,}")

JOINERS = r"\u200C\u200D"
IGNORABLE = regex.compile(rf"(?V1)[\p{{Default_Ignorable_Code_Point}}--[{JOINERS}\p{{Variation_Selector}}{BLANK}]]+")
# Letters, marks and symbols that joiners and variation selectors have an effect on.
JOINABLE = r"[[\p{L}\p{M}\p{Emoji}]--[\p{Script=Latin}\p{ASCII}\p{Variation_Selector}]]"
IDLE_SELECTOR = regex.compile(rf"(?V1)(?<!{JOINABLE}|[#*0-9])\p{{Variation_Selector}}+")
IDLE_JOINER = regex.compile(rf"(?V1)(?<!{JOINABLE}|\p{{Variation_Selector}})[{JOINERS}]+|[{JOINERS}]++(?!{JOINABLE})")

VISIBLE = regex.compile(r"[^\p{M}\s]")
CHARACTER = regex.compile(r"\X")


def line(text: str, minimum: int, maximum: int) -> str:
    """A text of one line: NFC, without invisible characters, each run of white space one space, none at the ends.

    `minimum` and `maximum` count the user-perceived characters of the result. Raises `Unreadable`.
    """
    return _check(BLANKS.sub(" ", _clean(text)).strip(" "), minimum, maximum)


def paragraph(text: str, minimum: int, maximum: int) -> str:
    """Like `line`, but keeps line breaks, as line feeds, and at most one empty line at a time."""
    lines = [BLANKS.sub(" ", each).strip(" ") for each in LINE_BREAK.sub("\n", _clean(text)).split("\n")]
    return _check(BLANK_LINES.sub("\n\n", "\n".join(lines)).strip("\n"), minimum, maximum)


def _clean(text: str) -> str:
    _refuse(text)
    if text.isascii():
        return text
    visible = IGNORABLE.sub("", normalize("NFC", text))
    cleaned = IDLE_JOINER.sub("", IDLE_SELECTOR.sub("", visible))
    _refuse(cleaned)  # Marks that invisible characters kept apart.
    return normalize("NFC", cleaned)


def _refuse(text: str) -> None:
    for pattern, indonesian, english in REFUSED:
        if pattern.search(text):
            raise Unreadable(indonesian, english)


def _check(text: str, minimum: int, maximum: int) -> str:
    if minimum > 0 and not VISIBLE.search(text):
        raise Unreadable(
            "Isinya kosong atau tidak terlihat; tuliskan sesuatu.", "There is nothing to see; write something."
        )
    too_long = len(text.encode()) > BYTES_PER_CHARACTER * maximum
    if too_long or not minimum <= len(CHARACTER.findall(text)) <= maximum:
        raise Unreadable(
            f"Tulis {minimum} sampai {maximum} karakter.", f"Write at least {minimum} and at most {maximum} characters."
        )
    return text
