"""Who sees, answers and ends assignments."""

import sqlalchemy as sa

from api.access.actor import Condition, Kind, Row
from api.access.condition import any_of, coordinates, exists_where
from api.access.incident import sends_to_need
from api.access.person import answers_for
from api.models import Assignment, Need, Volunteer


def sees_assignment(kind: Kind, row: Row) -> Condition:
    """Who is sent, who answers for them, and the coordinators of both ends."""
    if kind.nation:
        return sa.true()
    ends = None
    if kind.places:
        need, volunteer = Need.alias(), Volunteer.alias()
        ends = sa.or_(
            exists_where(row, need.c.id == row.c.need_id, coordinates(kind, need.c.kabupaten_code)),
            exists_where(row, volunteer.c.id == row.c.volunteer_id, coordinates(kind, volunteer.c.kabupaten_code)),
        )
    return any_of(ends, answers_for(kind, row.c.volunteer_id))


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
