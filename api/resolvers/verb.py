"""The mutations: every verb of the services, and how its payload is read."""

import pkgutil
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from api import services
from api.compiler.key import key_type
from api.compiler.source import (
    Embedded,
    FieldContext,
    Order,
    Row,
    RowsFromPython,
    Source,
    ToMany,
    ToOne,
    column,
    everybody,
)
from api.resolvers.problem import json_rows, problem_rows
from api.services.frame import Outcome
from api.services.verb import ComputedReport, OneThing, ResultPerItem, SeveralThings, Verb


def _verbs() -> Iterable[Verb[Any, Any]]:
    for module in pkgutil.iter_modules(services.__path__):
        named = vars(import_module(f"{services.__name__}.{module.name}"))
        yield from (value for value in named.values() if isinstance(value, Verb))


VERBS: Mapping[str, Verb[Any, Any]] = {verb.name: verb for verb in _verbs()}


def payload_name(verb: Verb[Any, Any]) -> str:
    return f"{verb.type_name}Payload"


def result_name(verb: Verb[Any, Any]) -> str:
    return f"{verb.type_name}Result"


def field_name(noun: str) -> str:
    """The name of a field that holds a thing of the type: `certificate_type` for CertificateType."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in noun).lstrip("_")


def plural_name(noun: str) -> str:
    """The name of a field that holds several things of the type: `emergency_statuses`, `deliveries`."""
    name = field_name(noun)
    if name.endswith("s"):
        return f"{name}es"
    return f"{name.removesuffix('y')}ies" if name.endswith("y") else f"{name}s"


def payload_root(verb: Verb[Any, Any], sources: Mapping[str, Source]) -> RowsFromPython:
    """The root that a payload is read from: what the service did, as values."""
    values: dict[str, sa.types.TypeEngine[Any]] = {"problems": sa.Text()}
    match verb.answers:
        case OneThing(noun):
            values["key"] = key_type(sources[noun])
        case SeveralThings(noun):
            values["keys"] = ARRAY(key_type(sources[noun]))
        case ResultPerItem():
            values["results"] = sa.Text()
        case ComputedReport():
            values["report"] = sa.Text()
    return RowsFromPython(payload_name(verb), values)


def payload_values(verb: Verb[Any, Any], outcome: Outcome, sources: Mapping[str, Source]) -> Mapping[str, Any]:
    """The values of `payload_root` for an outcome."""
    values: dict[str, Any] = {"problems": json_text(numbered(outcome.problems))}
    match verb.answers:
        case OneThing(noun):
            keys = typed_keys(outcome.keys, sources[noun])
            values["key"] = keys[0] if keys else None
        case SeveralThings(noun):
            values["keys"] = typed_keys(outcome.keys, sources[noun])
        case ResultPerItem():
            results = [{**result, "problems": numbered(result["problems"])} for result in outcome.results]
            values["results"] = json_text(numbered(results))
        case ComputedReport():
            values["report"] = None if outcome.problems else json_text(outcome.report)
    return values


def numbered(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "position": position} for position, row in enumerate(rows)]


def json_text(value: Any) -> str:
    return orjson.dumps(value).decode()


def typed_keys(keys: Sequence[str], source: Source) -> list[Any]:
    is_uuid = isinstance(key_type(source), sa.Uuid)
    return [uuid.UUID(key) if is_uuid else key for key in keys]


def payload_sources(verb: Verb[Any, Any], sources: Mapping[str, Source]) -> Iterable[Source]:
    """How the payload of a verb is read, and its results where it has one per item."""
    if isinstance(verb.answers, OneThing | SeveralThings | ResultPerItem) and verb.answers.noun not in sources:
        raise LookupError(
            f"{verb.name} answers with {verb.answers.noun}: add its source to SOURCES of a module in api/resolvers."
        )
    fields: dict[str, Any] = {"problems": ToMany("Problem", "POSITION_ASC", rows=problem_rows)}
    match verb.answers:
        case OneThing(noun):
            fields[field_name(noun)] = by_key(sources[noun])
        case SeveralThings(noun):
            default_order = next(iter(sources[noun].orders))
            through = lambda row, _context: sa.select(sa.func.unnest(row.c["keys"]).label("key"))  # noqa: E731  # A declaration.
            fields[plural_name(noun)] = ToMany(noun, default_order, through=through)
        case ResultPerItem(noun):
            fields["results"] = ToMany(result_name(verb), "POSITION_ASC", rows=result_rows(sources[noun]))
            yield result_source(result_name(verb), sources[noun])
        case ComputedReport(type_, columns):
            fields["report"] = Embedded(type_, report_row(columns), exists=lambda row: row.c.report.is_not(None))
    yield Source(payload_name(verb), None, visible=everybody, fields=fields, node=False)


def by_key(source: Source) -> ToOne:
    return ToOne(source.name, on=lambda row, other: other.c[source.key] == row.c.key)


def result_rows(source: Source) -> Callable[[Row, FieldContext], sa.Select[Any]]:
    columns = (
        sa.column("position", sa.Integer()),
        sa.column("key", key_type(source)),
        sa.column("problems", JSONB()),
    )
    return lambda row, _context: json_rows(row.c.results, *columns)


def result_source(name: str, source: Source) -> Source:
    return Source(
        name,
        None,
        visible=everybody,
        fields={
            "position": column("position"),
            field_name(source.name): by_key(source),
            "problems": ToMany("Problem", "POSITION_ASC", rows=problem_rows),
        },
        orders={"POSITION_ASC": Order(lambda row: [row.c.position])},
        node=False,
    )


def report_row(columns: Mapping[str, sa.types.TypeEngine[Any]]) -> Callable[[Row, FieldContext], sa.Select[Any]]:
    listed = [sa.column(name, type_) for name, type_ in columns.items()]
    # One object, taken as an array of one.
    return lambda row, _context: json_rows(sa.func.concat("[", row.c.report, "]"), *listed)
