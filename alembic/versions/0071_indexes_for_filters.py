"""Indexes for filters.

Revision: 0071
Revises: 0070
"""

from alembic import op

revision = "0071"
down_revision = "0070"
branch_labels = None
depends_on = None

INDEXES = {
    # Of the foreign key of 0070.
    "ix_assignment_emergency_status_id": "assignment (emergency_status_id)",
    "ix_camp_registration_guest_name": "camp_registration (guest_name)",
    "ix_certificate_extension_decree_number_key": "certificate_extension (decree_number_key)",
    "ix_certificate_request_volunteer_id_created_at_id": "certificate_request (volunteer_id, created_at, id)",
    "ix_emergency_status_decree_number_key": "emergency_status (decree_number_key)",
    "ix_insurance_number_key": "insurance (number_key)",
    "ix_scan_code_registration_id_created_at_id": "scan_code (registration_id, created_at, id)",
    "ix_scan_code_site_id_created_at_id": "scan_code (site_id, created_at, id)",
    "ix_scan_code_volunteer_id_created_at_id": "scan_code (volunteer_id, created_at, id)",
    "ix_situation_report_source": "situation_report (source)",
}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = '5s'")
        for name, columns in INDEXES.items():
            # What is left of a build that was broken off.
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {columns}")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = '5s'")
        for name in INDEXES:
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
