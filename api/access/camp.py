"""Who sees camps, their contingents and registrations, and who runs them."""

import sqlalchemy as sa

from api.access.actor import ROLES, VOLUNTEER, Condition, Kind, Row, Sql
from api.access.condition import any_of, coordinates, exists_where, leads_to, manages
from api.access.organization import keeps_organization
from api.access.person import answers_for
from api.models import Camp, CampGroupMember, CampRegistration, CampStaffMember, Contingent, Organization, Role
from api.models.account import RoleKind
from api.models.camp import CampDuty, CampStatus


def sees_camp(kind: Kind, row: Row) -> Condition:
    """Public once it was announced; before, to who keeps it, works there, or issues its certificates."""
    return any_of(row.c.opened_at.is_not(None), runs_camp(kind, row), issues_for_camp(kind, row))


def issues_for_camp(kind: Kind, camp: Row) -> Condition:
    """Managers of the organization that the camp names as the issuer of its certificates, coordinators of its home."""
    return leads_to(kind, camp.c.issuer_id, Organization, keeps_organization)


def keeps_camp(kind: Kind, camp: Row) -> Condition:
    """Coordinators of its kabupaten, managers of the host, also of one that does not stand: its camps go on (decision record 0035)."""
    return any_of(coordinates(kind, camp.c.kabupaten_code), manages(kind, camp.c.host_id))


def mobilizes_camp(kind: Kind, camp: Row) -> Condition:
    """Coordinators of its kabupaten."""
    return coordinates(kind, camp.c.kabupaten_code)


def works_at_camp(kind: Kind, camp: Row) -> Condition:
    """Whether the actor holds a role in force as staff of the camp, or of all camps of its host."""
    if not kind.account:
        return sa.false()
    role = Role.alias()
    here = sa.or_(role.c.camp_id == camp.c.id, role.c.organization_id == camp.c.host_id)
    return exists_where(camp, role.c.id == sa.any_(ROLES), role.c.kind == RoleKind.CAMP_STAFF, here)


def runs_camp(kind: Kind, camp: Row) -> Condition:
    """Coordinators of its kabupaten, managers of the host, its staff."""
    return any_of(keeps_camp(kind, camp), works_at_camp(kind, camp))


def is_medic(kind: Kind, camp: Row) -> Condition:
    """Whether the volunteer who asks is a medic of the camp."""
    return _has_duty(kind, camp, CampDuty.MEDIC)


def plans_kitchen(kind: Kind, camp: Row) -> Condition:
    """Its cooks and medics, coordinators of its kabupaten and managers of the host, while it runs: they know how many eat what.

    Small numbers are told, too, though one scan more may tell whose diet it is: who alone eats something must get it, and
    whoever serves it sees who takes it.
    """
    planners = any_of(keeps_camp(kind, camp), is_medic(kind, camp), _has_duty(kind, camp, CampDuty.COOK))
    return sa.and_(camp.c.status == CampStatus.RUNNING, planners)


def _has_duty(kind: Kind, camp: Row, duty: CampDuty) -> Condition:
    if not kind.volunteer:
        return sa.false()
    member = CampStaffMember.alias()
    own = sa.and_(member.c.camp_id == camp.c.id, member.c.volunteer_id == VOLUNTEER)
    return exists_where(camp, own, member.c.duty == duty, member.c.ended_at.is_(None))


def sees_part_of_camp(kind: Kind, row: Row) -> Condition:
    """Sessions and quotas are seen by who sees the camp."""
    return leads_to(kind, row.c.camp_id, Camp, sees_camp)


def _keeps_camp_of(kind: Kind, row: Row) -> Condition:
    return leads_to(kind, row.c.camp_id, Camp, keeps_camp)


def _runs_camp_of(kind: Kind, row: Row) -> Condition:
    return leads_to(kind, row.c.camp_id, Camp, runs_camp)


def reads_evaluations(kind: Kind, session: Row) -> Condition:
    """Who runs the camp reads what was said of its sessions."""
    return _runs_camp_of(kind, session)


def sees_staff_member(kind: Kind, row: Row) -> Condition:
    """Who runs the camp, the person, and who answers for the person."""
    return any_of(_runs_camp_of(kind, row), answers_for(kind, row.c.volunteer_id))


def asks_contingent(kind: Kind, contingent: Row) -> Condition:
    """Managers of the organization that it is for, coordinators of its home or of the kabupaten that it is for."""
    home = sa.select(Organization.c.kabupaten_code).where(Organization.c.id == contingent.c.organization_id)
    kabupaten: Sql = sa.func.coalesce(
        contingent.c.kabupaten_code, home.correlate(contingent).scalar_subquery(), type_=sa.Text()
    )
    asks = any_of(coordinates(kind, kabupaten), manages(kind, contingent.c.organization_id))
    return sa.func.coalesce(asks, sa.false(), type_=sa.Boolean())


def allots_contingent(kind: Kind, contingent: Row) -> Condition:
    """Coordinators of the camp's kabupaten, managers of the host."""
    return _keeps_camp_of(kind, contingent)


def speaks_for_contingent(kind: Kind, contingent: Row) -> Condition:
    """Whose contingent it is: managers of its organization, coordinators of its kabupaten; and the leader named by these."""
    leads = sa.and_(contingent.c.leader_id == VOLUNTEER, contingent.c.has_own_leader) if kind.volunteer else None
    return sa.func.coalesce(any_of(owns_contingent(kind, contingent), leads), sa.false(), type_=sa.Boolean())


def owns_contingent(kind: Kind, contingent: Row) -> Condition:
    """Whose contingent it is: managers of its organization, coordinators of its kabupaten."""
    kabupaten = contingent.c.kabupaten_code
    local = sa.and_(kabupaten.is_not(None), coordinates(kind, kabupaten))
    owns = any_of(local, manages(kind, contingent.c.organization_id))
    return sa.func.coalesce(owns, sa.false(), type_=sa.Boolean())


def fills_contingent(kind: Kind, contingent: Row) -> Condition:
    """Who asks for it, its leader, coordinators of the camp's kabupaten, managers of the host."""
    leads = sa.func.coalesce(contingent.c.leader_id == VOLUNTEER, sa.false(), type_=sa.Boolean())
    return any_of(
        asks_contingent(kind, contingent), _keeps_camp_of(kind, contingent), leads if kind.volunteer else None
    )


def sees_contingent(kind: Kind, row: Row) -> Condition:
    """Who fills it, and who runs the camp."""
    return any_of(fills_contingent(kind, row), _runs_camp_of(kind, row))


def answers_registration(kind: Kind, registration: Row) -> Condition:
    """The person, managers for members and guests of the organization, who fills the contingent, who keeps the camp."""
    fills = leads_to(kind, registration.c.contingent_id, Contingent, fills_contingent)
    own = sa.or_(answers_for(kind, registration.c.volunteer_id), manages(kind, registration.c.organization_id))
    return any_of(
        sa.func.coalesce(own, sa.false(), type_=sa.Boolean()),
        fills if kind.account else None,
        _keeps_camp_of(kind, registration),
    )


def receives_registration(kind: Kind, registration: Row) -> Condition:
    """Coordinators of the camp's kabupaten, managers of the host, staff of the camp."""
    return _runs_camp_of(kind, registration)


def sees_registration(kind: Kind, row: Row) -> Condition:
    """Who answers for it, who runs the camp, coordinators of the person's home."""
    return any_of(answers_registration(kind, row), _runs_camp_of(kind, row), coordinates(kind, row.c.kabupaten_code))


def sees_camp_group(kind: Kind, row: Row) -> Condition:
    """Who runs the camp, the leader, and who answers for one of its people."""
    member, registration = CampGroupMember.alias(), CampRegistration.alias()
    of_it = sa.select(member.c.registration_id).where(member.c.group_id == row.c.id).correlate(row)
    answers = exists_where(row, registration.c.id.in_(of_it), answers_registration(kind, registration))
    leads = sa.func.coalesce(row.c.leader_id == VOLUNTEER, sa.false(), type_=sa.Boolean())
    return any_of(_runs_camp_of(kind, row), leads if kind.volunteer else None, answers if kind.account else None)
