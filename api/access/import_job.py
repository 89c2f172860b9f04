"""Who sees, and applies, imports."""

import sqlalchemy as sa

from api.access.actor import ACCOUNT, Condition, Kind, Row
from api.access.condition import any_of, leads_to, manages
from api.access.person import enrols
from api.models import Organization


def sees_import_job(kind: Kind, row: Row) -> Condition:
    """The managers of the organization, and who started it, as long as they may enrol its members: its report tells what the file says."""
    return any_of(manages(kind, row.c.organization_id), runs_import_job(kind, row))


def runs_import_job(kind: Kind, row: Row) -> Condition:
    """Who started it, and may still enrol members of the organization: its rows are people as the file has them."""
    if not kind.account:
        return sa.false()
    return sa.and_(row.c.account_id == ACCOUNT, leads_to(kind, row.c.organization_id, Organization, enrols))
