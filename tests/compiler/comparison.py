"""Compares a compiled answer with the second reader's."""

import json
from typing import Any

from tests.asking import Json
from tests.compiler.reader import Answer


def compare(compiled: Json, expected: Answer) -> None:
    errors = compiled.get("errors", [])
    codes = {error["extensions"]["code"] for error in errors}
    assert codes <= {"BAD_USER_INPUT"}, errors
    if not expected.is_valid:
        assert errors
        assert compiled.get("data") is None
        return
    assert [error for error in errors if not is_expected(error, expected.mistakes)] == []
    assert bool(errors) == bool(expected.mistakes), (errors, expected.mistakes)
    if compiled.get("data") is not None:
        wrong = {path[0] for path in expected.mistakes}
        assert json_text(compiled["data"], wrong) == json_text(expected.data, wrong)


def is_expected(error: Json, mistakes: list[list[str]]) -> bool:
    """An error about a null variable in a non-null position has locations, and the path of its root or none."""
    path = error.get("path", [])
    if "locations" in error:
        return any(mistake[: len(path)] == path for mistake in mistakes)
    return path in mistakes


def json_text(data: Any, wrong: set[str]) -> str:
    """The data as JSON text, so that the order of keys is compared; floats are normalized."""
    right = {name: value for name, value in data.items() if name not in wrong}
    return json.dumps(normalized(right), indent=1, ensure_ascii=False)


def normalized(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: normalized(each) for name, each in value.items()}
    if isinstance(value, list):
        return [normalized(each) for each in value]
    if isinstance(value, float):
        # Sines and square roots differ in the last digit between C libraries.
        return int(value) if value.is_integer() else float(f"{value:.12g}")
    return value
