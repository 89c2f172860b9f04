"""Who sees, and applies, imports."""

import sqlalchemy as sa

from api.access.actor import ACCOUNT, Condition, Kind, Row
from api.access.condition import leads_to
from api.access.person import enrols
from api.models import Organization


def sees_import_job(kind: Kind, row: Row) -> Condition:
    """Who started it: its report tells what the file says; an API key of the account, as far as its roles may run it."""
    if not kind.account:
        return sa.false()
    started = row.c.account_id == ACCOUNT
    return started if kind.own else sa.and_(started, runs_import_job(kind, row))


def reads_refused_rows(kind: Kind, row: Row) -> Condition:
    """Who started it, and may still enrol members of the organization: they are people as the file has them."""
    return sa.and_(sees_import_job(kind, row), runs_import_job(kind, row))


def runs_import_job(kind: Kind, row: Row) -> Condition:
    """Who may still enrol members of the organization."""
    return leads_to(kind, row.c.organization_id, Organization, enrols)
