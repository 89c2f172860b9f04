"""Coercion of an operation's variables. Their types are looked up once per operation, not per request."""

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

# The same limit as graphql-core's executor has.
MAX_ERRORS = 50


@dataclass(frozen=True, slots=True)
class VariableTypes:
    """The types and defaults of an operation's variables. graphql-core reports the errors of invalid values."""

    schema: GraphQLSchema
    nodes: Sequence[VariableDefinitionNode]
    types: Sequence[tuple[str, GraphQLInputType]]
    defaults: Mapping[str, Any]

    @classmethod
    def from_definitions(cls, schema: GraphQLSchema, nodes: Sequence[VariableDefinitionNode]) -> "VariableTypes":
        """`nodes` are the variable definitions of a validated operation."""
        with_default = [node for node in nodes if node.default_value is not None]
        defaults = get_variable_values(schema, with_default, {})
        return cls(schema, nodes, [*types_of(schema, nodes)], {} if isinstance(defaults, list) else defaults.coerced)

    def coerce(self, raw_values: dict[str, Any]) -> dict[str, Any] | list[GraphQLError]:
        """The coerced values by name, or the errors."""
        values = dict(self.defaults)
        for name, type_ in self.types:
            if name in raw_values:
                values[name] = coerce_value(raw_values[name], type_)
                if values[name] is Undefined:
                    return self._coerce_with_errors(raw_values)
            elif name not in values and is_non_null_type(type_):
                return self._coerce_with_errors(raw_values)
        return values

    def _coerce_with_errors(self, raw_values: dict[str, Any]) -> dict[str, Any] | list[GraphQLError]:
        """Slower than `coerce`, with graphql-core's error messages."""
        result = get_variable_values(self.schema, self.nodes, raw_values, max_errors=MAX_ERRORS)
        return result if isinstance(result, list) else result.coerced


def coerce_value(value: object, type_: GraphQLInputType) -> Any:
    """The coerced value; `Undefined` if it is invalid or nested too deeply."""
    try:
        return coerce_input_value(value, type_)
    except RecursionError:
        return Undefined
