"""Groups of camps.

Revision: 0045
Revises: 0044
"""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


# Somebody in a group is of its camp, of its sex if it has one, and in one group of the kind; who no longer comes leaves.
FUNCTIONS = (
    """
CREATE FUNCTION check_camp_group_member() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  SELECT g.kind INTO NEW.kind FROM camp_group AS g JOIN camp_registration AS r ON r.camp_id = g.camp_id
  WHERE g.id = NEW.group_id AND r.id = NEW.registration_id AND (g.sex IS NULL OR g.sex = r.sex)
    AND r.status IN ('OFFERED', 'REGISTERED', 'CHECKED_IN', 'COMPLETED');
  IF NOT FOUND THEN
    RAISE EXCEPTION 'The person is not of the camp of the group, has no place, or is not of its sex.'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'of_group', TABLE = 'camp_group_member';
  END IF;
  RETURN NEW;
END $$
""",
    """
CREATE FUNCTION count_camp_group() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    UPDATE camp_group SET taken = taken - 1 WHERE id = OLD.group_id;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    UPDATE camp_group SET taken = taken + 1 WHERE id = NEW.group_id;
  END IF;
  RETURN NULL;
END $$
""",
    """
CREATE FUNCTION leave_camp_groups() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM camp_group_member WHERE registration_id = NEW.id;
  RETURN NULL;
END $$
""",
)
TRIGGERS = (
    (
        "CREATE TRIGGER check_camp_group_member BEFORE INSERT OR UPDATE ON camp_group_member"
        " FOR EACH ROW EXECUTE FUNCTION check_camp_group_member()"
    ),
    (
        "CREATE TRIGGER count_camp_group AFTER INSERT OR UPDATE OR DELETE ON camp_group_member"
        " FOR EACH ROW EXECUTE FUNCTION count_camp_group()"
    ),
    (
        "CREATE TRIGGER leave_camp_groups AFTER UPDATE OF status ON camp_registration"
        " FOR EACH ROW WHEN (NEW.status NOT IN ('OFFERED', 'REGISTERED', 'CHECKED_IN', 'COMPLETED'))"
        " EXECUTE FUNCTION leave_camp_groups()"
    ),
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "camp_group",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("camp_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), server_default="0", nullable=False),
        sa.Column("sex", sa.Text(), nullable=True),
        sa.Column("leader_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("kind IN ('TENT', 'SQUAD', 'CLASS', 'BUS')", name=op.f("ck_camp_group_kind")),
        sa.CheckConstraint("sex IN ('FEMALE', 'MALE')", name=op.f("ck_camp_group_sex")),
        sa.CheckConstraint("capacity BETWEEN 1 AND 10000", name=op.f("ck_camp_group_capacity")),
        sa.CheckConstraint("taken BETWEEN 0 AND capacity", name=op.f("ck_camp_group_taken")),
        sa.ForeignKeyConstraint(["camp_id"], ["camp.id"], name=op.f("fk_camp_group_camp_id")),
        sa.ForeignKeyConstraint(["leader_id"], ["volunteer.id"], name=op.f("fk_camp_group_leader_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_camp_group")),
        sa.UniqueConstraint("camp_id", "kind", "name", name=op.f("uq_camp_group_camp_id_kind_name")),
    )
    op.create_index(op.f("ix_camp_group_camp_id_name_id"), "camp_group", ["camp_id", "name", "id"], unique=False)
    op.create_index(op.f("ix_camp_group_created_at_id"), "camp_group", ["created_at", "id"], unique=False)
    op.create_index(op.f("ix_camp_group_leader_id"), "camp_group", ["leader_id"], unique=False)
    op.create_index(op.f("ix_camp_group_name_id"), "camp_group", ["name", "id"], unique=False)
    op.create_table(
        "camp_group_member",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.CheckConstraint("kind IN ('TENT', 'SQUAD', 'CLASS', 'BUS')", name=op.f("ck_camp_group_member_kind")),
        sa.ForeignKeyConstraint(["group_id"], ["camp_group.id"], name=op.f("fk_camp_group_member_group_id")),
        sa.ForeignKeyConstraint(
            ["registration_id"], ["camp_registration.id"], name=op.f("fk_camp_group_member_registration_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_camp_group_member")),
        sa.UniqueConstraint("registration_id", "kind", name=op.f("uq_camp_group_member_registration_id_kind")),
    )
    op.create_index(op.f("ix_camp_group_member_group_id"), "camp_group_member", ["group_id"], unique=False)
    for statement in (*FUNCTIONS, *TRIGGERS):
        op.execute(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP FUNCTION check_camp_group_member(), count_camp_group(), leave_camp_groups() CASCADE")
    op.drop_index(op.f("ix_camp_group_member_group_id"), table_name="camp_group_member")
    op.drop_table("camp_group_member")
    op.drop_index(op.f("ix_camp_group_name_id"), table_name="camp_group")
    op.drop_index(op.f("ix_camp_group_leader_id"), table_name="camp_group")
    op.drop_index(op.f("ix_camp_group_created_at_id"), table_name="camp_group")
    op.drop_index(op.f("ix_camp_group_camp_id_name_id"), table_name="camp_group")
    op.drop_table("camp_group")
