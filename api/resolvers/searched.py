"""What a search looks through: tables with names, who sees their rows, and where those are."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from api import access
from api.compiler.source import (
    Condition,
    FieldContext,
    Guard,
    Row,
    Sql,
    ToOne,
    everybody,
)
from api.compiler.structure import referenced, type_name
from api.models import Camp, Incident, Kabupaten, Kecamatan, Need, Organization, Province, Site, Volunteer
from api.models.choice import Choice
from api.resolvers.person import visible_start
from api.resolvers.place import point, seat_of


class SearchKind(Choice):
    """What a search looks for; of equally good matches the earlier kinds come first."""

    PROVINCE = "PROVINCE", "Provinces, by their names."
    KABUPATEN = "KABUPATEN", "Kabupaten and kota, by their names."
    KECAMATAN = "KECAMATAN", "Kecamatan, by their names."
    INCIDENT = "INCIDENT", "Incidents, by their titles."
    ORGANIZATION = "ORGANIZATION", "Organizations, by their names."
    SITE = "SITE", "Sites, by their names."
    CAMP = "CAMP", "Camps, by their names."
    NEED = "NEED", "Needs, by the titles of their incidents."
    VOLUNTEER = "VOLUNTEER", "Volunteers, by their names, phone numbers and numbers of membership."


@dataclass(frozen=True, slots=True)
class Searched:
    """A table that is searched, the policy of its rows, and where they are.

    With `named_by`, a foreign key, its rows are found by the names of others, which have a policy of their own.
    """

    table: sa.Table
    visible: Guard
    start: Callable[[Row, FieldContext], Sql] | None = None
    named_by: sa.Column[Any] | None = None
    name_visible: Guard = everybody

    @property
    def kind(self) -> SearchKind:
        return SearchKind[self.table.name.upper()]

    @property
    def named(self) -> sa.Table:
        """The table with the names."""
        table = self.table if self.named_by is None else referenced(self.named_by).table
        assert isinstance(table, sa.Table)
        return table

    @property
    def name(self) -> sa.Column[Any]:
        """The name or title."""
        return next(column for column in self.named.c if column.info.get("ordered") == "sort_key")

    @property
    def key(self) -> sa.Column[Any]:
        (key,) = self.table.primary_key.columns
        return key

    def leads_to(self) -> ToOne:
        """The thing of a hit; hits have keys of several types, as texts."""
        key, kind = self.key, self.kind

        def is_key(row: Row, other: Row) -> Condition:
            return other.c[key.name] == sa.case((row.c.kind == kind, sa.cast(row.c.key, key.type)))

        return ToOne(type_name(self.table), on=is_key, visible_with_parent=True)


def seat(row: Row, _context: FieldContext) -> Sql:
    return seat_of(row.c.kabupaten_code)


SEARCHED = (
    Searched(Province, everybody),
    Searched(Kabupaten, everybody, point),
    Searched(Kecamatan, everybody, seat),
    Searched(Incident, access.sees_incident, point),
    Searched(Organization, access.sees_organization, seat),
    Searched(Site, access.sees_part_of_incident, point),
    Searched(Camp, access.sees_camp, point),
    Searched(Need, access.sees_need, point, Need.c.incident_id, access.sees_incident),
    Searched(Volunteer, access.sees_volunteer, visible_start),
)
