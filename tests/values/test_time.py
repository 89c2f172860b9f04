"""Whatever somebody sends is read in a time that grows with its length, not with the square of it."""

from collections.abc import Callable
from time import process_time

import pytest

from api.execution.message import LONGEST, without_values
from api.files.workbook import ERROR, FORMULA
from api.values import key
from api.values.key import code_key, place_search_key, search_key, sort_key
from api.values.problem import Unreadable
from api.values.spelling import one_spelling
from api.values.text import line, paragraph

# As large as the body of a request may be. Seconds of the processor; in quadratic time each takes several times as many.
LENGTH, SECONDS = 250_000, 2.0

# Of these, what is repeated is what a pattern, or Unicode's normalization, could begin with anew each time.
REPEATED = {
    "spaces": " ",
    "spaces between letters": "  a",
    "no-break spaces": "\u00a0",
    "marks": "\u0301\u0327",
    "marks that invisible characters keep apart": "\u0301\u200b\u0327\u200b",
    "spacing marks": "\u302e\U0001d165",
    "marks of half-width letters": "\uff9e\u0301",
    "joiners": "\u200c",
    "joiners and selectors": "\u200d\ufe0f",
    "joined symbols": "\U0001f468\u200d",
    "digits": "8",
    "numbers": "-1",
    "domains": "a.",
    "dashes": "-",
    "lines": " \n",
    "quoted values": ": Value '",
    "suggestions": " Did you mean ",
    "representations": "cannot represent ",
    "findings": " found: ",
}


def mean_of(kind: str) -> Callable[[str], object]:
    return lambda text: one_spelling({kind: text})


READERS: dict[str, Callable[[str], object]] = {
    "line": lambda text: line(text, 1, 100),
    "paragraph": lambda text: paragraph(text, 1, 100),
    "phone": mean_of("phone"),
    "nik": mean_of("nik"),
    "email": mean_of("email"),
    "text": mean_of("text"),
    "search key": search_key,
    "place": place_search_key,
    "sort key": sort_key,
    "code": code_key,
    "message": lambda text: without_values(f'Int cannot represent non-integer value: "{text}"'),
    "other message": lambda text: without_values(f"Expected value of type 'Int', found \"{text}\" x"),
    "formula": lambda text: [*FORMULA.finditer(b"<c " + text.encode())],
    "error": lambda text: [*ERROR.finditer(b"<c " + text.encode())],
}


@pytest.mark.parametrize("repeated", REPEATED.values(), ids=REPEATED)
@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_a_text_is_read_in_a_time_that_grows_with_its_length(read: Callable[[str], object], repeated: str) -> None:
    text = repeated * (LENGTH // len(repeated.encode()))
    start = process_time()
    for each in (f"a{text}", f"{text}a", f"a{text}a{text}b"):
        try:
            read(each)
        except Unreadable:
            continue

    assert process_time() - start < SECONDS


@pytest.mark.parametrize("xml", [b"<c ", b"<c><!---->", b'<c t="e"', b' t="e"', b"<c>  ", b"<x:"])
def test_a_sheet_is_searched_in_a_time_that_grows_with_its_length(xml: bytes) -> None:
    start = process_time()
    for pattern in (FORMULA, ERROR):
        assert [*pattern.finditer(b"<c " + xml * (LENGTH // len(xml)))] == []

    assert process_time() - start < SECONDS


def test_a_long_message_keeps_its_beginning_and_its_end() -> None:
    message = without_values("Value 'x" + "y" * 10_000 + "' does not exist in 'Rank' enum.")
    other = without_values("Unknown type '" + "y" * 10_000 + "'.")

    assert message == "The value does not exist in 'Rank' enum."
    assert (other[:20], other[-4:], len(other)) == ("Unknown type 'yyyyyy", "yy'.", LONGEST + 1)


def test_keys_of_long_texts_are_not_remembered() -> None:
    before = key._cached_fold.cache_info().currsize
    for number in range(10):
        search_key(f"é{number}" * key.LONGEST_CACHED)

    assert key._cached_fold.cache_info().currsize == before
