"""Who scans, and who sees what was scanned."""

import sqlalchemy as sa

from api.access.actor import Condition, Kind, Row
from api.access.camp import answers_registration, receives_registration, runs_camp
from api.access.condition import any_of, exists_where, leads_to
from api.access.incident import keeps_site
from api.access.person import answers_for, knows_volunteer
from api.models import Camp, CampRegistration, Site, Volunteer
from api.models.camp_registration import CAMP_REGISTRATION


def records_scan(kind: Kind, scan: Row) -> Condition:
    """Who runs the camp, or keeps the site."""
    return any_of(leads_to(kind, scan.c.camp_id, Camp, runs_camp), leads_to(kind, scan.c.site_id, Site, keeps_site))


def sees_scan(kind: Kind, row: Row) -> Condition:
    """Who records scans there, the person, and managers of the person's standing organizations."""
    own = sa.func.coalesce(answers_for(kind, row.c.volunteer_id, of_standing=True), sa.false(), type_=sa.Boolean())
    return any_of(records_scan(kind, row), own)


def sees_scan_code(kind: Kind, row: Row) -> Condition:
    """Who knows the person, who runs a camp that the person comes to; of a place, who keeps it."""
    registration = CampRegistration.alias()
    comes = exists_where(
        row,
        registration.c.volunteer_id == row.c.volunteer_id,
        registration.c.status.in_(CAMP_REGISTRATION.group("LIVE")),
        receives_registration(kind, registration),
    )
    return any_of(
        leads_to(kind, row.c.volunteer_id, Volunteer, knows_volunteer),
        None if kind.nation else comes,
        leads_to(kind, row.c.registration_id, CampRegistration, _knows_guest),
        leads_to(kind, row.c.site_id, Site, keeps_site),
    )


def _knows_guest(kind: Kind, registration: Row) -> Condition:
    """Who answers for a guest, and who runs the camp."""
    return any_of(answers_registration(kind, registration), receives_registration(kind, registration))
