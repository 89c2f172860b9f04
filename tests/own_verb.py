"""Verbs of the tests' own, in a schema of the tests' own: they do what no verb of the API does yet."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa
import strawberry
from graphql import GraphQLSchema
from sqlalchemy.dialects.postgresql import ARRAY
from strawberry.schema.config import StrawberryConfig

from api import access
from api.access import PUBLIC
from api.compiler.check import check
from api.compiler.plan import Planner
from api.compiler.source import Source, column, everybody
from api.context import Context
from api.database.engine import Database, Transaction
from api.database.statement import compile_statement
from api.execution.execute import execute_document
from api.keys import read_vault
from api.models import Certificate, Need, Skill, Volunteer
from api.models.base import new_id
from api.resolvers import NOUNS, ROOTS
from api.resolvers.verb import payload_sources
from api.rules.code import ProblemCode
from api.schema.build import mark_one_of
from api.schema.field import INPUTS, TYPES, field, noun, optional, verb_input
from api.schema.mutation import mutation_type
from api.schema.query import query_type
from api.schema.scalar import SCALARS
from api.services import account
from api.services.feed import record
from api.services.frame import ItemResult
from api.services.problem import Problem, Refused, input_path, not_found
from api.services.request import Request
from api.services.verb import ComputedReport, OneThing, ResultPerItem, SeveralThings, Verb, verb
from tests.asking import Json
from tests.conftest import NOW

# The verbs.


@verb(
    "describe_input",
    "Answers with what the service was given.",
    answers=ComputedReport("GivenInput", {"text": sa.Text(), "number": sa.Integer()}),
    callers=access.COORDINATORS,
    ids={"volunteer": "Volunteer", "skills": "Skill", "teams.leader": "Volunteer", "teams.homes": "Kabupaten"},
)
async def describe(_session: Transaction, _request: Request, **values: Any) -> Mapping[str, Any]:
    return {"text": repr(values), "number": len(values)}


@verb(
    "register_people",
    "Registers many people at once.",
    answers=ResultPerItem("Volunteer", items="people"),
    callers=access.COORDINATORS,
    ids={"people.kabupaten": "Kabupaten"},
    codes=(ProblemCode.ALREADY_REGISTERED,),
)
async def register_people(
    session: Transaction, request: Request, *, people: Sequence[Mapping[str, Any]], purpose: str
) -> Sequence[ItemResult]:
    """Each name once; however many, by as many statements."""
    if not purpose:
        detail = ("Tujuan wajib diisi.", "A purpose is required.")
        raise Refused(Problem(ProblemCode.INVALID, input_path("purpose"), detail=detail))
    names = await session.rows(SAME_NAMES, {"names": [person["name"] for person in people]})
    taken, results, rows = {row.name for row in names}, [], []
    for person in people:
        if person["name"] in taken:
            results.append(ItemResult(problems=[Problem(ProblemCode.ALREADY_REGISTERED, input_path("name"))]))
            continue
        taken.add(person["name"])
        rows.append(
            {
                "id": new_id(),
                "name": person["name"],
                "kabupaten_code": person["kabupaten"],
                "reach": "PROVINCE",
                "status": "ACTIVE",
                "consent_given_at": request.now,
                "consent_purpose": purpose,
            }
        )
        results.append(ItemResult(key=rows[-1]["id"]))
    await session.insert_all(Volunteer, rows, sorted_by="id")
    return results


SAME_NAMES = compile_statement(
    sa.select(Volunteer.c.name).where(Volunteer.c.name == sa.any_(sa.bindparam("names", type_=ARRAY(sa.Text()))))
)


@verb(
    "raise_priorities",
    "Makes needs urgent.",
    answers=SeveralThings("Need"),
    callers=access.COORDINATORS,
    ids={"needs": "Need"},
)
async def raise_priorities(
    session: Transaction, _request: Request, *, needs: Sequence[uuid.UUID]
) -> Sequence[uuid.UUID]:
    locked = await session.lock_all(Need, needs)
    for index, key in enumerate(needs):
        if key not in locked:
            raise not_found("needs", str(index))
    await session.rows(RAISE, {"needs": [*needs]})
    return needs


RAISE = compile_statement(
    sa.update(Need).where(Need.c.id == sa.any_(sa.bindparam("needs", type_=ARRAY(sa.Uuid())))).values(priority="URGENT")
)


@verb(
    "raise_carelessly",
    "Makes needs urgent one by one, in the order in which they are named.",
    answers=SeveralThings("Need"),
    callers=access.COORDINATORS,
    ids={"needs": "Need"},
)
async def raise_carelessly(
    session: Transaction, _request: Request, *, needs: Sequence[uuid.UUID]
) -> Sequence[uuid.UUID]:
    """Against the order of locks: two of these that name the same needs in opposite order wait for each other."""
    for key in needs:
        await session.update(Need, key, priority="URGENT")
    return needs


@verb(
    "rename_skill",
    "Gives a skill another English name.",
    answers=OneThing("Skill"),
    callers=access.COORDINATORS,
    ids={"skill": "Skill"},
)
async def rename_skill(session: Transaction, _request: Request, *, skill: str, label: str) -> str:
    changed = sa.update(Skill).where(Skill.c.code == skill).values(label_en=label).returning(Skill.c.code)
    if await session.value(changed) is None:
        raise not_found("skill")
    return skill


@verb(
    "report_wave",
    "Reports an extreme wave.",
    answers=ComputedReport("Receipt", {"secret": sa.Text()}),
    callers=access.PUBLIC_CALLERS,
    ids={"hazard": "Hazard"},
)
async def report_wave(session: Transaction, request: Request, *, hazard: str, text: str) -> Mapping[str, Any]:
    change = {"hazard": hazard, "text": text}
    await record(session, request, "wave.reported", subject=("Wave", new_id()), change=change)
    return {"secret": f"{hazard} {text}"}


@verb(
    "make_key",
    "Makes a key that is shown once.",
    answers=ComputedReport("Receipt", {"secret": sa.Text()}),
    callers=access.COORDINATORS,
    hands_out_secret=True,
)
async def make_key(_session: Transaction, _request: Request, *, name: str) -> Mapping[str, Any]:
    if name == "taken":
        raise Refused(Problem(ProblemCode.INVALID, input_path("name")))
    return {"secret": f"secret of {name}"}


@verb(
    "set_expiry",
    "Sets or removes the last day of a certificate.",
    answers=OneThing("Certificate"),
    callers=access.COORDINATORS,
    ids={"certificate": "Certificate"},
    conflicts={"ck_certificate_expires_after_issue": Problem(ProblemCode.INVALID, input_path("expires_on"))},
)
async def set_expiry(session: Transaction, _request: Request, *, certificate: uuid.UUID, **changes: Any) -> uuid.UUID:
    """Null removes it; what is left out stays."""
    if changes:
        await session.rows(sa.update(Certificate).where(Certificate.c.id == certificate).values(changes))
    return certificate


OWN_VERBS: tuple[Verb[Any, Any], ...] = (
    describe,
    register_people,
    raise_priorities,
    raise_carelessly,
    rename_skill,
    report_wave,
    make_key,
    set_expiry,
)


# The schema.


@strawberry.input(description="People who work together.")
class TeamInput:
    leader: strawberry.ID | None = optional("The volunteer who leads the team.")
    homes: list[strawberry.ID] | None = optional("The kabupaten that the team is from.")
    name: str | None = optional("The name of the team.")


@strawberry.input(description="A person to register.")
class PersonInput:
    name: str = field("The full name of the person.")
    kabupaten: strawberry.ID = field("The home kabupaten of the person.")


class DescribeInputInput:
    volunteer: strawberry.ID | None = optional("A volunteer, or none.")
    skills: list[strawberry.ID] | None = optional("Some skills, or none.")
    teams: list[TeamInput] | None = optional("Some teams, or none.")
    note: str | None = optional("A remark on all of it.")


class RegisterPeopleInput:
    people: list[PersonInput] = field("The people to register.")
    purpose: str = field("What they have agreed to.")


class RaisePrioritiesInput:
    needs: list[strawberry.ID] = field("The needs to make urgent.")


class RaiseCarelesslyInput:
    needs: list[strawberry.ID] = field("The needs to make urgent.")


class RenameSkillInput:
    skill: strawberry.ID = field("The skill to rename.")
    label: str = field("The new English name.")


class ReportWaveInput:
    hazard: strawberry.ID = field("The kind of disaster.")
    text: str = field("What was seen.")


class MakeKeyInput:
    name: str = field("The name of the key.")


class SetExpiryInput:
    certificate: strawberry.ID = field("The certificate to change.")
    expires_on: date | None = optional("Null removes the day.")


INPUT_CLASSES = (
    DescribeInputInput,
    RegisterPeopleInput,
    RaisePrioritiesInput,
    RaiseCarelesslyInput,
    RenameSkillInput,
    ReportWaveInput,
    MakeKeyInput,
    SetExpiryInput,
)
REPORTS: Mapping[str, Mapping[str, type]] = {"GivenInput": {"text": str, "number": int}, "Receipt": {"secret": str}}


@contextmanager
def registered() -> Iterator[None]:
    """The tests' own inputs and reports are known to the schema's registries within this block only."""
    for each, input_ in zip(OWN_VERBS, INPUT_CLASSES, strict=True):
        verb_input(each)(input_)
    for name, fields in REPORTS.items():
        members = {each: field(f"The {each} of the report.") for each in fields}
        noun("A report of the tests.")(type(name, (), {"__annotations__": fields, "__module__": __name__, **members}))
    yield
    for name in REPORTS:
        del TYPES[name]
    for each in OWN_VERBS:
        del INPUTS[each.name]


@cache
def own_schema() -> tuple[strawberry.Schema, Mapping[str, Source]]:
    """The schema with these verbs as its mutations, and the sources that answer it."""
    with registered():
        schema = strawberry.Schema(
            query_type(),
            mutation_type(OWN_VERBS),
            types=[each.type for each in TYPES.values()],
            config=StrawberryConfig(scalar_map=SCALARS),
        )
    reports = [
        Source(name, None, visible=everybody, fields={each: column(each) for each in fields}, node=False)
        for name, fields in REPORTS.items()
    ]
    sources = {**NOUNS, **{source.name: source for source in reports}}
    payloads = [source for each in OWN_VERBS for source in payload_sources(each, sources)]
    sources |= {source.name: source for source in payloads}
    mark_one_of(core(schema))
    check(core(schema), sources, ROOTS)
    return schema, sources


def core(schema: strawberry.Schema) -> GraphQLSchema:
    built = schema._schema  # Strawberry has no public attribute for it.
    assert isinstance(built, GraphQLSchema)
    return built


@dataclass(frozen=True, slots=True)
class OwnApi:
    """Executes documents of the tests' own schema."""

    database: Database
    planner: Planner
    keys: Path

    @classmethod
    def from_database(cls, database: Database, keys: Path) -> "OwnApi":
        schema, sources = own_schema()
        return cls(database, Planner(core(schema), sources), keys)

    async def post(self, document: str, actor: uuid.UUID | None, **input_values: object) -> Json:
        """The `data` and the errors' messages and codes for a mutation with this input."""
        if actor is None:
            viewer = PUBLIC
        else:
            async with self.database.reading() as session:
                viewer = await account.actor(session, actor, NOW)
        context = Context(viewer, NOW, lambda: NOW, self.database, self.planner, read_vault(self.keys))
        result = await execute_document(self.planner.schema, document, context, variables={"input": input_values})
        data = orjson.loads(orjson.dumps(result.data))
        return data, [(error.message, (error.extensions or {}).get("code")) for error in result.errors or ()]

    async def do(self, document: str, actor: uuid.UUID | None, **input_values: object) -> Json:
        """The payload of a mutation that is the document's only field."""
        data, errors = await self.post(document, actor, **input_values)
        assert errors == []
        (payload,) = data.values()
        return payload
