"""Who scans, and who sees what was scanned."""

import sqlalchemy as sa

from api.access.actor import Condition, Kind, Row
from api.access.camp import answers_registration, receives_registration, runs_camp
from api.access.condition import any_of, exists_where
from api.access.incident import keeps_site
from api.access.person import answers_for, knows_volunteer
from api.models import Camp, CampRegistration, Site, Volunteer
from api.models.camp_registration import CAMP_REGISTRATION


def records_scan(kind: Kind, scan: Row) -> Condition:
    """Who runs the camp, or keeps the site."""
    camp, site = Camp.alias(), Site.alias()
    return any_of(
        exists_where(scan, camp.c.id == scan.c.camp_id, runs_camp(kind, camp)),
        exists_where(scan, site.c.id == scan.c.site_id, keeps_site(kind, site)),
    )


def sees_scan(kind: Kind, row: Row) -> Condition:
    """Who records scans there, the person, and who answers for the person."""
    own = sa.func.coalesce(answers_for(kind, row.c.volunteer_id), sa.false(), type_=sa.Boolean())
    return any_of(records_scan(kind, row), own)


def sees_scan_code(kind: Kind, row: Row) -> Condition:
    """Who knows the person, who runs a camp that the person comes to; of a place, who keeps it."""
    registration, guest, site = CampRegistration.alias(), CampRegistration.alias(), Site.alias()
    comes = exists_where(
        row,
        registration.c.volunteer_id == row.c.volunteer_id,
        registration.c.status.in_(CAMP_REGISTRATION.group("LIVE")),
        receives_registration(kind, registration),
    )
    answers = sa.or_(answers_registration(kind, guest), receives_registration(kind, guest))
    volunteer = Volunteer.alias()
    return any_of(
        exists_where(row, volunteer.c.id == row.c.volunteer_id, knows_volunteer(kind, volunteer)),
        comes,
        exists_where(row, guest.c.id == row.c.registration_id, answers),
        exists_where(row, site.c.id == row.c.site_id, keeps_site(kind, site)),
    )
