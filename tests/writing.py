"""Inputs of mutations, as variables and as literals."""

import json
import uuid
from typing import Any

from tests.asking import PROBLEMS, Api, Json, problem
from tests.builders import HOME, Build


class Symbol(str):
    """A value of an enum: a string as a variable, a name as a literal."""

    __slots__ = ()


def literal(value: Any) -> str:
    match value:
        case Symbol():
            return str(value)
        case dict():
            return "{" + ", ".join(f"{name}: {literal(item)}" for name, item in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(literal, value)) + "]"
        case _:
            return json.dumps(value)


async def do_both(
    api: Api, build: Build, verb: str, selection: str, values: Json, *, actor: uuid.UUID | None
) -> list[Json]:
    """The payloads of a mutation with its input as a variable, and then as a literal; between them nobody is registered."""
    type_ = f"{verb[0].upper()}{verb[1:]}Input"
    body = f"{{ {selection} {PROBLEMS} }}"
    documents = [
        (f"mutation($input: {type_}!) {{ {verb}(input: $input) {body} }}", {"input": values}),
        (f"mutation {{ {verb}(input: {literal(values)}) {body} }}", {}),
    ]
    payloads = []
    for document, variables in documents:
        payloads.append((await api.ask(document, actor=actor, **variables))[verb])
        await build.connection.execute(
            "UPDATE volunteer SET phone = NULL, birth_date = NULL, nik_cipher = NULL, nik_index = NULL, nik_tail = NULL"
        )
    return payloads


PERSON = {"name": "Sinta", "kabupaten": HOME, "reach": Symbol("NATIONAL"), "consentPurpose": "Penugasan"}


def invalid(*path: str) -> Json:
    return problem("Simple", "INVALID", *path)


async def ask_both(api: Api, document: str, type_: str, text: str, actor: uuid.UUID) -> list[Json]:
    """The bodies of a query whose `VALUE` is a variable, and then a literal."""
    return [
        await api.post(
            f"query($value: {type_}!) " + document.replace("VALUE", "$value"),
            actor=actor,
            value=text,
        ),
        await api.post(document.replace("VALUE", json.dumps(text)), actor=actor),
    ]
