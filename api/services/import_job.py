"""Importing members from a file: the worker checks or imports its rows; by default it only checks them."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from api import access
from api.access import NOW
from api.database.engine import Transaction
from api.database.statement import compile_statement
from api.models import ColumnTitle, ImportEntry, ImportJob
from api.models.base import new_id
from api.models.import_job import ImportStatus, KnownPeople
from api.rules.code import ProblemCode
from api.services import account, import_report
from api.services import upload as uploads
from api.services.change import Changeable
from api.services.feed import record
from api.services.member_context import load_context
from api.services.problem import Problem, Problems, Refused, input_path
from api.services.request import Request
from api.services.vault import Vault
from api.services.verb import OneThing, verb
from api.values.key import search_key
from api.values.text import line, paragraph

JOBS = Changeable(ImportJob, access.sees_import_job)

MOST_TITLES = 50


@verb(
    "import_members",
    "Imports the members of an organization from an uploaded file; unless `apply` is true, its rows are only checked.",
    answers=OneThing("ImportJob"),
    callers=access.REGISTRARS,
    ids={"organization": "Organization", "kabupaten": "Kabupaten"},
    codes=(ProblemCode.ORGANIZATION_NOT_VERIFIED,),
    needs_vault=True,
)
async def import_members(
    session: Transaction,
    request: Request,
    *,
    vault: Vault,
    upload: str,
    organization: uuid.UUID,
    apply: bool | None = None,
    all_or_nothing: bool | None = None,
    known_people: str | None = None,
    columns: Sequence[Mapping[str, Any]] | None = None,
    kabupaten: str | None = None,
    since: date | None = None,
    **options: Any,
) -> uuid.UUID:
    """What the upload holds is told by the job."""
    problems = Problems()
    context = await load_context(session, request, organization)
    if context is None:
        problems.add(ProblemCode.NOT_FOUND, "organization")
    elif not (context.organization.manages or context.organization.enrols):
        problems.add(ProblemCode.FORBIDDEN, "organization")
    elif not context.organization.stands:
        problems.add(ProblemCode.ORGANIZATION_NOT_VERIFIED, "organization", organization_id=organization)
    if context is not None and kabupaten is not None and kabupaten not in context.places:
        problems.add(ProblemCode.NOT_FOUND, "kabupaten")
    written = _options(problems, options)
    titles = _titles(problems, columns or ())
    problems.refuse()
    key = await uploads.use(session, request, vault, upload)
    if key is None:
        problems.invalid(
            "upload",
            indonesian="Berkas ini tidak ada atau sudah dipakai; kirim lagi.",
            english="There is no such upload, or it was used; send the file again.",
        )
    problems.refuse()
    await _remember(session, organization, titles)
    return await _insert(
        session,
        request,
        organization_id=organization,
        upload_id=key,
        applies=bool(apply),
        all_or_nothing=bool(all_or_nothing),
        known_people=known_people or KnownPeople.FILL,
        options={**written, "kabupaten": kabupaten, "since": since and since.isoformat()},
    )


def _options(problems: Problems, options: Mapping[str, Any]) -> dict[str, Any]:
    purpose = options.get("consent_purpose")
    return {
        "sheet": problems.read(line, "sheet", value=options.get("sheet"), minimum=1, maximum=100),
        "reach": options.get("reach"),
        "consent_purpose": problems.read(paragraph, "consent_purpose", value=purpose, minimum=3, maximum=500),
    }


def _titles(problems: Problems, columns: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
    """The columns by the search keys of their titles."""
    if len(columns) > MOST_TITLES:
        problems.invalid(
            "columns",
            indonesian=f"Paling banyak {MOST_TITLES} kolom.",
            english=f"At most {MOST_TITLES} columns can be named.",
        )
        return {}
    titles: dict[str, str] = {}
    for index, column in enumerate(columns):
        title = problems.read(line, "columns", str(index), "title", value=column["title"], minimum=1, maximum=60)
        if title is not None:
            titles[search_key(title)] = str(column["column"])
    return titles


async def _remember(session: Transaction, organization: uuid.UUID, titles: Mapping[str, str]) -> None:
    """For the next files of the organization, too."""
    for title, column in sorted(titles.items()):
        await session.rows(REMEMBER, {"organization": organization, "title": title, "column_name": column})


async def _insert(session: Transaction, request: Request, **columns: Any) -> uuid.UUID:
    key, status = new_id(), ImportStatus.WAITING
    now = request.now
    columns |= {"account_id": request.actor.account_id, **account.credential(request.actor)}
    await session.insert(ImportJob, id=key, status=status, created_at=now, updated_at=now, **columns)
    change = {"organization": str(columns["organization_id"]), "applies": columns["applies"]}
    await record(session, request, "import_job.waiting", subject=("ImportJob", key), change=change)
    return key


@verb(
    "apply_import",
    "Imports the rows of a file that was checked.",
    answers=OneThing("ImportJob"),
    callers=access.REGISTRARS,
    ids={"import_job": "ImportJob"},
    codes=(ProblemCode.WRONG_STATUS,),
    updates=True,
)
async def apply_import(session: Transaction, request: Request, *, import_job: uuid.UUID, version: int) -> uuid.UUID:
    """The rows are compared again: what has changed meanwhile counts."""
    held = await JOBS.lock(session, request, import_job, version, may=access.runs_import_job)
    if held.status != ImportStatus.CHECKED:
        raise Refused(Problem(ProblemCode.WRONG_STATUS, input_path("import_job"), {"status": held.status}))
    if held.upload_id is None:
        raise Refused(
            Problem(
                ProblemCode.INVALID,
                input_path("import_job"),
                detail=("Berkasnya sudah dihapus; kirim lagi.", "The file was deleted; send it again."),
            )
        )
    status = ImportStatus.WAITING
    columns = {"status": status, "applies": True, "last_row": None, "told_count": 0, **NO_COUNTS}
    columns |= account.credential(request.actor)
    await import_report.forget(session, held.id)
    change = {"status": status, "organization": str(held.organization_id), "applies": True}
    return await JOBS.change(session, request, held, "waiting", columns=columns, change=change)


NO_COUNTS = {f"{name}_count": 0 for name in ("created", "updated", "unchanged", "requested", "refused")}

REMEMBER = compile_statement(
    insert(ColumnTitle)
    .values(
        organization_id=sa.bindparam("organization", type_=sa.Uuid()),
        title=sa.bindparam("title", type_=sa.Text()),
        column_name=sa.bindparam("column_name", type_=sa.Text()),
    )
    .on_conflict_do_update(
        index_elements=["organization_id", "title"],
        set_={"column_name": sa.bindparam("column_name", type_=sa.Text())},
    )
)
# The file and the report; the job itself remains.
RETENTION = timedelta(days=30)
DELETE_OLD = (
    uploads.DELETE_OLD,
    compile_statement(
        sa.delete(ImportEntry).where(
            ImportEntry.c.import_job_id.in_(sa.select(ImportJob.c.id).where(ImportJob.c.created_at < NOW - RETENTION))
        )
    ),
)
