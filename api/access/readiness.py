"""Who may read who is ready."""

from api.access.actor import Condition, Kind, Row
from api.access.condition import any_of, coordinates
from api.access.person import agreed_to_be_sent, answers_for


def sees_readiness(kind: Kind, row: Row) -> Condition:
    """Who sees all of a volunteer's duties and may know of the consent."""
    return any_of(coordinates(kind, row.c.kabupaten_code), answers_for(kind, row.c.id, of_standing=True))


def sees_free_days(kind: Kind, row: Row) -> Condition:
    """Who may know on which days a volunteer is free: who sees the readiness, and coordinators to whom they agreed to be sent."""
    return any_of(sees_readiness(kind, row), agreed_to_be_sent(kind, row))


def coordinates_place(kind: Kind, row: Row) -> Condition:
    """Coordinators of the kabupaten or province that the row is."""
    return coordinates(kind, row.c.code)
