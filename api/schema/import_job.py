"""Imports of files, and what has become of their rows."""

from __future__ import annotations

from datetime import date, datetime

import strawberry

from api.models.import_job import ImportOutcome, ImportStatus, KnownPeople
from api.models.person import Reach
from api.rules.code import ProblemCode
from api.schema.field import Connection, Node, field, label, noun, optional, verb_input
from api.schema.organization import Organization
from api.schema.person import Volunteer
from api.services import import_job
from api.services.member_column import MemberColumn


@noun("What has become of a row of a file; a row that is refused has one for each of its problems.")
class ImportEntry:
    row: int = field("The number of the row in the file, from 1.")
    outcome: ImportOutcome = field("What has become of it, or would, as long as the file is only checked.")
    volunteer: Volunteer | None = field(
        "The person it is about; null where there is none, or where you may not see it."
    )
    column: MemberColumn | None = field("The column of the problem; null if it is of the whole row.")
    value: str | None = field("What stands there; of what is private only the last characters.")
    code: ProblemCode | None = field("Why the row was refused, for programs; null if it was not.")
    message: str | None = label("Why the row was refused, for people; null if it was not.")


@noun(
    "An import of a file of members, shown to managers of the organization and to who started it. The file and its report are deleted after 30 days."
)
class ImportJob(Node):
    organization: Organization | None = field("The organization; null where you may not see it.")
    status: ImportStatus = field("How far it has got.")
    applies: bool = field("Whether the rows are imported; they are only checked otherwise.")
    all_or_nothing: bool = field("Whether nothing is imported where a row is refused.")
    known_people: KnownPeople = field("What is done with people who are members already.")
    row_count: int | None = field("The number of rows with the header; null before the file was opened.")
    last_row: int | None = field("The number of the last row that was read; null before the first.")
    created_count: int = field("People who were registered.")
    updated_count: int = field("Members of whom something was changed.")
    unchanged_count: int = field("Members of whom nothing was changed.")
    requested_count: int = field("People who were asked to join.")
    refused_count: int = field("Rows that were refused.")
    ignored_columns: list[str] = field("The titles of the columns that were not read.")
    entries: Connection[ImportEntry] = field("What has become of the rows, in their order.")
    fault: str | None = label("Why the file could not be read; null if it could.")
    fault_row: int | None = field("The row at which the file could not be read; null if that is not known.")
    finished_at: datetime | None = field("When it was finished; null before.")
    version: int = field("Grows with each change; an update names the version it read.")
    created_at: datetime = field("When it was started.")
    updated_at: datetime = field("When it was last changed.")


@strawberry.input(description="What a title of a column means in the files of an organization.")
class ColumnTitleInput:
    title: str = field("The title, 1 to 60 characters.")
    column: MemberColumn = field("The column that it means.")


@verb_input(import_job.import_members)
class ImportMembersInput:
    upload: str = field("What POST /uploads has answered.")
    organization: strawberry.ID = field("The organization whose members they are.")
    apply: bool | None = optional("Whether to import the rows at once; they are only checked if left out.")
    all_or_nothing: bool | None = optional("Whether to import nothing where a row is refused; at most 10,000 rows.")
    known_people: KnownPeople | None = optional("What to do with people who are members already; FILL if left out.")
    sheet: str | None = optional("The sheet of the workbook, if it has several.")
    columns: list[ColumnTitleInput] | None = optional(
        "What titles mean that are not found by themselves; remembered for the organization."
    )
    kabupaten: strawberry.ID | None = optional("The home kabupaten of people whose row names none.")
    reach: Reach | None = optional("How far people agree to be sent whose row does not say it.")
    consent_purpose: str | None = optional(
        "What people have consented to, 3 to 500 characters; needed where people are new."
    )
    since: date | None = optional("The first day of memberships whose row names none; today if left out.")


@verb_input(import_job.apply_import)
class ApplyImportInput:
    import_job: strawberry.ID = field("The import to apply; it must be checked.")
