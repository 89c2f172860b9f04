"""What events concern: incident, kabupaten, organization; and the operator as a kind of actor.

Revision: 0015
Revises: 0014
"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

KINDS = "'ACCOUNT', 'PUBLIC', 'CLOCK'"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for column, type_ in (("incident_id", "uuid"), ("kabupaten_code", "text"), ("organization_id", "uuid")):
        op.execute(f"ALTER TABLE event ADD COLUMN {column} {type_}")
    # What can be read from the subjects of the events so far.
    for subject, columns, tables in (
        ("Incident", "thing.id, NULL::text", "incident AS thing"),
        ("Need", "thing.incident_id, thing.kabupaten_code", "need AS thing"),
        (
            "Assignment",
            "need.incident_id, need.kabupaten_code",
            "assignment AS thing JOIN need ON need.id = thing.need_id",
        ),
        ("Volunteer", "NULL::uuid, thing.kabupaten_code", "volunteer AS thing"),
    ):
        op.execute(
            f"UPDATE event SET (incident_id, kabupaten_code) = (SELECT {columns} FROM {tables}"  # noqa: S608  # Our own names.
            f" WHERE thing.id::text = subject_key) WHERE subject_type = '{subject}'"
        )
    _replace_kinds(f"{KINDS}, 'OPERATOR'")


def _replace_kinds(kinds: str) -> None:
    op.execute("-- squawk-ignore ban-drop-constraint\nALTER TABLE event DROP CONSTRAINT ck_event_actor_kind")
    op.execute(
        "-- squawk-ignore constraint-missing-not-valid\n"
        f"ALTER TABLE event ADD CONSTRAINT ck_event_actor_kind CHECK (actor_kind IN ({kinds}))"
    )


def downgrade() -> None:
    op.execute("DELETE FROM event WHERE actor_kind = 'OPERATOR'")
    _replace_kinds(KINDS)
    for column in ("incident_id", "kabupaten_code", "organization_id"):
        op.execute(f"ALTER TABLE event DROP COLUMN {column}")
