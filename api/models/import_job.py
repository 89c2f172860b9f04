"""Files that were uploaded, and the jobs that import the rows of tables."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from api.models.base import INSTANT, Chosen, Symbol, optional, record, references, required, symbol, table, versioned
from api.models.choice import Choice


class ImportStatus(Choice):
    """How far an import has got."""

    WAITING = "WAITING", "Waits for the worker."
    RUNNING = "RUNNING", "The rows are being read."
    CHECKED = "CHECKED", "All rows were checked; nothing was changed. It can be applied (applyImport)."
    DONE = "DONE", "The rows were imported."
    REFUSED = (
        "REFUSED",
        "Nothing was changed: the file cannot be read, or a row was refused of a file that is all or nothing.",
    )
    STOPPED = (
        "STOPPED",
        "The rows up to the last one that was read were imported, the others were not: `fault` says why.",
    )


class KnownPeople(Choice):
    """What an import does with people who are members already."""

    FILL = "FILL", "Fills what is not known of them yet."
    UPDATE = "UPDATE", "Takes what the file says of them."
    SKIP = "SKIP", "Leaves them as they are."


class ImportOutcome(Choice):
    """What became of a row of an imported file, or, as long as it is only checked, what would become of it."""

    CREATED = "CREATED", "Somebody new was registered, as a member."
    UPDATED = "UPDATED", "What is known of a member was changed."
    UNCHANGED = "UNCHANGED", "A member of whom nothing was changed."
    REQUESTED = "REQUESTED", "Somebody who is registered already was asked to join."
    REFUSED = "REFUSED", "The row was refused; nothing of it was done."


# A file as it was sent, encrypted in chunks, until it is deleted.
Upload = table(
    "upload",
    *record(),
    required("account_id", sa.Uuid, references("account.id")),
    # Null until all of it has arrived. Of one that was discarded, what had been stored.
    optional("byte_count", sa.Integer),
    # Of a document or picture that proves something; null for a table to be imported.
    optional("media_type"),
    # An upload is used once.
    optional("used_at", INSTANT),
    # When it was refused, or broken off; its chunks are deleted.
    optional("discarded_at", INSTANT),
    sa.Index(None, "created_at"),
    sa.Index(None, "account_id"),
)


UploadChunk = table(
    "upload_chunk",
    sa.Column("upload_id", sa.Uuid, sa.ForeignKey("upload.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    required("cipher", sa.LargeBinary),
)


# `lease` is the worker that runs it, until `leased_until`; whoever comes later goes on after `last_row`.
ImportJob = table(
    "import_job",
    *versioned(),
    required("account_id", sa.Uuid, references("account.id")),
    required("organization_id", sa.Uuid, references("organization.id")),
    # With what the account asked for it; the job has the rights that this has when it runs. No foreign keys: a session that
    # was deleted has no rights, either.
    optional("session_id", sa.Uuid),
    optional("key_id", sa.Uuid),
    optional("identity_id", sa.Uuid),
    optional("has_second_factor", sa.Boolean),
    required("demands_second_factor", sa.Boolean, server_default=sa.false()),
    # Null once the file was deleted.
    optional("upload_id", sa.Uuid, sa.ForeignKey("upload.id", ondelete="SET NULL")),
    required("status", Chosen(ImportStatus)),
    required("known_people", Chosen(KnownPeople)),
    required("applies", sa.Boolean),
    required("all_or_nothing", sa.Boolean),
    # The other options, and the titles of the columns that are not among those of every file.
    required("options", JSONB),
    optional("row_count", sa.Integer),
    optional("last_row", sa.Integer),
    # People in the rows up to this one were compared with others of similar names, which the worker does afterwards.
    required("compared_row", sa.Integer, server_default="0"),
    required("created_count", sa.Integer, server_default="0"),
    required("updated_count", sa.Integer, server_default="0"),
    required("unchanged_count", sa.Integer, server_default="0"),
    required("requested_count", sa.Integer, server_default="0"),
    required("refused_count", sa.Integer, server_default="0"),
    # Rows whose answer told what the account may not read, up to the last row; and those that the day's budget was charged for.
    required("told_count", sa.Integer, server_default="0"),
    required("charged_count", sa.Integer, server_default="0"),
    required("ignored_columns", ARRAY(sa.Text), server_default="{}"),
    # Why the file cannot be read.
    optional("label_id"),
    optional("label_en"),
    optional("fault_row", sa.Integer),
    optional("finished_at", INSTANT),
    optional("lease", sa.Uuid),
    optional("leased_until", INSTANT),
    sa.CheckConstraint("(label_id IS NULL) = (label_en IS NULL)", name="fault_in_both_languages"),
    sa.CheckConstraint("(lease IS NULL) = (leased_until IS NULL)", name="lease_whole"),
    sa.CheckConstraint("status <> 'STOPPED' OR (applies AND label_en IS NOT NULL)", name="stopped_for_a_reason"),
    sa.Index(None, "account_id", "created_at", "id"),
    sa.Index(None, "organization_id", "created_at", "id"),
    sa.Index(None, "created_at", "id"),
    sa.Index(None, "upload_id"),
    sa.Index(
        "ix_import_job_uncompared",
        "created_at",
        postgresql_where=sa.text("applies AND status IN ('DONE', 'STOPPED') AND compared_row < last_row"),
    ),
    sa.Index("ix_import_job_open", "created_at", postgresql_where=sa.text("status IN ('WAITING', 'RUNNING')")),
)


# What became of a row; one for each problem where it was refused. No foreign key to the volunteer: it would lock the row.
ImportEntry = table(
    "import_entry",
    *record(),
    required("import_job_id", sa.Uuid, sa.ForeignKey("import_job.id", ondelete="CASCADE")),
    # The number of the row in the file, from 1.
    required("row", sa.Integer),
    required("outcome", Chosen(ImportOutcome)),
    optional("volunteer_id", sa.Uuid),
    optional("column_name"),
    optional("value"),
    optional("code", Symbol),
    optional("label_id"),
    optional("label_en"),
    symbol("code"),
    sa.CheckConstraint("(outcome = 'REFUSED') = (code IS NOT NULL)", name="refused_for_a_reason"),
    sa.CheckConstraint(
        "(code IS NULL) = (label_id IS NULL) AND (code IS NULL) = (label_en IS NULL)", name="reason_whole"
    ),
    sa.Index(None, "import_job_id", "row", "id"),
)


# A title of a column, by its search key, as an organization uses it in its files.
ColumnTitle = table(
    "column_title",
    sa.Column("organization_id", sa.Uuid, references("organization.id"), primary_key=True),
    sa.Column("title", sa.Text, primary_key=True),
    required("column_name"),
)
