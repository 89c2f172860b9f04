"""The first tables: places, people, what they can do, what has happened, who is sent.

Revision: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql


class Xid8(sa.types.UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction number."""

    def get_col_spec(self, **_: object) -> str:
        return "xid8"


revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # Both are trusted: the owner of a database may create them.
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.create_table(
        "certificate_type",
        sa.Column("validity_months", sa.Integer(), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("label_id", sa.Text(), nullable=False),
        sa.Column("label_en", sa.Text(), nullable=False),
        sa.CheckConstraint("code ~ '^[A-Za-z0-9._-]+$'", name=op.f("ck_certificate_type_code_symbol")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_certificate_type")),
    )
    op.create_table(
        "cluster",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("label_id", sa.Text(), nullable=False),
        sa.Column("label_en", sa.Text(), nullable=False),
        sa.CheckConstraint("code ~ '^[A-Za-z0-9._-]+$'", name=op.f("ck_cluster_code_symbol")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_cluster")),
    )
    op.create_table(
        "hazard",
        sa.Column("parent_code", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("label_id", sa.Text(), nullable=False),
        sa.Column("label_en", sa.Text(), nullable=False),
        sa.CheckConstraint("code ~ '^[A-Za-z0-9._-]+$'", name=op.f("ck_hazard_code_symbol")),
        sa.ForeignKeyConstraint(["parent_code"], ["hazard.code"], name=op.f("fk_hazard_parent_code")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_hazard")),
    )
    op.create_index(op.f("ix_hazard_parent_code"), "hazard", ["parent_code"], unique=False)
    op.create_table(
        "province",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.CheckConstraint("code ~ '^[A-Za-z0-9._-]+$'", name=op.f("ck_province_code_symbol")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_province")),
    )
    op.create_table(
        "rank",
        sa.Column("corps", sa.Text(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("label_id", sa.Text(), nullable=False),
        sa.Column("label_en", sa.Text(), nullable=False),
        sa.CheckConstraint("code ~ '^[A-Za-z0-9._-]+$'", name=op.f("ck_rank_code_symbol")),
        sa.CheckConstraint("corps ~ '^[A-Za-z0-9._-]+$'", name=op.f("ck_rank_corps_symbol")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_rank")),
        sa.UniqueConstraint("corps", "level", name=op.f("uq_rank_corps_level")),
    )
    op.create_table(
        "skill",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("label_id", sa.Text(), nullable=False),
        sa.Column("label_en", sa.Text(), nullable=False),
        sa.CheckConstraint("code ~ '^[A-Za-z0-9._-]+$'", name=op.f("ck_skill_code_symbol")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_skill")),
    )
    op.create_table(
        "certificate_type_grant",
        sa.Column("certificate_type_code", sa.Text(), nullable=False),
        sa.Column("skill_code", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["certificate_type_code"],
            ["certificate_type.code"],
            name=op.f("fk_certificate_type_grant_certificate_type_code"),
        ),
        sa.ForeignKeyConstraint(["skill_code"], ["skill.code"], name=op.f("fk_certificate_type_grant_skill_code")),
        sa.PrimaryKeyConstraint("certificate_type_code", "skill_code", name=op.f("pk_certificate_type_grant")),
    )
    op.create_index(
        op.f("ix_certificate_type_grant_skill_code"), "certificate_type_grant", ["skill_code"], unique=False
    )
    op.create_table(
        "certificate_type_inclusion",
        sa.Column("certificate_type_code", sa.Text(), nullable=False),
        sa.Column("included_code", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "certificate_type_code <> included_code", name=op.f("ck_certificate_type_inclusion_not_itself")
        ),
        sa.ForeignKeyConstraint(
            ["certificate_type_code"],
            ["certificate_type.code"],
            name=op.f("fk_certificate_type_inclusion_certificate_type_code"),
        ),
        sa.ForeignKeyConstraint(
            ["included_code"], ["certificate_type.code"], name=op.f("fk_certificate_type_inclusion_included_code")
        ),
        sa.PrimaryKeyConstraint("certificate_type_code", "included_code", name=op.f("pk_certificate_type_inclusion")),
    )
    op.create_table(
        "certificate_type_skill",
        sa.Column("certificate_type_code", sa.Text(), nullable=False),
        sa.Column("skill_code", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["certificate_type_code"],
            ["certificate_type.code"],
            name=op.f("fk_certificate_type_skill_certificate_type_code"),
        ),
        sa.ForeignKeyConstraint(["skill_code"], ["skill.code"], name=op.f("fk_certificate_type_skill_skill_code")),
        sa.PrimaryKeyConstraint("certificate_type_code", "skill_code", name=op.f("pk_certificate_type_skill")),
    )
    op.create_table(
        "incident",
        sa.Column("hazard_code", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=False),
        sa.Column("longitude", sa.Double(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("status IN ('REPORTED', 'VERIFIED', 'ACTIVE', 'CLOSED')", name=op.f("ck_incident_status")),
        sa.CheckConstraint("ended_at > started_at", name=op.f("ck_incident_ends_after_start")),
        sa.CheckConstraint(
            "latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name=op.f("ck_incident_position")
        ),
        sa.ForeignKeyConstraint(["hazard_code"], ["hazard.code"], name=op.f("fk_incident_hazard_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
    )
    op.create_index(op.f("ix_incident_hazard_code"), "incident", ["hazard_code"], unique=False)
    op.create_index(op.f("ix_incident_started_at_id"), "incident", ["started_at", "id"], unique=False)
    op.create_index(op.f("ix_incident_status_started_at_id"), "incident", ["status", "started_at", "id"], unique=False)
    op.create_table(
        "kabupaten",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("province_code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=False),
        sa.Column("longitude", sa.Double(), nullable=False),
        sa.CheckConstraint("code ~ '^[A-Za-z0-9._-]+$'", name=op.f("ck_kabupaten_code_symbol")),
        sa.CheckConstraint("kind IN ('KABUPATEN', 'KOTA')", name=op.f("ck_kabupaten_kind")),
        sa.CheckConstraint("left(code, 2) = province_code", name=op.f("ck_kabupaten_in_its_province")),
        sa.ForeignKeyConstraint(["province_code"], ["province.code"], name=op.f("fk_kabupaten_province_code")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_kabupaten")),
    )
    op.create_index(op.f("ix_kabupaten_province_code"), "kabupaten", ["province_code"], unique=False)
    op.create_table(
        "incident_kabupaten",
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("kabupaten_code", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_incident_kabupaten_incident_id")),
        sa.ForeignKeyConstraint(
            ["kabupaten_code"], ["kabupaten.code"], name=op.f("fk_incident_kabupaten_kabupaten_code")
        ),
        sa.PrimaryKeyConstraint("incident_id", "kabupaten_code", name=op.f("pk_incident_kabupaten")),
    )
    op.create_index(
        op.f("ix_incident_kabupaten_kabupaten_code"), "incident_kabupaten", ["kabupaten_code"], unique=False
    )
    op.create_table(
        "need",
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("skill_code", sa.Text(), nullable=False),
        sa.Column("minimum_rank_code", sa.Text(), nullable=True),
        sa.Column("cluster_code", sa.Text(), nullable=False),
        sa.Column("people_wanted", sa.Integer(), nullable=False),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kabupaten_code", sa.Text(), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=False),
        sa.Column("longitude", sa.Double(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("priority IN ('LOW', 'NORMAL', 'HIGH', 'URGENT')", name=op.f("ck_need_priority")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_need_ends_after_start")),
        sa.CheckConstraint(
            "latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name=op.f("ck_need_position")
        ),
        sa.CheckConstraint("people_wanted BETWEEN 1 AND 10000", name=op.f("ck_need_people_wanted")),
        sa.ForeignKeyConstraint(["cluster_code"], ["cluster.code"], name=op.f("fk_need_cluster_code")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_need_incident_id")),
        sa.ForeignKeyConstraint(["kabupaten_code"], ["kabupaten.code"], name=op.f("fk_need_kabupaten_code")),
        sa.ForeignKeyConstraint(["minimum_rank_code"], ["rank.code"], name=op.f("fk_need_minimum_rank_code")),
        sa.ForeignKeyConstraint(["skill_code"], ["skill.code"], name=op.f("fk_need_skill_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_need")),
    )
    op.create_index(op.f("ix_need_incident_id_starts_at_id"), "need", ["incident_id", "starts_at", "id"], unique=False)
    op.create_index(
        op.f("ix_need_kabupaten_code_starts_at_id"), "need", ["kabupaten_code", "starts_at", "id"], unique=False
    )
    op.create_index(op.f("ix_need_skill_code"), "need", ["skill_code"], unique=False)
    op.create_index(op.f("ix_need_starts_at_id"), "need", ["starts_at", "id"], unique=False)
    op.create_table(
        "organization",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("kabupaten_code", sa.Text(), nullable=False),
        sa.Column("verification", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "kind IN ('GOVERNMENT', 'CORPS', 'NGO', 'ZAKAT', 'WELFARE_INSTITUTION', 'FORUM')",
            name=op.f("ck_organization_kind"),
        ),
        sa.CheckConstraint(
            "verification IN ('PENDING', 'VERIFIED', 'SUSPENDED')", name=op.f("ck_organization_verification")
        ),
        sa.CheckConstraint("parent_id <> id", name=op.f("ck_organization_not_its_own_parent")),
        sa.ForeignKeyConstraint(["kabupaten_code"], ["kabupaten.code"], name=op.f("fk_organization_kabupaten_code")),
        sa.ForeignKeyConstraint(["parent_id"], ["organization.id"], name=op.f("fk_organization_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organization")),
        sa.UniqueConstraint("name", "kabupaten_code", name=op.f("uq_organization_name_kabupaten_code")),
    )
    op.create_index(
        op.f("ix_organization_kabupaten_code_name_id"), "organization", ["kabupaten_code", "name", "id"], unique=False
    )
    op.create_index(op.f("ix_organization_name_id"), "organization", ["name", "id"], unique=False)
    op.create_index(op.f("ix_organization_parent_id"), "organization", ["parent_id"], unique=False)
    op.create_table(
        "volunteer",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("nik_cipher", sa.LargeBinary(), nullable=True),
        sa.Column("nik_index", sa.LargeBinary(), nullable=True),
        sa.Column("nik_tail", sa.Text(), nullable=True),
        sa.Column("kabupaten_code", sa.Text(), nullable=False),
        sa.Column("province_code", sa.Text(), sa.Computed("left(kabupaten_code, 2)", persisted=True), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("reach", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("consent_given_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("consent_purpose", sa.Text(), nullable=True),
        sa.Column("consent_withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("phone ~ '^\\+62[0-9]{7,13}$'", name=op.f("ck_volunteer_phone_e164")),
        sa.CheckConstraint("reach IN ('KABUPATEN', 'PROVINCE', 'NATIONAL')", name=op.f("ck_volunteer_reach")),
        sa.CheckConstraint("status IN ('ACTIVE', 'INACTIVE')", name=op.f("ck_volunteer_status")),
        sa.CheckConstraint(
            "(consent_given_at IS NULL) = (consent_purpose IS NULL)", name=op.f("ck_volunteer_consent_whole")
        ),
        sa.CheckConstraint("(latitude IS NULL) = (longitude IS NULL)", name=op.f("ck_volunteer_position_whole")),
        sa.CheckConstraint("(nik_cipher IS NULL) = (nik_index IS NULL)", name=op.f("ck_volunteer_nik_whole")),
        sa.CheckConstraint(
            "latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name=op.f("ck_volunteer_position")
        ),
        sa.ForeignKeyConstraint(["kabupaten_code"], ["kabupaten.code"], name=op.f("fk_volunteer_kabupaten_code")),
        sa.ForeignKeyConstraint(["province_code"], ["province.code"], name=op.f("fk_volunteer_province_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_volunteer")),
        sa.UniqueConstraint("nik_index", name=op.f("uq_volunteer_nik_index")),
    )
    op.create_index(
        op.f("ix_volunteer_kabupaten_code_name_id"), "volunteer", ["kabupaten_code", "name", "id"], unique=False
    )
    op.create_index(op.f("ix_volunteer_name_id"), "volunteer", ["name", "id"], unique=False)
    op.create_index(
        "ix_volunteer_name_trigram",
        "volunteer",
        ["name"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"name": "gin_trgm_ops"},
    )
    op.create_index(
        op.f("ix_volunteer_province_code_name_id"), "volunteer", ["province_code", "name", "id"], unique=False
    )
    op.create_table(
        "account",
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("volunteer_id", sa.Uuid(), nullable=True),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("login ~ '^[A-Za-z0-9._-]+$'", name=op.f("ck_account_login_symbol")),
        sa.ForeignKeyConstraint(["volunteer_id"], ["volunteer.id"], name=op.f("fk_account_volunteer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("login", name=op.f("uq_account_login")),
        sa.UniqueConstraint("volunteer_id", name=op.f("uq_account_volunteer_id")),
    )
    op.create_table(
        "assignment",
        sa.Column("need_id", sa.Uuid(), nullable=False),
        sa.Column("volunteer_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "status IN ('OFFERED', 'ACCEPTED', 'MOBILIZED', 'ON_DUTY', 'COMPLETED', 'DECLINED', 'EXPIRED', 'CANCELLED', 'RELEASED', 'NO_SHOW')",
            name=op.f("ck_assignment_status"),
        ),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_assignment_ends_after_start")),
        sa.ForeignKeyConstraint(["need_id"], ["need.id"], name=op.f("fk_assignment_need_id")),
        sa.ForeignKeyConstraint(["volunteer_id"], ["volunteer.id"], name=op.f("fk_assignment_volunteer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment")),
    )
    op.create_index(
        op.f("ix_assignment_need_id_starts_at_id"), "assignment", ["need_id", "starts_at", "id"], unique=False
    )
    op.create_index(op.f("ix_assignment_starts_at_id"), "assignment", ["starts_at", "id"], unique=False)
    op.create_index(
        op.f("ix_assignment_volunteer_id_starts_at_id"), "assignment", ["volunteer_id", "starts_at", "id"], unique=False
    )
    op.create_index(
        "uq_assignment_live",
        "assignment",
        ["need_id", "volunteer_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('OFFERED', 'ACCEPTED', 'MOBILIZED', 'ON_DUTY')"),
    )
    op.create_table(
        "certificate",
        sa.Column("volunteer_id", sa.Uuid(), nullable=False),
        sa.Column("certificate_type_code", sa.Text(), nullable=False),
        sa.Column("issuer_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("revoked_on", sa.Date(), nullable=True),
        sa.Column("revocation_reason", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(revoked_on IS NULL) = (revocation_reason IS NULL)", name=op.f("ck_certificate_revoked_with_reason")
        ),
        sa.CheckConstraint("expires_on >= issued_on", name=op.f("ck_certificate_expires_after_issue")),
        sa.ForeignKeyConstraint(
            ["certificate_type_code"], ["certificate_type.code"], name=op.f("fk_certificate_certificate_type_code")
        ),
        sa.ForeignKeyConstraint(["issuer_id"], ["organization.id"], name=op.f("fk_certificate_issuer_id")),
        sa.ForeignKeyConstraint(["volunteer_id"], ["volunteer.id"], name=op.f("fk_certificate_volunteer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate")),
        sa.UniqueConstraint("issuer_id", "number", name=op.f("uq_certificate_issuer_id_number")),
    )
    op.create_index(
        "ix_certificate_standing",
        "certificate",
        ["volunteer_id", "certificate_type_code"],
        unique=False,
        postgresql_include=["issued_on", "expires_on"],
        postgresql_where=sa.text("revoked_on IS NULL"),
    )
    op.create_index(
        op.f("ix_certificate_certificate_type_code"), "certificate", ["certificate_type_code"], unique=False
    )
    op.create_index(
        op.f("ix_certificate_volunteer_id_issued_on_id"),
        "certificate",
        ["volunteer_id", "issued_on", "id"],
        unique=False,
    )
    op.create_table(
        "licence",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("revoked_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind IN ('REGISTRATION', 'FUNDRAISING', 'ACCREDITATION')", name=op.f("ck_licence_kind")),
        sa.CheckConstraint("valid_until >= valid_from", name=op.f("ck_licence_ends_after_start")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_licence_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_licence")),
        sa.UniqueConstraint("issuer", "number", name=op.f("uq_licence_issuer_number")),
    )
    op.create_index(op.f("ix_licence_organization_id"), "licence", ["organization_id"], unique=False)
    op.create_table(
        "membership",
        sa.Column("volunteer_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("rank_code", sa.Text(), nullable=True),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("volunteer_id"), "="),
            (sa.column("organization_id"), "="),
            (sa.text("daterange(since, until, '[]')"), "&&"),
            using="gist",
            name="ex_membership_once",
        ),
        sa.CheckConstraint("end_reason IS NULL OR until IS NOT NULL", name=op.f("ck_membership_reason_of_an_end")),
        sa.CheckConstraint("until >= since", name=op.f("ck_membership_ends_after_start")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_membership_organization_id")),
        sa.ForeignKeyConstraint(["rank_code"], ["rank.code"], name=op.f("fk_membership_rank_code")),
        sa.ForeignKeyConstraint(["volunteer_id"], ["volunteer.id"], name=op.f("fk_membership_volunteer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership")),
        sa.UniqueConstraint("organization_id", "number", name=op.f("uq_membership_organization_id_number")),
    )
    op.create_index(
        op.f("ix_membership_organization_id_since_id"), "membership", ["organization_id", "since", "id"], unique=False
    )
    op.create_index(
        op.f("ix_membership_volunteer_id_since_id"), "membership", ["volunteer_id", "since", "id"], unique=False
    )
    op.create_table(
        "commitment",
        sa.Column("volunteer_id", sa.Uuid(), nullable=False),
        sa.Column("assignment_id", sa.Uuid(), nullable=True),
        sa.Column("period", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("volunteer_id"), "="),
            (sa.column("period"), "&&"),
            using="gist",
            name="ex_commitment_one_place_at_a_time",
        ),
        sa.CheckConstraint(
            "NOT isempty(period) AND NOT lower_inf(period) AND NOT upper_inf(period)",
            name=op.f("ck_commitment_bounded"),
        ),
        sa.ForeignKeyConstraint(["assignment_id"], ["assignment.id"], name=op.f("fk_commitment_assignment_id")),
        sa.ForeignKeyConstraint(["volunteer_id"], ["volunteer.id"], name=op.f("fk_commitment_volunteer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commitment")),
        sa.UniqueConstraint("assignment_id", name=op.f("uq_commitment_assignment_id")),
    )
    op.create_table(
        "event",
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("transaction", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_type", sa.Text(), nullable=False),
        sa.Column("subject_key", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("change", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_event_account_id")),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_event")),
    )
    op.create_index(
        op.f("ix_event_subject_type_subject_key_position"),
        "event",
        ["subject_type", "subject_key", "position"],
        unique=False,
    )
    op.create_table(
        "idempotency",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("mutation", sa.Text(), nullable=False),
        sa.Column("body_digest", sa.LargeBinary(), nullable=False),
        sa.Column("outcome", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_idempotency_account_id")),
        sa.PrimaryKeyConstraint("account_id", "key", name=op.f("pk_idempotency")),
    )
    op.create_table(
        "override",
        sa.Column("assignment_id", sa.Uuid(), nullable=False),
        sa.Column("rule_code", sa.Text(), nullable=False),
        sa.Column("fact", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_override_account_id")),
        sa.ForeignKeyConstraint(["assignment_id"], ["assignment.id"], name=op.f("fk_override_assignment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_override")),
        sa.UniqueConstraint("assignment_id", "rule_code", name=op.f("uq_override_assignment_id_rule_code")),
    )
    op.create_table(
        "role",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("province_code", sa.Text(), nullable=True),
        sa.Column("kabupaten_code", sa.Text(), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(kind = 'MANAGER') = (organization_id IS NOT NULL)", name=op.f("ck_role_manager_of_one")),
        sa.CheckConstraint("kind IN ('COORDINATOR', 'MANAGER')", name=op.f("ck_role_kind")),
        sa.CheckConstraint(
            "num_nonnulls(province_code, kabupaten_code, organization_id) <= 1", name=op.f("ck_role_one_scope")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_role_account_id")),
        sa.ForeignKeyConstraint(["kabupaten_code"], ["kabupaten.code"], name=op.f("fk_role_kabupaten_code")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_role_organization_id")),
        sa.ForeignKeyConstraint(["province_code"], ["province.code"], name=op.f("fk_role_province_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role")),
    )
    op.create_index(op.f("ix_role_account_id"), "role", ["account_id"], unique=False)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index(op.f("ix_role_account_id"), table_name="role")
    op.drop_table("role")
    op.drop_table("override")
    op.drop_table("idempotency")
    op.drop_index(op.f("ix_event_subject_type_subject_key_position"), table_name="event")
    op.drop_table("event")
    op.drop_table("commitment")
    op.drop_index(op.f("ix_membership_volunteer_id_since_id"), table_name="membership")
    op.drop_index(op.f("ix_membership_organization_id_since_id"), table_name="membership")
    op.drop_table("membership")
    op.drop_index(op.f("ix_licence_organization_id"), table_name="licence")
    op.drop_table("licence")
    op.drop_index(op.f("ix_certificate_volunteer_id_issued_on_id"), table_name="certificate")
    op.drop_index(
        "ix_certificate_standing",
        table_name="certificate",
        postgresql_include=["issued_on", "expires_on"],
        postgresql_where=sa.text("revoked_on IS NULL"),
    )
    op.drop_index(op.f("ix_certificate_certificate_type_code"), table_name="certificate")
    op.drop_table("certificate")
    op.drop_index(
        "uq_assignment_live",
        table_name="assignment",
        postgresql_where=sa.text("status IN ('OFFERED', 'ACCEPTED', 'MOBILIZED', 'ON_DUTY')"),
    )
    op.drop_index(op.f("ix_assignment_volunteer_id_starts_at_id"), table_name="assignment")
    op.drop_index(op.f("ix_assignment_starts_at_id"), table_name="assignment")
    op.drop_index(op.f("ix_assignment_need_id_starts_at_id"), table_name="assignment")
    op.drop_table("assignment")
    op.drop_table("account")
    op.drop_index(op.f("ix_volunteer_province_code_name_id"), table_name="volunteer")
    op.drop_index(
        "ix_volunteer_name_trigram",
        table_name="volunteer",
        postgresql_using="gin",
        postgresql_ops={"name": "gin_trgm_ops"},
    )
    op.drop_index(op.f("ix_volunteer_name_id"), table_name="volunteer")
    op.drop_index(op.f("ix_volunteer_kabupaten_code_name_id"), table_name="volunteer")
    op.drop_table("volunteer")
    op.drop_index(op.f("ix_organization_parent_id"), table_name="organization")
    op.drop_index(op.f("ix_organization_name_id"), table_name="organization")
    op.drop_index(op.f("ix_organization_kabupaten_code_name_id"), table_name="organization")
    op.drop_table("organization")
    op.drop_index(op.f("ix_need_starts_at_id"), table_name="need")
    op.drop_index(op.f("ix_need_skill_code"), table_name="need")
    op.drop_index(op.f("ix_need_kabupaten_code_starts_at_id"), table_name="need")
    op.drop_index(op.f("ix_need_incident_id_starts_at_id"), table_name="need")
    op.drop_table("need")
    op.drop_index(op.f("ix_incident_kabupaten_kabupaten_code"), table_name="incident_kabupaten")
    op.drop_table("incident_kabupaten")
    op.drop_index(op.f("ix_kabupaten_province_code"), table_name="kabupaten")
    op.drop_table("kabupaten")
    op.drop_index(op.f("ix_incident_status_started_at_id"), table_name="incident")
    op.drop_index(op.f("ix_incident_started_at_id"), table_name="incident")
    op.drop_index(op.f("ix_incident_hazard_code"), table_name="incident")
    op.drop_table("incident")
    op.drop_table("certificate_type_skill")
    op.drop_table("certificate_type_inclusion")
    op.drop_index(op.f("ix_certificate_type_grant_skill_code"), table_name="certificate_type_grant")
    op.drop_table("certificate_type_grant")
    op.drop_table("skill")
    op.drop_table("rank")
    op.drop_table("province")
    op.drop_index(op.f("ix_hazard_parent_code"), table_name="hazard")
    op.drop_table("hazard")
    op.drop_table("cluster")
    op.drop_table("certificate_type")
