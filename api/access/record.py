"""Who sees and keeps what belongs to a volunteer and is private: absences, insurances."""

import sqlalchemy as sa

from api.access.actor import ORGANIZATIONS, Condition, Kind, Row
from api.access.condition import any_of, coordinates, leads_to
from api.access.person import keeps_volunteer, knows_volunteer, members_today
from api.models import Membership, Volunteer


def sees_private_record(kind: Kind, row: Row) -> Condition:
    """Who may read what is private of the volunteer."""
    return leads_to(kind, row.c.volunteer_id, Volunteer, knows_volunteer)


def keeps_private_record(kind: Kind, row: Row) -> Condition:
    """Who keeps the record of the volunteer."""
    return leads_to(kind, row.c.volunteer_id, Volunteer, keeps_volunteer)


def sees_suspected_pair(kind: Kind, row: Row) -> Condition:
    """The coordinators of the kabupaten of both."""
    return coordinates(kind, row.c.kabupaten_code)


def insures(kind: Kind, row: Row) -> Condition:
    """Managers of a standing organization of the volunteer, coordinators of home; not the volunteer."""
    members = members_today(Membership.c.organization_id == sa.any_(ORGANIZATIONS), of_standing=True)
    managed = row.c.id.in_(members) if kind.organizations else None
    return any_of(coordinates(kind, row.c.kabupaten_code), managed)
