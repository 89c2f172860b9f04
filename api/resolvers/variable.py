"""The variables of an operation: their types found once, their values coerced at each request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLInputType,
    GraphQLSchema,
    Undefined,
    VariableDefinitionNode,
    get_variable_values,
    is_non_null_type,
)
from graphql.utilities import coerce_input_value

from api.compiler.plan import types_of

# As many as the executor would tell.
MOST_ERRORS = 50


@dataclass(frozen=True, slots=True)
class VariableTypes:
    """Coerces values that are right, and leaves it to graphql-core to say what is wrong with others."""

    schema: GraphQLSchema
    nodes: Sequence[VariableDefinitionNode]
    types: Sequence[tuple[str, GraphQLInputType]]
    defaults: Mapping[str, Any]

    @classmethod
    def of(cls, schema: GraphQLSchema, nodes: Sequence[VariableDefinitionNode]) -> "VariableTypes":
        """Of an operation that was found valid."""
        with_default = [node for node in nodes if node.default_value is not None]
        defaults = get_variable_values(schema, with_default, {})
        return cls(schema, nodes, [*types_of(schema, nodes)], {} if isinstance(defaults, list) else defaults.coerced)

    def coerced(self, given: dict[str, Any]) -> dict[str, Any] | list[GraphQLError]:
        """The values by name, or what is wrong with them."""
        values = dict(self.defaults)
        for name, type_ in self.types:
            if name in given:
                values[name] = coerced(given[name], type_)
                if values[name] is Undefined:
                    return self.told(given)
            elif name not in values and is_non_null_type(type_):
                return self.told(given)
        return values

    def told(self, given: dict[str, Any]) -> dict[str, Any] | list[GraphQLError]:
        found = get_variable_values(self.schema, self.nodes, given, max_errors=MOST_ERRORS)
        return found if isinstance(found, list) else found.coerced


def coerced(value: object, type_: GraphQLInputType) -> Any:
    """Undefined where the value is wrong, or nested too deeply to say."""
    try:
        return coerce_input_value(value, type_)
    except RecursionError:
        return Undefined
