"""How large a document may be, in one pass that visits every fragment once."""

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

MOST_TOKENS = 10_000
MOST_FIELDS = 2_000
DEEPEST = 20

# Of pages that a document may ask for: the size of each, times the sizes of those around it, all added up.
MOST_ROWS = 500_000


# Fields that one look at the schema counts as: it is answered in Python, and meets hundreds of types.
INTROSPECTION = 800


def weight(node: object) -> int:
    if not isinstance(node, FieldNode):
        return 0
    return INTROSPECTION if node.name.value in ("__schema", "__type") else 1


@dataclass(slots=True)
class _Size:
    """The fields and levels of a selection, fragments spread."""

    fragments: dict[str, FragmentDefinitionNode]
    known: dict[str, tuple[int, int]] = field(default_factory=dict)

    def of(self, selection_set: SelectionSetNode | None) -> tuple[int, int]:
        fields = depth = 0
        for node in selection_set.selections if selection_set else ():
            inner_fields, inner_depth = self.inside(node)
            own = weight(node)
            fields += inner_fields + own
            depth = max(depth, inner_depth + int(isinstance(node, FieldNode)))
        return fields, depth

    def inside(self, node: object) -> tuple[int, int]:
        if isinstance(node, FieldNode | InlineFragmentNode):
            return self.of(node.selection_set)
        assert isinstance(node, FragmentSpreadNode)
        name = node.name.value
        if name not in self.known:
            # A cycle counts as nothing here; validation refuses it.
            self.known[name] = (0, 0)
            fragment = self.fragments.get(name)
            self.known[name] = self.of(fragment.selection_set if fragment else None)
        return self.known[name]


def exceeded(document: DocumentNode) -> GraphQLError | None:
    """What is too large about the document, if something is."""
    fragments = {part.name.value: part for part in document.definitions if isinstance(part, FragmentDefinitionNode)}
    size = _Size(fragments)
    for definition in document.definitions:
        if not isinstance(definition, OperationDefinitionNode | FragmentDefinitionNode):
            continue
        try:
            fields, depth = size.of(definition.selection_set)
        except RecursionError:  # A chain of hundreds of fragments.
            return GraphQLError("The fragments are nested too deeply.", extensions={"code": "DOCUMENT_TOO_LARGE"})
        if fields > MOST_FIELDS or depth > DEEPEST:
            return GraphQLError(
                f"The document selects {fields} fields in {depth} levels; at most {MOST_FIELDS} in {DEEPEST} may be.",
                extensions={"code": "DOCUMENT_TOO_LARGE"},
            )
    return None


def too_many_rows(rows: int) -> GraphQLError | None:
    """What is too large about the pages, if something is."""
    if rows <= MOST_ROWS:
        return None
    told = f"The document asks for pages of up to {rows} rows; at most {MOST_ROWS} may be. Ask for smaller pages."
    return GraphQLError(told, extensions={"code": "DOCUMENT_TOO_LARGE"})
