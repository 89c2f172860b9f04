"""Who sees, answers and ends assignments."""

import sqlalchemy as sa

from api.access.actor import Condition, Kind, Row
from api.access.condition import any_of, coordinates, leads_to, once
from api.access.incident import sends_to_need
from api.access.person import answers_for, coordinates_home_of_volunteer
from api.models import Assignment, Need, Volunteer


def sees_assignment(kind: Kind, row: Row) -> Condition:
    """Who is sent, who answers for them, and the coordinators of both ends."""
    if kind.nation:
        return sa.true()
    ends = (sends_to_need_of(kind, row), at_home(kind, row)) if kind.places else ()
    return any_of(*ends, answers_for(kind, row.c.volunteer_id))


def sees_assignment_of_need(kind: Kind, need: Row, row: Row) -> Condition:
    """As `sees_assignment`, beside the need, whose place is compared once for all of its assignments."""
    if kind.nation:
        return sa.true()
    ends = (once(need, coordinates(kind, need.c.kabupaten_code)), at_home(kind, row)) if kind.places else ()
    return any_of(*ends, answers_for(kind, row.c.volunteer_id))


def sees_assignment_of_volunteer(kind: Kind, volunteer: Row, row: Row) -> Condition:
    """As `sees_assignment`, beside the volunteer, whose home and organizations are asked once."""
    if kind.nation:
        return sa.true()
    person = any_of(coordinates(kind, volunteer.c.kabupaten_code), answers_for(kind, volunteer.c.id))
    return any_of(once(volunteer, person), sends_to_need_of(kind, row) if kind.places else None)


def at_home(kind: Kind, assignment: Row) -> Condition:
    """Coordinators of the volunteer's home."""
    return leads_to(kind, assignment.c.volunteer_id, Volunteer, coordinates_home_of_volunteer)


def sees_part_of_assignment(kind: Kind, row: Row) -> Condition:
    """Who sees the assignment: what was set aside for it, and what was reported of it."""
    return leads_to(kind, row.c.assignment_id, Assignment, sees_assignment)


def accepts_assignment(kind: Kind, assignment: Row) -> Condition:
    """The volunteer, or a manager of one of the volunteer's organizations that stands: others take no new duty."""
    return answers_for(kind, assignment.c.volunteer_id, of_standing=True)


def answers_assignment(kind: Kind, assignment: Row) -> Condition:
    """The volunteer, or a manager of one of the volunteer's organizations."""
    return answers_for(kind, assignment.c.volunteer_id)


def sends_to_need_of(kind: Kind, assignment: Row) -> Condition:
    """Coordinators of the need's kabupaten."""
    return leads_to(kind, assignment.c.need_id, Need, sends_to_need)


def cancels_assignment(kind: Kind, assignment: Row) -> Condition:
    """Either side: the volunteer's, or the coordinators of the need's kabupaten."""
    return any_of(answers_assignment(kind, assignment), sends_to_need_of(kind, assignment))
