"""Limits on a document, checked before it is validated. Each fragment is visited once, however often it is spread."""

from dataclasses import dataclass, field
from typing import Any

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
from graphql.validation.rules import overlapping_fields_can_be_merged

from api.compiler.plan import Cost

# The setting SIGAP_MAX_TOKENS is its default; these bound what a document can cost before it is executed.
MAX_OPERATIONS = 20
MAX_MUTATIONS = 20
MAX_FIELDS = 2_000
MAX_DEPTH = 20
MAX_DIGITS = 100

# Of all variables together, those in lists and objects included: each is coerced before anything is executed.
MAX_VALUES = 20_000

# Sum over all connections of a document: the page size times the page sizes of the connections that contain it.
MAX_ROWS = 500_000

# By how much the estimate of an answer may exceed the largest answer: pages are seldom full.
ESTIMATE_FACTOR = 10

# The budget of the rule that fields with one name can be merged, in graphql-core's own units; its default takes seconds.
MAX_MERGE_COMPLEXITY = 20_000
overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = MAX_MERGE_COMPLEXITY


def too_large(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": "DOCUMENT_TOO_LARGE"})


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
            is_field = int(isinstance(node, FieldNode))
            fields += inner_fields + is_field
            depth = max(depth, inner_depth + is_field)
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
    """The error for a document with too many operations, fields or levels; None if it is within the limits.

    The fields of all operations are counted together: each operation of a document is validated, whichever is executed.
    """
    fragments = {part.name.value: part for part in document.definitions if isinstance(part, FragmentDefinitionNode)}
    operations = [part for part in document.definitions if isinstance(part, OperationDefinitionNode)]
    if len(operations) > MAX_OPERATIONS:
        return too_large(f"The document has {len(operations)} operations; the limit is {MAX_OPERATIONS}.")
    counter = _SizeCounter(fragments)
    try:
        sizes = [counter.count(part.selection_set) for part in operations]
        sizes_of_fragments = [counter.count(part.selection_set) for part in fragments.values()]
    except RecursionError:  # A chain of hundreds of fragments.
        return too_large("The fragments are nested too deeply.")
    fields = max(sum(fields for fields, _ in sizes), *(fields for fields, _ in sizes_of_fragments), 0)
    depth = max((depth for _, depth in (*sizes, *sizes_of_fragments)), default=0)
    if fields <= MAX_FIELDS and depth <= MAX_DEPTH:
        return None
    return too_large(
        f"The document selects {fields} fields in {depth} levels; "
        f"the limits are {MAX_FIELDS} fields and {MAX_DEPTH} levels."
    )


def values_error(variables: dict[str, Any]) -> GraphQLError | None:
    """The error for variables with too many values in their lists and objects; None if they are within the limit."""
    count = 0
    waiting: list[Any] = [variables]
    while waiting:
        value = waiting.pop()
        items = value.values() if isinstance(value, dict) else value
        count += len(items)
        if count > MAX_VALUES:
            return too_large(f"The variables have more than {MAX_VALUES} values.")
        waiting.extend(each for each in items if isinstance(each, dict | list))
    return None


def cost_error(cost: Cost, max_answer_bytes: int) -> GraphQLError | None:
    """The error for a document whose pages, if they are full, have too many rows or bytes; None if within the limits."""
    if cost.rows > MAX_ROWS:
        return too_large(
            f"The document's pages may have {cost.rows} rows in total; the limit is {MAX_ROWS}. Ask for smaller pages."
        )
    if cost.bytes > ESTIMATE_FACTOR * max_answer_bytes:
        return too_large(
            f"The answer may have about {cost.bytes} bytes; the limit is {ESTIMATE_FACTOR * max_answer_bytes}. "
            "Ask for fewer fields or smaller pages."
        )
    return None
