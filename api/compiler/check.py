"""The check at start-up that every type and field of the schema can be answered from the sources."""

from collections.abc import Iterator, Mapping

from graphql import (
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_input_object_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from graphql.pyutils import camel_to_snake

from api.compiler.build import declared_field
from api.compiler.error import Undeclared
from api.compiler.source import (
    ByIds,
    Embedded,
    Expression,
    Field,
    Root,
    Source,
    TieredConnection,
    ToConnection,
    ToMany,
    ToOne,
    everybody,
)

# Endings of the types that make up a connection; the compiler answers their fields itself.
CONNECTION_TYPES = ("Connection", "Edge", "PageInfo")


def check(schema: GraphQLSchema, sources: Mapping[str, Source], roots: Mapping[str, Root]) -> None:
    """Raises `Undeclared` with one line for every error."""
    errors = [*_root_errors(schema, sources, roots), *_type_errors(schema, sources)]
    if errors:
        raise Undeclared("\n".join(errors))


def _root_errors(schema: GraphQLSchema, sources: Mapping[str, Source], roots: Mapping[str, Root]) -> Iterator[str]:
    assert schema.query_type is not None
    for name, field in schema.query_type.fields.items():
        declared = roots.get(camel_to_snake(name))
        if declared is None:
            yield f"Query.{name} has no root."
        elif not isinstance(declared, ByIds) and declared.target not in sources:
            yield f"Query.{name} leads to {declared.target}, which has no source."
        elif not isinstance(declared, ByIds):
            yield from _null_member_errors("Query", name, field.type, sources[declared.target])
            if isinstance(declared, ToConnection | TieredConnection):
                yield from _argument_errors("Query", name, field.args, sources[declared.target])


def _type_errors(schema: GraphQLSchema, sources: Mapping[str, Source]) -> Iterator[str]:
    for name, source in sources.items():
        yield from _source_errors(name, source)
        yield from _member_errors(schema, name, source, sources)
    for type_ in schema.type_map.values():
        if not is_object_type(type_) or type_.name.startswith("__") or type_.name.endswith(CONNECTION_TYPES):
            continue
        if type_ in (schema.query_type, schema.mutation_type, schema.subscription_type):
            continue
        if type_.name not in sources:
            yield f"{type_.name} has no source."
            continue
        yield from _field_errors(type_, sources[type_.name], sources)


def _member_errors(schema: GraphQLSchema, name: str, source: Source, sources: Mapping[str, Source]) -> Iterator[str]:
    """Every possible type of an interface or union needs a member that leads to it."""
    type_ = schema.get_type(name)
    if is_object_type(type_) and (source.members or source.variants):
        yield f"{name} is an object type and has members."
    if not is_abstract_type(type_):
        return
    targets = {member.target for member in source.members} | {variant.target for variant in source.variants}
    for possible in schema.get_possible_types(type_):
        if possible.name not in targets:
            yield f"{name} has no member that leads to {possible.name}."
    for target in sorted(targets):
        if target not in sources:
            yield f"{name} leads to {target}, which has no source."


def _source_errors(name: str, source: Source) -> Iterator[str]:
    if source.name != name:
        yield f"The source of {name} calls itself {source.name}."
    if source.table is not None and source.key not in source.table.c:
        yield f"{name} has no column {source.key} to be its key."


def _field_errors(type_: GraphQLObjectType, source: Source, sources: Mapping[str, Source]) -> Iterator[str]:
    for name, field in type_.fields.items():
        try:
            declared = declared_field(source, camel_to_snake(name))
        except Undeclared as error:
            yield str(error)
            continue
        target = _target(declared)
        if target is not None and target not in sources:
            yield f"{type_.name}.{name} leads to {target}, which has no source."
            continue
        is_value = is_leaf_type(get_named_type(field.type))
        if is_value != (target is None):
            yield f"{type_.name}.{name} is {'a' if is_value else 'no'} value, but is declared as something else."
            continue
        yield from _nullability_errors(type_.name, name, field.type, declared, source=source, sources=sources)
        if declared is not None and target is not None:
            yield from _list_errors(type_.name, name, field.args, declared, sources[target])


def _nullability_errors(
    type_name: str,
    name: str,
    type_: GraphQLOutputType,
    declared: Field | None,
    *,
    source: Source,
    sources: Mapping[str, Source],
) -> Iterator[str]:
    """A field whose SQL may give null must be nullable in the schema."""
    target = _target(declared)
    if target is not None:
        yield from _null_member_errors(type_name, name, type_, sources[target])
    if is_non_null_type(type_) and _is_nullable_column(source, camel_to_snake(name)):
        yield f"{type_name}.{name} is a column that may be null, so it must be nullable."
    if is_non_null_type(type_) and _may_be_hidden(declared, sources):
        yield f"{type_name}.{name} may be hidden by a policy or a guard, so it must be nullable."


def _null_member_errors(type_name: str, name: str, type_: GraphQLOutputType, target: Source) -> Iterator[str]:
    """A row of an interface or union is null where no member is visible, so it must be nullable in the schema."""
    if target.members and _has_non_null_object(type_):
        yield f"{type_name}.{name} may hold nothing that can be seen, so it, or what it lists, must be nullable."


def _list_errors(
    type_name: str, name: str, arguments: Mapping[str, object], declared: Field, target: Source
) -> Iterator[str]:
    """A list is declared by exactly one of `on`, `through` and `rows`, and by an order of its target."""
    if isinstance(declared, ToMany):
        if declared.order not in target.orders:
            yield f"{type_name}.{name}: {target.name} has no order {declared.order}."
        if sum(way is not None for way in (declared.on, declared.through, declared.rows)) != 1:
            yield f"{type_name}.{name} needs one way to find what it lists."
    if isinstance(declared, ToConnection | TieredConnection):
        if not target.orders:
            yield f"{type_name}.{name}: {target.name} has no order."
        yield from _argument_errors(type_name, name, arguments, target)


def _is_nullable_column(source: Source, name: str) -> bool:
    """Whether the field is read from the column of its name and that column is nullable."""
    if name in source.fields or source.table is None or name not in source.table.c:
        return False
    return bool(source.table.c[name].nullable)


def _has_non_null_object(type_: GraphQLOutputType) -> bool:
    """Whether the type is non-null; of a list whether its items are, of a connection whether its nodes are."""
    inner = type_.of_type if is_non_null_type(type_) else type_
    if is_list_type(inner):
        return is_non_null_type(inner.of_type)
    if is_object_type(inner) and inner.name.endswith(CONNECTION_TYPES):
        fields = inner.fields
        edge = get_named_type(fields["edges"].type) if "edges" in fields else None
        nodes = [fields["nodes"].type] if "nodes" in fields else []
        edge_nodes = [edge.fields["node"].type] if is_object_type(edge) else []
        return any(_has_non_null_object(each) for each in (*nodes, *edge_nodes))
    return is_non_null_type(type_)


def _target(declared: Field | None) -> str | None:
    return None if declared is None or isinstance(declared, Expression) else declared.target


def _may_be_hidden(declared: Field | None, sources: Mapping[str, Source]) -> bool:
    """Whether a guard or a row policy may make the field null."""
    match declared:
        case Expression(guard=guard) | ToMany(guard=guard) | ToConnection(guard=guard) | TieredConnection(guard=guard):
            return guard is not None
        case ToOne(target=target, visible_with_parent=visible_with_parent, guard=guard):
            return guard is not None or (not visible_with_parent and sources[target].visible is not everybody)
        case Embedded(exists=exists, guard=guard):
            return exists is not None or guard is not None
        case None:
            return False


def _argument_errors(type_name: str, name: str, arguments: Mapping[str, object], target: Source) -> Iterator[str]:
    """Every condition of the argument `filter` and every value of `orderBy` needs a declaration in the source."""
    for argument_name, argument in arguments.items():
        named = get_named_type(getattr(argument, "type"))  # noqa: B009  # `object` has no such attribute for mypy.
        if argument_name == "filter" and is_input_object_type(named):
            assert isinstance(named, GraphQLInputObjectType)
            for condition in named.fields:
                if camel_to_snake(condition) not in {*target.filters, "and", "or", "not"}:
                    yield f"{type_name}.{name}: {target.name} cannot be filtered by {condition}."
        if argument_name == "orderBy":
            for order in getattr(named, "values", {}):
                if order not in target.orders:
                    yield f"{type_name}.{name}: {target.name} has no order {order}."
