"""Who sees, answers and ends assignments."""

import sqlalchemy as sa

from api.access.actor import Condition, Kind, Row
from api.access.condition import any_of, coordinates, exists_where, once
from api.access.incident import sends_to_need
from api.access.person import answers_for
from api.models import Assignment, Need, Volunteer


def sees_assignment(kind: Kind, row: Row) -> Condition:
    """Who is sent, who answers for them, and the coordinators of both ends."""
    if kind.nation:
        return sa.true()
    ends = (at_duty(kind, row), at_home(kind, row)) if kind.places else ()
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
    return any_of(once(volunteer, person), at_duty(kind, row) if kind.places else None)


def at_duty(kind: Kind, assignment: Row) -> Condition:
    """Coordinators of the duty's place."""
    need = Need.alias()
    return exists_where(assignment, need.c.id == assignment.c.need_id, coordinates(kind, need.c.kabupaten_code))


def at_home(kind: Kind, assignment: Row) -> Condition:
    """Coordinators of the volunteer's home."""
    volunteer = Volunteer.alias()
    is_sent = volunteer.c.id == assignment.c.volunteer_id
    return exists_where(assignment, is_sent, coordinates(kind, volunteer.c.kabupaten_code))


def sees_part_of_assignment(kind: Kind, row: Row) -> Condition:
    """Who sees the assignment: what was set aside for it, and what was reported of it."""
    assignment = Assignment.alias()
    return exists_where(row, assignment.c.id == row.c.assignment_id, sees_assignment(kind, assignment))


def answers_assignment(kind: Kind, assignment: Row) -> Condition:
    """The volunteer, or a manager of one of the volunteer's organizations."""
    return answers_for(kind, assignment.c.volunteer_id)


def sends_to_need_of(kind: Kind, assignment: Row) -> Condition:
    """Coordinators of the need's kabupaten."""
    need = Need.alias()
    return exists_where(assignment, need.c.id == assignment.c.need_id, sends_to_need(kind, need))


def cancels_assignment(kind: Kind, assignment: Row) -> Condition:
    """Either side: the volunteer's, or the coordinators of the need's kabupaten."""
    return sa.or_(answers_assignment(kind, assignment), sends_to_need_of(kind, assignment))
