"""How a service refuses: problems with their codes, paths and facts."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from api.rules.code import MESSAGES, ProblemCode


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason for a refusal; `path` leads to the part of the input it is about."""

    code: ProblemCode
    path: tuple[str, ...] = ("input",)
    fact: Mapping[str, Any] = field(default_factory=dict)
    detail: tuple[str, str] | None = None

    def as_row(self) -> dict[str, Any]:
        """As the payload's statement reads it."""
        label_id, label_en = self.detail or MESSAGES[self.code]
        # Drivers have their own UUIDs, which orjson does not write.
        facts = {
            name: str(value) if isinstance(value, uuid.UUID) else value
            for name, value in self.fact.items()
            if value is not None
        }
        return {"code": self.code, "path": list(self.path), "label_id": label_id, "label_en": label_en, **facts}


class Refused(Exception):
    """Nothing was changed, for these reasons."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(", ".join(problem.code for problem in problems))
        self.problems = problems


def input_path(name: str) -> tuple[str, ...]:
    """The path to one field of the input, as the client writes it."""
    first, *rest = name.split("_")
    return ("input", first + "".join(part.capitalize() for part in rest))


def not_found(name: str) -> Refused:
    return Refused(Problem(ProblemCode.NOT_FOUND, input_path(name)))


def forbidden(name: str) -> Refused:
    return Refused(Problem(ProblemCode.FORBIDDEN, input_path(name)))


def invalid(name: str, indonesian: str, english: str) -> Refused:
    return Refused(Problem(ProblemCode.INVALID, input_path(name), detail=(indonesian, english)))
