"""Groups of a camp: tents, squads, classes, buses."""

import sqlalchemy as sa

from api.models.base import Chosen, optional, record, references, required, table, versioned
from api.models.choice import Choice
from api.models.person import Sex


class CampGroupKind(Choice):
    """What a group of a camp is; each person is in one of each kind at most."""

    TENT = "TENT", "People who sleep in the same tent."
    SQUAD = "SQUAD", "A squad."
    CLASS = "CLASS", "A class."
    BUS = "BUS", "People who travel in the same bus."


# `taken` counts its people; a trigger keeps it, so that no path passes the capacity.
CampGroup = table(
    "camp_group",
    *versioned(),
    required("camp_id", sa.Uuid, references("camp.id")),
    required("kind", Chosen(CampGroupKind)),
    required("name"),
    required("capacity", sa.Integer),
    required("taken", sa.Integer, server_default="0"),
    # Only people of this sex, if one is named.
    optional("sex", Chosen(Sex)),
    optional("leader_id", sa.Uuid, references("volunteer.id")),
    sa.CheckConstraint("capacity BETWEEN 1 AND 10000", name="capacity"),
    sa.CheckConstraint("taken BETWEEN 0 AND capacity", name="taken"),
    sa.UniqueConstraint("camp_id", "kind", "name"),
    sa.Index(None, "camp_id", "name", "id"),
    sa.Index(None, "name", "id"),
    sa.Index(None, "leader_id"),
    sa.Index(None, "created_at", "id"),
)

# A trigger compares camp and sex, fills `kind`, and takes who no longer comes out of the group.
CampGroupMember = table(
    "camp_group_member",
    *record(),
    required("group_id", sa.Uuid, references("camp_group.id")),
    required("registration_id", sa.Uuid, references("camp_registration.id")),
    optional("kind", Chosen(CampGroupKind)),
    sa.UniqueConstraint("registration_id", "kind"),
    sa.Index(None, "group_id"),
)
