"""What may be changed: each mutation takes one input and returns what it did and the problems."""

from collections.abc import Iterable
from typing import Any

import strawberry

from api.resolvers import VERBS
from api.resolvers.verb import field_name, payload_name, plural_name, result_name
from api.schema.field import TYPES, field, list_of, mutation, mutation_name
from api.schema.problem import Problem
from api.services.verb import ComputedReport, OneThing, ResultPerItem, SeveralThings, Verb

PROBLEMS = "Why nothing was changed; empty if it was done."


def object_type(name: str, description: str, fields: dict[str, tuple[Any, str]]) -> Any:
    members = {each: field(text) for each, (_, text) in fields.items()}
    annotations = {each: annotation for each, (annotation, _) in fields.items()}
    made = type(name, (), {"__annotations__": annotations, "__module__": __name__, **members})
    return strawberry.type(made, description=description)


def payload_type(verb: Verb[Any, Any]) -> Any:
    fields: dict[str, tuple[Any, str]] = {"problems": (list_of(Problem), PROBLEMS)}
    match verb.answers:
        case OneThing(noun):
            thing = TYPES[noun].type | None
            fields[field_name(noun)] = (thing, "The thing as it is now; null if nothing was changed.")
        case SeveralThings(noun):
            things = list_of(TYPES[noun].type)
            fields[plural_name(noun)] = (things, "The things as they are now; empty if nothing was changed.")
        case ResultPerItem(noun):
            results = list_of(result_type(verb, noun))
            fields["results"] = (results, "One result for each item, in the order of the input.")
        case ComputedReport(type_):
            report = TYPES[type_].type | None
            fields["report"] = (report, "The report; null where there are problems.")
    return object_type(payload_name(verb), f"The result of {mutation_name(verb)}.", fields)


def result_type(verb: Verb[Any, Any], noun: str) -> Any:
    fields: dict[str, tuple[Any, str]] = {
        "position": (int, "The position of the item in the input, from 0."),
        field_name(noun): (TYPES[noun].type | None, "The thing as it is now; null if the item was refused."),
        "problems": (list_of(Problem), "Why the item was refused; empty if it was done."),
    }
    return object_type(result_name(verb), f"The result of {mutation_name(verb)} for one item.", fields)


def description(verb: Verb[Any, Any]) -> str:
    """What it does, who may call it, and the codes that it can answer with."""
    return f"{verb.description} Who may: {verb.callers.description}. Problems: {', '.join(verb.all_codes)}."


def mutation_type(verbs: Iterable[Verb[Any, Any]] = tuple(VERBS.values())) -> type:
    members = {verb.name: mutation(verb, description(verb)) for verb in verbs}
    annotations = {verb.name: payload_type(verb) | None for verb in verbs}
    text = "Everything that may be changed. Each mutation is one transaction: all of it is done, or nothing."
    return strawberry.type(type("Mutation", (), {"__annotations__": annotations, **members}), description=text)
