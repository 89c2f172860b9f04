"""A slow plain reader that answers any query field by field, to compare with the compiled answers.

It shares nothing with the compiler, the resolvers and the rulebook but the schema's definition.
"""

import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLNonNull,
    GraphQLResolveInfo,
    GraphQLScalarType,
    GraphQLSchema,
    build_schema,
    execute_sync,
    get_named_type,
    get_operation_ast,
    get_variable_values,
    is_interface_type,
    is_object_type,
    parse,
    validate,
)
from graphql.pyutils import camel_to_snake

from api.rules.code import MESSAGES, ProblemCode
from tests.asking import instant
from tests.compiler.assignment_rules import FILLING_STATUSES, NOT_OVERRIDABLE, AssignmentRules, kilometres
from tests.compiler.rows import NODES, Row, Rows, has_key, key
from tests.compiler.visibility import Visibility

# A cursor is opaque: what it stands for was learned by asking for the cursors of rows that are known.
Place = tuple[Any, ...]
Cursors = Mapping[str, tuple[str, Place]]
Shown = list[tuple[Place, Row]]
Info = GraphQLResolveInfo[Any]

LABELLED = ("Rank", "Skill", "CertificateType", "Hazard", "Cluster")
LISTS = ("Connection", "Edge", "PageInfo")
PRIVATE = ("phone", "latitude", "longitude", "consent_given_at", "consent_purpose", "consent_withdrawn_at")

# Of each list: its columns, and whether the greatest comes first.
ORDERS: Mapping[str, Mapping[str, tuple[tuple[str, ...], bool]]] = {
    "Province": {"CODE": ((), False), "NAME": (("name",), False)},
    "Kabupaten": {"CODE": ((), False), "NAME": (("name",), False)},
    "Organization": {"NAME": (("name",), False), "CREATED_AT": (("created_at",), True)},
    "Volunteer": {"NAME": (("name",), False), "CREATED_AT": (("created_at",), True)},
    "Membership": {"SINCE": (("since",), True)},
    "Certificate": {"ISSUED_ON": (("issued_on",), True), "EXPIRES_ON": (("expires_on",), False)},
    "Incident": {"STARTED_AT": (("started_at",), True), "CREATED_AT": (("created_at",), True)},
    "Need": {"STARTS_AT": (("starts_at",), False), "CREATED_AT": (("created_at",), True)},
    "Assignment": {"STARTS_AT": (("starts_at",), True), "CREATED_AT": (("created_at",), True)},
    "Candidate": {"NEAREST": (("number", "chord"), False)},
    **{type_: {"CODE": ((), False)} for type_ in LABELLED},
}
# The connections that lie within a thing: the list's type, and the column that leads to the parent.
WITHIN = {
    ("Province", "kabupaten"): ("Kabupaten", "province_code"),
    ("Kabupaten", "volunteers"): ("Volunteer", "kabupaten_code"),
    ("Kabupaten", "organizations"): ("Organization", "kabupaten_code"),
    ("Kabupaten", "needs"): ("Need", "kabupaten_code"),
    ("Organization", "branches"): ("Organization", "parent_id"),
    ("Organization", "memberships"): ("Membership", "organization_id"),
    ("Volunteer", "memberships"): ("Membership", "volunteer_id"),
    ("Volunteer", "certificates"): ("Certificate", "volunteer_id"),
    ("Volunteer", "assignments"): ("Assignment", "volunteer_id"),
    ("Incident", "needs"): ("Need", "incident_id"),
    ("Need", "assignments"): ("Assignment", "need_id"),
}
# The columns behind to-ones that are not named like their field.
LEADS = {("Certificate", "type"): "certificate_type_code"}
REFERS = {"incident": "Incident", "organization": "Organization", "need": "Need", "volunteer": "Volunteer"}


class Mistake(GraphQLError):
    """The client's."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The data, and the paths of what the client did wrong, list positions left out; `valid` is the document.

    `cost` is how many rows of pages there may be: of each connection, its size times those of the pages around it.
    """

    data: Any
    mistakes: list[list[str]]
    valid: bool = True
    cost: int = 0


@dataclass(slots=True)
class Reader:
    rows: Rows
    now: datetime
    strict: GraphQLSchema
    loose: GraphQLSchema
    assignment_rules: AssignmentRules
    cursors: Cursors = field(default_factory=dict)
    written: dict[tuple[str, Place], str] = field(default_factory=dict)
    # The last document, and whether it is valid: it is asked again with other variables.
    checked: tuple[str, DocumentNode, bool] | None = None

    @classmethod
    def of(cls, rows: Rows, now: datetime, definition: str) -> "Reader":
        strict, loose = (with_scalars(build_schema(definition)) for _ in range(2))
        return cls(rows, now, strict, loosened(loose), AssignmentRules(rows, now))

    def set_cursors(self, cursors: Mapping[str, tuple[str, Place]]) -> None:
        self.cursors = cursors
        self.written = {place: cursor for cursor, place in cursors.items()}

    def answer(self, text: str, variables: Mapping[str, Any], actor: uuid.UUID | None) -> Answer:
        document, valid = self.parsed(text)
        if not valid or self.wrong_variables(document, variables):
            return Answer(None, [], valid=False)
        view = View(self, Visibility(self.rows, self.now, actor))
        everything = view.execute(document, variables, everything=True)
        really = view.execute(document, variables, everything=False)
        return Answer(really.data, everything.mistakes, cost=view.cost)

    def parsed(self, text: str) -> tuple[DocumentNode, bool]:
        if self.checked is None or self.checked[0] != text:
            document = parse(text)
            self.checked = text, document, not validate(self.strict, document)
        return self.checked[1:]

    def wrong_variables(self, document: DocumentNode, variables: Mapping[str, Any]) -> bool:
        operation = get_operation_ast(document)
        definitions = operation.variable_definitions if operation else None
        return isinstance(get_variable_values(self.strict, definitions or (), dict(variables)), list)


@dataclass(slots=True)
class View:
    """What one actor is answered."""

    reader: Reader
    visibility: Visibility
    cost: int = 0
    mistakes: list[list[str | int]] = field(default_factory=list)

    @property
    def rows(self) -> Rows:
        return self.reader.rows

    def execute(self, document: DocumentNode, variables: Mapping[str, Any], *, everything: bool) -> Answer:
        """With `everything`, every list has an item and everything is there, so that no mistake stays unseen."""
        result = execute_sync(
            self.reader.loose,
            document,
            variable_values=dict(variables),
            field_resolver=self.imagine if everything else self.resolve,
            type_resolver=lambda row, *_: row["__typename"],
        )
        unforeseen = [error for error in result.errors or () if not isinstance(error.original_error, Mistake | None)]
        assert not unforeseen, unforeseen
        paths = [error.path or [] for error in result.errors or ()]
        return Answer(result.data, [names(path) for path in (*self.mistakes, *paths)])

    # What is asked wrongly.

    def imagine(self, parent: Any, info: Info, **given: Any) -> Any:
        """Something of every type that the field may answer with; `rows` is how many of it there may be."""
        try:
            self.check(info, given)
        except Mistake:
            # There may be others within.
            self.mistakes.append(info.path.as_list())
        named = get_named_type(info.return_type)
        if "id" in given:
            return {"__typename": typed(given["id"])[0]} if typed(given["id"])[0] in NODES else None
        if "ids" in given:
            kinds = {typed(each)[0] for each in given["ids"]} & NODES
            return [{"__typename": name, "rows": len(given["ids"])} for name in kinds]
        if not is_object_type(named):
            return None
        rows = (parent or {}).get("rows", 1)
        if info.field_name == "candidates":
            self.cost += 1_000 * rows
        if "first" in info.parent_type.fields[info.field_name].args:
            rows *= given.get("first") or given.get("last") or 1
            self.cost += rows
        elif str(info.return_type).startswith("[") and info.field_name not in ("nodes", "edges"):
            rows *= 10
            self.cost += rows
        return [{"rows": rows}] if str(info.return_type).startswith("[") else {"rows": rows}

    def check(self, info: Info, given: Mapping[str, Any]) -> None:
        for text in texts(given):
            if "\x00" in text:
                raise Mistake("NUL")
        sought = (given.get("filter") or {}).items()
        if any(name in ("name", "title") and len(text or "") > 200 for name, text in sought):
            raise Mistake("long")
        if "first" in info.parent_type.fields[info.field_name].args:
            self.check_page(info, given)
        for name, id_ in ((name, given[name]) for name in ("volunteer", "id") if name in given):
            checked_id(id_, REFERS.get(name))
        if len(given.get("ids", ())) > 100:
            raise Mistake("Too many ids")
        for id_ in given.get("ids", ()):
            checked_id(id_)

    def check_page(self, info: Info, given: Mapping[str, Any]) -> None:
        sizes = [given[name] for name in ("first", "last") if given.get(name) is not None]
        if len(sizes) != 1 or not 1 <= sizes[0] <= 100:
            raise Mistake("Size")
        type_ = str(get_named_type(info.return_type)).removesuffix("Connection")
        tag = f"{type_}.{given.get('orderBy', next(iter(ORDERS[type_])))}"
        for cursor in (given.get("after"), given.get("before")):
            if cursor is not None and self.reader.cursors.get(cursor, ("",))[0] != tag:
                raise Mistake("Cursor")
        for name, value in (given.get("filter") or {}).items():
            if name in REFERS and value is not None:
                checked_id(value, REFERS[name])

    # What is answered.

    def resolve(self, parent: Any, info: Info, **given: Any) -> Any:
        self.check(info, given)
        type_, name = info.parent_type.name, camel_to_snake(info.field_name)
        if type_ == "Query":
            return self.root(name, info, given)
        if type_.endswith(LISTS):
            return parent[info.field_name]() if callable(parent[info.field_name]) else parent[info.field_name]
        if (type_, name) in WITHIN:
            target, column = WITHIN[type_, name]
            return self.page(self.rows.where(target, column, key_of(parent)), target, given)
        special = getattr(self, f"{type_.lower()}_{name}", None)
        return special(parent, given) if special else self.plain(parent, name, given)

    def root(self, name: str, info: Info, given: Mapping[str, Any]) -> Any:
        if name == "me":
            return self.visibility.account
        if name == "node":
            return self.node(given["id"])
        if name == "nodes":
            return [self.node(id_) for id_ in given["ids"]]
        type_ = str(get_named_type(info.return_type)).removesuffix("Connection")
        return self.page(self.rows.tables[type_], type_, given)

    def node(self, id_: str) -> Row | None:
        type_, found = typed(id_)
        if type_ not in NODES:
            return None
        return self.seen(self.rows.get(type_, uuid_text(found) if is_record(self.rows, type_) else found))

    def seen(self, row: Row | None) -> Row | None:
        return row if self.visibility.sees(row) else None

    def plain(self, row: Row, name: str, given: Mapping[str, Any]) -> Any:
        """A column, a label, an id, or the one thing that a column leads to."""
        type_ = row["__typename"]
        if name == "id":
            return f"{type_}:{key(row)}"
        if "language" in given:
            return row["label_en" if given["language"] == "EN" else "label_id"]
        if type_ == "Volunteer" and name in PRIVATE and not self.visibility.may_see_private(row):
            return None
        if name in row:
            return row[name]
        column = next(
            column for column in (LEADS.get((type_, name), ""), f"{name}_id", f"{name}_code") if column in row
        )
        target = {"minimum_rank": "Rank", "parent": type_, "issuer": "Organization", "type": "CertificateType"}
        return self.seen(self.rows.get(target.get(name, name.capitalize()), row[column]))

    # Lists.

    def page(self, rows: Iterable[Row], type_: str, given: Mapping[str, Any]) -> Row:
        order = given.get("orderBy", next(iter(ORDERS[type_])))
        falls = ORDERS[type_][order][1]
        kept = [row for row in rows if self.visibility.sees(row) and self.meets(row, given.get("filter") or {})]
        whole = sorted(((self.place(row, order), row) for row in kept), key=lambda pair: pair[0], reverse=falls)
        after, before = self.known(given.get("after")), self.known(given.get("before"))
        window = [
            pair
            for pair in whole
            if (after is None or precedes(after, pair[0], falls=falls))
            and (before is None or precedes(pair[0], before, falls=falls))
        ]
        shown = window[: given["first"]] if given.get("first") else window[-given["last"] :]
        cursors = [self.reader.written.get((f"{type_}.{order}", place)) for place, _ in shown]
        return {
            "__typename": f"{type_}Connection",
            "nodes": [row for _, row in shown],
            "edges": [{"cursor": cursor, "node": row} for cursor, (_, row) in zip(cursors, shown, strict=True)],
            "totalCount": len(whole),
            "pageInfo": {
                "hasPreviousPage": any(self.lies_before(place, shown, after, falls=falls) for place, _ in whole),
                "hasNextPage": any(self.lies_after(place, shown, before, falls=falls) for place, _ in whole),
                "startCursor": cursors[0] if cursors else None,
                "endCursor": cursors[-1] if cursors else None,
            },
        }

    def lies_before(self, place: Place, shown: Shown, after: Place | None, *, falls: bool) -> bool:
        """Before the page's first item; of an empty page, not beyond the cursor that it begins after."""
        if shown:
            return precedes(place, shown[0][0], falls=falls)
        return after is not None and not precedes(after, place, falls=falls)

    def lies_after(self, place: Place, shown: Shown, before: Place | None, *, falls: bool) -> bool:
        if shown:
            return precedes(shown[-1][0], place, falls=falls)
        return before is not None and not precedes(place, before, falls=falls)

    def place(self, row: Row, order: str) -> Place:
        """Where a row stands in an order, as values that compare."""
        columns = ORDERS[row["__typename"]][order][0]
        own = row["volunteer"]["id"] if row["__typename"] == "Candidate" else row.get("id", row.get("code"))
        return tuple(self.comparable(value) for value in (*(row[column] for column in columns), own))

    def comparable(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.rows.places[value]
        return date.max if value is None else value

    def known(self, cursor: str | None) -> Place | None:
        return None if cursor is None else self.reader.cursors[cursor][1]

    def meets(self, row: Row, asked: Mapping[str, Any]) -> bool:
        return all(self.meets_one(row, name, value) for name, value in asked.items() if value is not None)

    def meets_one(self, row: Row, name: str, value: Any) -> bool:
        special: Callable[[Row, Any], bool] | None = getattr(self, f"filter_{camel_to_snake(name)}", None)
        if special:
            return special(row, value)
        if isinstance(value, list):
            return row[name] in value
        column = next(column for column in (name, f"{name}_code", "certificate_type_code") if column in row)
        return bool(row[column] == value)

    def filter_name(self, row: Row, text: str) -> bool:
        return self.rows.lower(text) in self.rows.lower(row["name"])

    def filter_title(self, row: Row, text: str) -> bool:
        return self.rows.lower(text) in self.rows.lower(row["title"])

    def filter_province(self, row: Row, code: str) -> bool:
        return bool(row.get("province_code", row.get("kabupaten_code", "")[:2]) == code)

    def filter_kabupaten(self, row: Row, code: str) -> bool:
        touched = self.rows.where("Touched", "kabupaten_code", code)
        return row.get("kabupaten_code") == code or row.get("id") in {each["incident_id"] for each in touched}

    def filter_organization(self, row: Row, id_: str) -> bool:
        if self.node(id_) is None:
            return False
        memberships = self.rows.where("Membership", "organization_id", uuid.UUID(typed(id_)[1]))
        return any(
            each["volunteer_id"] == row["id"] and self.filter_active_on(each, self.visibility.today)
            for each in memberships
        )

    def filter_incident(self, row: Row, id_: str) -> bool:
        return bool(row["incident_id"] == uuid.UUID(typed(id_)[1]))

    def filter_need(self, row: Row, id_: str) -> bool:
        return bool(row["need_id"] == uuid.UUID(typed(id_)[1]))

    def filter_volunteer(self, row: Row, id_: str) -> bool:
        """One whom the asker may not see is not found by what they do either."""
        return self.node(id_) is not None and bool(row["volunteer_id"] == uuid.UUID(typed(id_)[1]))

    def filter_trained_for(self, row: Row, asked: Mapping[str, Any]) -> bool:
        return asked["skill"] in self.reader.assignment_rules.skills(row, asked.get("on") or self.visibility.today)

    def filter_active_on(self, row: Row, day: date) -> bool:
        return bool(row["since"] <= day <= (row["until"] or date.max))

    def filter_valid_on(self, row: Row, day: date) -> bool:
        return not row["revoked_on"] and bool(row["issued_on"] <= day <= (row["expires_on"] or date.max))

    def filter_open(self, row: Row, asked: bool) -> bool:
        return asked == (row["closed_at"] is None and row["ends_at"] > self.reader.now)

    # Fields that are neither a column nor a reference.

    def volunteer_nik(self, row: Row, _given: Any) -> str | None:
        known = row["nik_tail"] and self.visibility.may_see_private(row)
        return f"{'*' * 12}{row['nik_tail']}" if known else None

    def volunteer_distance_to(self, row: Row, given: Mapping[str, Any]) -> float | None:
        return self.distance(
            self.reader.assignment_rules.starting_point(row, is_position_visible=self.visibility.may_see_private(row)),
            given["place"],
        )

    def need_distance_to(self, row: Row, given: Mapping[str, Any]) -> float | None:
        return self.distance(row, given["place"])

    kabupaten_distance_to = need_distance_to

    def distance(self, start: Row, place: Mapping[str, Any]) -> float | None:
        there = place.get("point") or self.rows.get("Kabupaten", place.get("kabupaten"))
        return None if there is None else kilometres(start, there)

    def volunteer_trained_for(self, row: Row, given: Mapping[str, Any]) -> list[Row]:
        return self.coded("Skill", self.reader.assignment_rules.skills(row, given.get("on") or self.visibility.today))

    def coded(self, type_: str, codes: Iterable[str]) -> list[Row]:
        found = [self.rows.by_key[type_, code] for code in codes]
        return sorted(found, key=lambda row: self.rows.places[row["code"]])

    def account_roles(self, row: Row, _given: Any) -> list[Row]:
        return sorted(
            self.rows.where("Role", "account_id", row["id"]), key=lambda role: (role["created_at"], role["id"])
        )

    def organization_licences(self, row: Row, _given: Any) -> list[Row]:
        licences = self.rows.where("Licence", "organization_id", row["id"])
        return sorted(licences, key=lambda licence: (licence["valid_from"], licence["id"]), reverse=True)

    def skill_certificate_types(self, row: Row, _given: Any) -> list[Row]:
        types = [type_["code"] for type_ in self.rows.tables["CertificateType"]]
        return self.coded("CertificateType", (code for code in types if row["code"] in self.rows.granted(code)))

    def certificatetype_skills(self, row: Row, _given: Any) -> list[Row]:
        return self.coded("Skill", self.rows.granted(row["code"]))

    def certificatetype_includes(self, row: Row, _given: Any) -> list[Row]:
        return self.coded("CertificateType", (each["included_code"] for each in self.rows.included(row["code"])))

    def hazard_children(self, row: Row, _given: Any) -> list[Row]:
        return self.coded("Hazard", (each["code"] for each in self.rows.where("Hazard", "parent_code", row["code"])))

    def incident_kabupaten(self, row: Row, _given: Any) -> list[Row]:
        touched = self.rows.where("Touched", "incident_id", row["id"])
        return self.coded("Kabupaten", (each["kabupaten_code"] for each in touched))

    def assignment_overrides(self, row: Row, _given: Any) -> list[Row]:
        overrides = self.rows.where("Override", "assignment_id", row["id"])
        return sorted(overrides, key=lambda override: (override["created_at"], override["id"]))

    def need_coverage(self, row: Row, _given: Any) -> Row:
        standing = self.rows.where("Assignment", "need_id", row["id"])
        statuses = [
            each["status"]
            for each in standing
            if each["status"] != "OFFERED" or not each["expires_at"] or each["expires_at"] > self.visibility.now
        ]
        return {
            "__typename": "Coverage",
            "wanted": row["people_wanted"],
            "offered": statuses.count("OFFERED"),
            "accepted": sum(status in FILLING_STATUSES for status in statuses),
            "on_duty": statuses.count("ON_DUTY"),
        }

    def need_candidates(self, row: Row, given: Mapping[str, Any]) -> Row | None:
        if not self.visibility.is_coordinator_of(row["kabupaten_code"]):
            return None
        return self.page(self.reader.assignment_rules.candidates(row), "Candidate", given)

    def candidate_tier(self, row: Row, _given: Any) -> str:
        return {1: "KABUPATEN", 2: "PROVINCE", 3: "NATIONAL"}[row["number"]]

    def need_refusals(self, row: Row, given: Mapping[str, Any]) -> list[Row] | None:
        if not self.visibility.is_coordinator_of(row["kabupaten_code"]):
            return None
        volunteer = self.node(given["volunteer"])
        broken = self.reader.assignment_rules.refusals(volunteer, row) if volunteer else [("NOT_FOUND", {})]
        return [self.refusal(code, fact) for code, fact in broken]

    def refusal(self, code: str, fact: Row) -> Row:
        label_id, label_en = MESSAGES[ProblemCode(code)]
        overridable = code not in NOT_OVERRIDABLE
        shown = {"__typename": "Fact", **FACT, **fact}
        return {"code": code, "label_id": label_id, "label_en": label_en, "overridable": overridable, "fact": shown} | {
            "__typename": "Refusal"
        }


FACT = dict.fromkeys(
    (
        *("assignment_id", "certificate_id", "organization_id", "volunteer_id", "skill_code", "rank_code"),
        *("starts_at", "ends_at", "count", "limit", "version"),
    )
)


def names(path: Iterable[str | int]) -> list[str]:
    """A path without the positions in lists."""
    return [step for step in path if isinstance(step, str)]


def precedes(one: Place, other: Place, *, falls: bool) -> bool:
    return one > other if falls else one < other


def texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)


def typed(id_: str) -> tuple[str, str]:
    type_, _, found = id_.partition(":")
    return type_, found


def uuid_text(text: str) -> str:
    return str(uuid.UUID(text))


def is_record(rows: Rows, type_: str) -> bool:
    return type_ not in (*LABELLED, "Province", "Kabupaten")


def checked_id(id_: str, wanted: str | None = None) -> None:
    """An id names a type and a key; keys of what people enter are UUIDs."""
    type_, found = typed(id_)
    if not (type_ and found) or (wanted and type_ != wanted):
        raise Mistake("Id")
    if type_ in NODES and type_ not in (*LABELLED, "Province", "Kabupaten"):
        try:
            uuid.UUID(found)
        except ValueError:
            raise Mistake("Id") from None


def key_of(row: Row) -> Any:
    assert has_key(row)
    return row.get("id", row.get("code"))


def parsed_code(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", value):
        raise GraphQLError("Code")
    return value


def parsed_day(value: Any) -> date:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise GraphQLError("Date")
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise GraphQLError("Date") from None
    if not 1900 <= day.year <= 2200:
        raise GraphQLError("Date")
    return day


def parsed_degrees(most: float) -> Callable[[Any], float]:
    def parsed(value: Any) -> float:
        if isinstance(value, bool | str) or not abs(value) <= most:
            raise GraphQLError("Degrees")
        return float(value)

    return parsed


def with_scalars(schema: GraphQLSchema) -> GraphQLSchema:
    """Scalars that come from a printed schema have no manners of their own."""
    for name, parsed in PARSED.items():
        scalar_of(schema, name).coerce_input_value = parsed
    scalar_of(schema, "Date").coerce_output_value = lambda day: INFINITE.get(day) or day.isoformat()
    scalar_of(schema, "DateTime").coerce_output_value = lambda moment: INFINITE.get(moment) or instant(moment)
    return schema


# As the driver has it: the ends of Python's calendar.
INFINITE: Mapping[date, str] = {
    date.max: "infinity",
    date.min: "-infinity",
    datetime.max.replace(tzinfo=UTC): "infinity",
    datetime.min.replace(tzinfo=UTC): "-infinity",
}
PARSED: Mapping[str, Callable[[Any], Any]] = {
    "Code": parsed_code,
    "Date": parsed_day,
    "Latitude": parsed_degrees(90),
    "Longitude": parsed_degrees(180),
}


def scalar_of(schema: GraphQLSchema, name: str) -> Any:
    found = schema.get_type(name)
    assert isinstance(found, GraphQLScalarType)
    return found


def loosened(schema: GraphQLSchema) -> GraphQLSchema:
    """The schema with every field nullable, so that a mistake spoils nothing but its own field."""
    for type_ in schema.type_map.values():
        if (is_object_type(type_) or is_interface_type(type_)) and not type_.name.startswith("__"):
            for each in type_.fields.values():
                each.type = each.type.of_type if isinstance(each.type, GraphQLNonNull) else each.type
    return schema
