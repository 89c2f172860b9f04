"""The paths of problems lead to fields of the verb's input: what the code of each verb names, helpers included."""

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from graphql import GraphQLInputType, get_named_type, is_input_object_type

from api.resolvers import VERBS
from api.schema.build import core_schema
from api.services.change import Changeable
from api.services.verb import Verb
from api.values.name import camel_case

# Where a call names the input field: of these methods of `Problems`, and of these functions.
METHODS = {"add": 1, "invalid": 0, "read": 1, "at_most": 1}
FUNCTIONS = {"not_found": 0, "forbidden": 0, "input_path": 0, "rely_on": 2, "check_status": 2}
# The methods of `Changeable` that refuse, by the field that has the name of its table.
LOCKS = {"lock", "lock_for", "decide"}

# Is named by a helper that more verbs share, but never of this one.
NEVER: Mapping[tuple[str, str], str] = {
    ("change_site", "kabupaten"): "Who keeps a site coordinates its kabupaten, or manages its organization.",
    ("import_participants", "volunteer"): "The problems of rows name columns of the file.",
    ("import_participants", "guest_name"): "The problems of rows name columns of the file.",
    ("record_licence", "licence"): "The licence that it has just recorded.",
    ("transfer_membership", "number"): "No terms are named before the organization answers.",
    ("transfer_membership", "rank"): "No terms are named before the organization answers.",
    ("transfer_membership", "kecamatan"): "No terms are named before the organization answers.",
}


def test_problems_are_about_fields_of_the_input() -> None:
    absent = {
        (name, step)
        for name, verb in VERBS.items()
        for step in {*_named(verb.call), *(problem.path[1] for problem in verb.conflicts.values() if problem.path[1:])}
        # Without the field none is compared.
        if step != "version" and camel_case(step) not in _input_fields(verb)
    }

    assert absent == set(NEVER)


def _input_fields(verb: Verb[..., Any]) -> set[str]:
    """The names of all fields, also those of nested inputs."""
    mutation = core_schema().mutation_type
    assert mutation is not None
    found: dict[str, GraphQLInputType] = {}
    waiting = [mutation.fields[camel_case(verb.name)].args["input"].type]
    while waiting:
        named = get_named_type(waiting.pop())
        if is_input_object_type(named):
            new = {name: field.type for name, field in named.fields.items() if name not in found}
            found |= new
            waiting += new.values()
    return set(found)


def _named(function: Any) -> set[str]:
    """The fields that a service function names, or one that it calls."""
    seen: set[Any] = set()
    waiting, found = [function], set()
    while waiting:
        called = waiting.pop()
        if called in seen or not called.__module__.startswith("api.services"):
            continue
        seen.add(called)
        for call in _calls(called):
            target = _target(called, call.func)
            target = target.call if isinstance(target, Verb) else target
            found |= set(_fields(call, target))
            waiting += [target] if inspect.isfunction(target) else []
    return found


@cache
def _calls(function: Any) -> list[ast.Call]:
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def _target(function: Any, called: ast.expr) -> Any:
    """What is called: a function, or a method of something in the module; None where that is a local name."""
    if isinstance(called, ast.Name):
        return function.__globals__.get(called.id)
    if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name):
        return getattr(function.__globals__.get(called.value.id), called.attr, None)
    return None


def _fields(call: ast.Call, target: Any) -> Iterator[str]:
    """The fields that the call names: by its place, as `name`, as its default, or as the table of a `Changeable`."""
    named = [each.value for each in call.keywords if each.arg == "name"]
    method = call.func.attr if isinstance(call.func, ast.Attribute) else None
    if method in METHODS and target is None:
        named += call.args[METHODS[method] : METHODS[method] + 1]
    if isinstance(call.func, ast.Name) and call.func.id in FUNCTIONS:
        place = FUNCTIONS[call.func.id]
        named += call.args[place : place + 1]
    yield from (each.value for each in named if isinstance(each, ast.Constant) and isinstance(each.value, str))
    owner = getattr(target, "__self__", None)
    if isinstance(owner, Changeable) and method in LOCKS and not named:
        yield owner.table.name
    if inspect.isfunction(target) and not named:
        parameters = inspect.signature(target).parameters
        default = parameters["name"].default if "name" in parameters else None
        if isinstance(default, str) and len(call.args) <= list(parameters).index("name"):
            yield default
