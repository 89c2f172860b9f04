"""The erasure of a person reaches every free text about the person, in whatever table."""

import uuid
from collections.abc import Iterator
from datetime import timedelta

import sqlalchemy as sa

from api.models.base import METADATA, Chosen, Symbol
from tests.builders import Build
from tests.conftest import NOW

SECRET = "Rahasia"
# Texts of what belongs to a person that are no free texts about the person, and why.
KEPT = {
    **dict.fromkeys(("certificate.number", "membership.number", "insurance.number"), "Goes with the record."),
    **dict.fromkeys(("certificate_request.number", "membership_request.number"), "Goes with the record."),
    **dict.fromkeys(("membership_transfer.number", "insurance.insurer"), "Goes with the record."),
    **dict.fromkeys(("account.name", "account.email", "account.phone"), "Goes with the account."),
    **dict.fromkeys(("scan.text", "scan_code.code", "scan.device", "scan.nonce", "scan.item"), "A code."),
    **dict.fromkeys(("camp_registration.guest_name",), "A guest is no volunteer."),
    **dict.fromkeys(("camp_group.name", "contingent.letter_number", "contingent.transport"), "Of a group."),
    **dict.fromkeys(("contingent.reason",), "Of a contingent, whoever leads it."),
    **dict.fromkeys(("camp_session.title", "camp_session.place"), "Of a session, whoever teaches it."),
    **dict.fromkeys(("camp_evaluation.text",), "Of a session, whoever says it."),
    **dict.fromkeys(("attendance.nonce",), "A code."),
    **dict.fromkeys(("assignment.decree_number",), "Of a decree, whoever is sent under it."),
}


def refers_to(table: sa.Table, others: set[str]) -> bool:
    return any(key.column.table.name in others for key in table.foreign_keys)


def texts_of_people() -> Iterator[tuple[str, str]]:
    """The columns with texts of tables that refer to a volunteer, or to such a table; not keys that are computed of them."""
    tables = METADATA.tables.values()
    own = {table.name for table in tables if refers_to(table, {"volunteer"})} - {"account"}
    parts = {table.name for table in tables if refers_to(table, own)}
    for table in tables:
        if table.name not in own | parts | {"account"}:
            continue
        for column in table.c:
            is_text = isinstance(column.type, sa.Text) and not isinstance(column.type, Symbol | Chosen)
            if is_text and not column.foreign_keys and "computed" not in column.info:
                yield table.name, column.name


async def add_records(build: Build, person: uuid.UUID, other: uuid.UUID) -> None:
    """One row of every kind of thing that belongs to a person."""
    organization, account = await build.organization(), await build.volunteer_account(person)
    assignment = await build.assignment(await build.need(), person, status="NO_SHOW", reason="x")
    hours = {"starts_at": NOW, "ends_at": NOW + timedelta(hours=1), "source": "CORRECTION", "status": "REPLACED"}
    await build.row("served_hours", assignment_id=assignment, volunteer_id=person, reason="x", **hours)
    await build.row(
        "override", assignment_id=assignment, rule_code="NOT_NEAREST", fact="{}", reason="x", account_id=account
    )
    camp = await build.camp(organization)
    registration = await build.camp_registration(camp, person)
    await build.row("camp_result", registration_id=registration, has_passed=True, account_id=account)
    await build.row("scan_code", volunteer_id=person, code=str(person))
    scan = {"camp_id": camp, "volunteer_id": person, "point": "ENTRY", "text": "x", "device": "a", "nonce": "1"}
    await build.row("scan", **scan, at=NOW, is_offline=False, account_id=account)
    await build.absence(person)
    await build.insurance(person)
    await build.certificate(person, organization)
    await build.certificate_request(person, organization)
    membership = await build.membership(person, organization)
    await build.membership_request(person, await build.organization())
    await build.membership_transfer(membership, await build.organization())
    pair = sorted((person, other))
    await build.connection.execute("INSERT INTO distinct_pair VALUES ($1, $2, 'x', $3, now())", *pair, account)


async def test_the_erasure_of_a_person_reaches_every_free_text_about_the_person(build: Build) -> None:
    person, other = await build.person(), await build.person()
    await add_records(build, person, other)
    texts = [(table, name) for table, name in texts_of_people() if f"{table}.{name}" not in KEPT]
    connection = build.connection
    reached, before = set(), set()

    transaction = connection.transaction()
    await transaction.start()
    # Whether a text may be there, depends on what else is; here every one is.
    checks = await connection.fetch(
        "SELECT conrelid::regclass AS owner, conname FROM pg_constraint WHERE contype = 'c' AND conrelid > 0"
        " AND connamespace = 'public'::regnamespace AND conrelid::regclass::text = ANY ($1)",
        sorted({f'"{table}"' if table == "override" else table for table, _ in texts} | {table for table, _ in texts}),
    )
    for check in checks:
        await connection.execute(f'ALTER TABLE {check["owner"]} DROP CONSTRAINT "{check["conname"]}"')
    for table, name in texts:
        await connection.execute(f'UPDATE "{table}" SET {name} = $1', SECRET)
        if await connection.fetchval(f'SELECT count(*) FROM "{table}" WHERE {name} = $1', SECRET):
            before.add((table, name))
    await connection.execute("SELECT erase_person($1)", person)
    for table, name in before:
        if not await connection.fetchval(f'SELECT count(*) FROM "{table}" WHERE {name} = $1', SECRET):
            reached.add((table, name))
    await transaction.rollback()

    assert before == set(texts), "add a row of the table to add_records, or name the column in KEPT with the reason"
    assert reached == before, "add the column to erase_person by a migration, or name it in KEPT with the reason"


async def test_what_is_erased_is_of_one_person_and_a_word_remains_where_one_is_wanted(build: Build) -> None:
    found = []
    for person in (one := await build.person(), await build.person()):
        missed = await build.assignment(await build.need(), person, status="NO_SHOW", reason=SECRET)
        hours = {"starts_at": NOW, "ends_at": NOW + timedelta(hours=1), "source": "CORRECTION", "status": "REPLACED"}
        await build.row("served_hours", assignment_id=missed, volunteer_id=person, reason=SECRET, **hours)

    await build.connection.execute("SELECT erase_person($1)", one)
    for table in ("assignment", "served_hours"):
        rows = await build.connection.fetch(f"SELECT reason FROM {table} ORDER BY volunteer_id = $1 DESC", one)
        found.append([row["reason"] for row in rows])

    assert found == [["(dihapus)", SECRET]] * 2
