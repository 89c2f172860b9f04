"""Limits on the size of a document. Each fragment is counted once, however often it is spread."""

from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

MAX_TOKENS = 10_000
MAX_FIELDS = 2_000
MAX_DEPTH = 20

# Sum over all connections of a document: the page size times the page sizes of the connections that contain it.
MAX_ROWS = 500_000

# `__schema` and `__type` count as this many fields: they are resolved in Python and may return hundreds of types.
INTROSPECTION_WEIGHT = 800


def field_weight(node: object) -> int:
    if not isinstance(node, FieldNode):
        return 0
    return INTROSPECTION_WEIGHT if node.name.value in ("__schema", "__type") else 1


@dataclass(slots=True)
class _SizeCounter:
    """Counts the fields and levels of selections, including those of fragments."""

    fragments: dict[str, FragmentDefinitionNode]
    fragment_sizes: dict[str, tuple[int, int]] = field(default_factory=dict)

    def count(self, selection_set: SelectionSetNode | None) -> tuple[int, int]:
        """The number of fields, and how many levels deep they are nested."""
        fields = depth = 0
        for node in selection_set.selections if selection_set else ():
            inner_fields, inner_depth = self._count_inside(node)
            fields += inner_fields + field_weight(node)
            depth = max(depth, inner_depth + int(isinstance(node, FieldNode)))
        return fields, depth

    def _count_inside(self, node: object) -> tuple[int, int]:
        if isinstance(node, FieldNode | InlineFragmentNode):
            return self.count(node.selection_set)
        assert isinstance(node, FragmentSpreadNode)
        name = node.name.value
        if name not in self.fragment_sizes:
            # Ends the recursion if the fragment spreads itself; validation rejects that later.
            self.fragment_sizes[name] = (0, 0)
            fragment = self.fragments.get(name)
            self.fragment_sizes[name] = self.count(fragment.selection_set if fragment else None)
        return self.fragment_sizes[name]


def size_error(document: DocumentNode) -> GraphQLError | None:
    """The error for a document with too many fields or levels; None if it is within the limits."""
    fragments = {part.name.value: part for part in document.definitions if isinstance(part, FragmentDefinitionNode)}
    counter = _SizeCounter(fragments)
    for definition in document.definitions:
        if not isinstance(definition, OperationDefinitionNode | FragmentDefinitionNode):
            continue
        try:
            fields, depth = counter.count(definition.selection_set)
        except RecursionError:  # A chain of hundreds of fragments.
            return GraphQLError("The fragments are nested too deeply.", extensions={"code": "DOCUMENT_TOO_LARGE"})
        if fields > MAX_FIELDS or depth > MAX_DEPTH:
            return GraphQLError(
                f"The document selects {fields} fields in {depth} levels; "
                f"the limits are {MAX_FIELDS} fields and {MAX_DEPTH} levels.",
                extensions={"code": "DOCUMENT_TOO_LARGE"},
            )
    return None


def row_limit_error(rows: int) -> GraphQLError | None:
    """The error for a document whose pages may have too many rows in total; None if they are within the limit."""
    if rows <= MAX_ROWS:
        return None
    message = f"The document's pages may have {rows} rows in total; the limit is {MAX_ROWS}. Ask for smaller pages."
    return GraphQLError(message, extensions={"code": "DOCUMENT_TOO_LARGE"})
