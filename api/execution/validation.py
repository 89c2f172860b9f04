"""Parsing and validating documents, within limits; needs nothing of the event loop."""

from collections.abc import Mapping, Sequence

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    TokenKind,
    parse,
    validate,
)
from graphql.validation.validate import ValidationAbortedError

from api.execution.limit import MAX_DIGITS, MAX_MUTATIONS, size_error, too_large

MAX_VALIDATION_ERRORS = 20
NUMBERS = (TokenKind.INT, TokenKind.FLOAT)


def parse_document(text: str, max_tokens: int) -> DocumentNode:
    """The parsed document. Raises `GraphQLError` on a syntax error, and if a number is too long for Python's `int`.

    Frees the linked list of its tokens, which takes more memory than the document and is not used after parsing.
    """
    node = parse(text, max_tokens=max_tokens)
    token = node.loc and node.loc.start_token
    while token:
        if token.kind in NUMBERS and len(token.value or "") > MAX_DIGITS:
            raise GraphQLError(f"A number may have at most {MAX_DIGITS} digits.")
        next_token, token.prev, token.next = token.next, None, None
        token = next_token
    return node


def validation_errors(schema: GraphQLSchema, document: DocumentNode) -> Sequence[GraphQLError]:
    # Before validation, which may take very long for a document that exceeds the limits.
    if limit_error := size_error(document):
        return [limit_error]
    errors = validate(schema, document, max_errors=MAX_VALIDATION_ERRORS)
    if errors and isinstance(errors[-1], ValidationAbortedError) and len(errors) <= MAX_VALIDATION_ERRORS:
        return [too_large("Too many fields or fragments of the document have to be merged with each other.")]
    return errors or list(filter(None, [mutation_limit_error(document)]))


def mutation_limit_error(document: DocumentNode) -> GraphQLError | None:
    """The error for a document with too many mutations in all its operations; None if it is within the limit."""
    fragments = fragments_of(document)
    mutations = sum(
        isinstance(selection, FieldNode)
        for part in document.definitions
        if isinstance(part, OperationDefinitionNode) and part.operation is OperationType.MUTATION
        for selection in root_selections(part.selection_set, fragments, set())
    )
    return (
        too_large(f"The document has {mutations} mutations; the limit is {MAX_MUTATIONS}.")
        if mutations > MAX_MUTATIONS
        else None
    )


def fragments_of(document: DocumentNode) -> Mapping[str, FragmentDefinitionNode]:
    return {part.name.value: part for part in document.definitions if isinstance(part, FragmentDefinitionNode)}


def root_selections(
    selection_set: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode], visited: set[str]
) -> list[SelectionNode]:
    """The selections of the query type, including those inside fragments; each fragment is visited once."""
    selections = list(selection_set.selections)
    for node in selection_set.selections:
        if isinstance(node, InlineFragmentNode):
            selections += root_selections(node.selection_set, fragments, visited)
        elif isinstance(node, FragmentSpreadNode) and node.name.value not in visited:
            visited.add(node.name.value)
            selections += root_selections(fragments[node.name.value].selection_set, fragments, visited)
    return selections
