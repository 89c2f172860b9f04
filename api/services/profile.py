"""What organizations say of themselves: where they work, on what, and whom to call."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from api.database.engine import Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import Cluster, Kabupaten, OrganizationContact, OrganizationCoverage, OrganizationFocus
from api.models.base import new_id
from api.services.problem import Problems
from api.services.reference import check_code_list
from api.values.phone import parse_phone
from api.values.text import line

MOST_CONTACTS = 50


async def read(
    session: Transaction,
    problems: Problems,
    *,
    coverage: Sequence[str] | None = None,
    focus: Sequence[str] | None = None,
    contacts: Sequence[Mapping[str, Any]] | None = None,
) -> Sequence[Mapping[str, Any]]:
    """Checks the lists; returns the columns of the contacts."""
    problems.at_most(MOST_CONTACTS, "contacts", contacts or ())
    await check_code_list(session, problems, Kabupaten, "coverage", coverage or ())
    await check_code_list(session, problems, Cluster, "focus", focus or ())
    return [_read_contact(problems, each, "contacts", str(index)) for index, each in enumerate(contacts or ())]


def _read_contact(problems: Problems, contact: Mapping[str, Any], *steps: str) -> Mapping[str, Any]:
    return {
        "name": problems.read(line, *steps, "name", value=contact["name"], minimum=1, maximum=200),
        "position": problems.read(line, *steps, "position", value=contact.get("position"), minimum=1, maximum=100),
        "phone": problems.read(parse_phone, *steps, "phone", value=contact["phone"]),
    }


async def write(
    session: Transaction,
    organization: uuid.UUID,
    *,
    coverage: Sequence[str] | None = None,
    focus: Sequence[str] | None = None,
    contacts: Sequence[Mapping[str, Any]] | None = None,
) -> None:
    """Replaces the lists that are given."""
    if coverage is not None:
        await session.rows(CLEAR[OrganizationCoverage], {"organization": organization})
        await session.rows(ADD_COVERAGE, {"organization": organization, "codes": list(coverage)})
    if focus is not None:
        await session.rows(CLEAR[OrganizationFocus], {"organization": organization})
        await session.rows(ADD_FOCUS, {"organization": organization, "codes": list(focus)})
    if contacts is not None:
        await session.rows(CLEAR[OrganizationContact], {"organization": organization})
        for contact in contacts:
            await session.insert(OrganizationContact, id=new_id(), organization_id=organization, **contact)


_ORGANIZATION = sa.bindparam("organization", type_=sa.Uuid())
_CODES = sa.func.unnest(sa.bindparam("codes", type_=ARRAY(sa.Text())), type_=sa.Text())


def _add_codes(table: sa.Table, column: str) -> CompiledStatement:
    codes = sa.select(_ORGANIZATION, _CODES).distinct()
    return compile_statement(sa.insert(table).from_select(["organization_id", column], codes))


CLEAR: Mapping[sa.Table, CompiledStatement] = {
    table: compile_statement(sa.delete(table).where(table.c.organization_id == _ORGANIZATION))
    for table in (OrganizationCoverage, OrganizationFocus, OrganizationContact)
}
ADD_COVERAGE = _add_codes(OrganizationCoverage, "kabupaten_code")
ADD_FOCUS = _add_codes(OrganizationFocus, "cluster_code")
