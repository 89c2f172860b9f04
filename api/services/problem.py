"""How a service refuses: problems with their codes, paths and facts."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from api.database.engine import Row
from api.rules.code import ProblemCode
from api.rules.fact import FACT_TYPES
from api.rules.refusal import OVERRIDABLE_CODES
from api.values.name import camel_case
from api.values.problem import Unreadable
from api.values.text import paragraph

T = TypeVar("T")

InputPath = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason for a refusal; `path` leads to the part of the input it is about."""

    code: ProblemCode
    path: InputPath = ("input",)
    fact: Mapping[str, Any] = field(default_factory=dict)
    detail: tuple[str, str] | None = None

    def as_row(self) -> dict[str, Any]:
        """As the payload's statement reads it."""
        label_id, label_en = self.detail or (self.code.label_id, self.code.label_en)
        # Drivers have their own UUIDs, which orjson does not write.
        facts = {
            name: str(value) if isinstance(value, uuid.UUID) else value
            for name, value in self.fact.items()
            if value is not None
        }
        return {
            "code": self.code,
            "path": list(self.path),
            "label_id": label_id,
            "label_en": label_en,
            "overridable": self.code in OVERRIDABLE_CODES,
            **facts,
        }


class Refused(Exception):
    """Nothing was changed, for these reasons."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(", ".join(problem.code for problem in problems))
        self.problems = problems


class RefusedAfterChange(Refused):
    """What was asked for is refused, but what the service has changed meanwhile remains."""


def input_path(*steps: str) -> InputPath:
    """The path to a part of the input, as the client writes it: `("people", "3", "full_name")` → `people`, `3`, `fullName`."""
    return ("input", *(camel_case(step) for step in steps))


def fact_of(row: Row | Mapping[str, Any]) -> dict[str, Any]:
    """The fact that a row of `refusals` tells, without what it leaves empty."""
    return {name: row[name] for name in FACT_TYPES if row.get(name) is not None}


def broken_rule(row: Row | Mapping[str, Any], *steps: str) -> Problem:
    """The problem that a row of `refusals` tells; `steps` lead to the part of the input that it is about."""
    return Problem(ProblemCode[row["code"]], input_path(*steps), fact_of(row))


def refuse(problems: Sequence[Problem]) -> None:
    """Raises `Refused` if there are any."""
    if problems:
        raise Refused(*problems)


def not_found(*steps: str) -> Refused:
    return Refused(Problem(ProblemCode.NOT_FOUND, input_path(*steps)))


def forbidden(*steps: str) -> Refused:
    return Refused(Problem(ProblemCode.FORBIDDEN, input_path(*steps)))


class Problems:
    """Collects all that is wrong with an input, so that everything is told at once."""

    def __init__(self) -> None:
        self._problems: list[Problem] = []

    def add(self, code: ProblemCode, *steps: str, **facts: Any) -> None:
        self._problems.append(Problem(code, input_path(*steps), facts))

    def invalid(self, *steps: str, indonesian: str, english: str) -> None:
        self._problems.append(Problem(ProblemCode.INVALID, input_path(*steps), detail=(indonesian, english)))

    def read(self, parse: Callable[..., T], *steps: str, value: Any, **options: Any) -> T | None:
        """The value as `parse` reads it; None where there is none, or where it cannot be read, which is a problem."""
        if value is None:
            return None
        try:
            return parse(value, **options)
        except Unreadable as unreadable:
            self._problems.append(Problem(ProblemCode.INVALID, input_path(*steps), detail=unreadable.detail))
            return None

    def reason(self, text: str | None, name: str = "reason") -> str | None:
        """The reason for a decision; None where there is none."""
        return self.read(paragraph, name, value=text, minimum=1, maximum=1000)

    def at_most(self, most: int, name: str, items: Sequence[object]) -> None:
        """A list of the input is no longer than that, as each of its items is written by itself or answered."""
        if len(items) > most:
            self.invalid(name, indonesian=f"Paling banyak {most}.", english=f"At most {most:,}.")

    @property
    def listed(self) -> Sequence[Problem]:
        return tuple(self._problems)

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._problems)

    def refuse(self) -> None:
        """Raises `Refused` if there are any."""
        refuse(self._problems)


def read_reason(text: str | None) -> str | None:
    """A reason as people wrote it; refused where there is nothing in it, or too much."""
    problems = Problems()
    reason = problems.reason(text)
    problems.refuse()
    return reason
