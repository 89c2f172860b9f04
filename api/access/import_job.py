"""Who sees, and applies, imports."""

import sqlalchemy as sa

from api.access.actor import ACCOUNT, Condition, Kind, Row
from api.access.condition import leads_to
from api.access.person import enrols
from api.models import Organization


def sees_import_job(kind: Kind, row: Row) -> Condition:
    """Who started it: its report tells what the file says."""
    return row.c.account_id == ACCOUNT if kind.account else sa.false()


def runs_import_job(kind: Kind, row: Row) -> Condition:
    """Who may still enrol members of the organization."""
    return leads_to(kind, row.c.organization_id, Organization, enrols)
