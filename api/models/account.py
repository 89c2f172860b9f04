"""Who may sign in, and their roles: as what, where."""

import sqlalchemy as sa

from api.models.base import Chosen, Symbol, optional, record, references, required, symbol, table
from api.models.choice import Choice

Account = table(
    "account",
    *record(),
    required("login", Symbol, unique=True),
    required("name"),
    optional("volunteer_id", sa.Uuid, references("volunteer.id"), unique=True),
    required("active", sa.Boolean, default=True, server_default=sa.true()),
    symbol("login"),
)


class RoleKind(Choice):
    """The capacity in which an account acts."""

    COORDINATOR = "COORDINATOR", "Coordinates a kabupaten, a province or the nation."
    MANAGER = "MANAGER", "Answers for the members of an organization."


# What an account may do, with its scope: the nation, one province, one kabupaten, or one organization.
Role = table(
    "role",
    *record(),
    required("account_id", sa.Uuid, references("account.id")),
    required("kind", Chosen(RoleKind)),
    optional("province_code", Symbol, references("province.code")),
    optional("kabupaten_code", Symbol, references("kabupaten.code")),
    optional("organization_id", sa.Uuid, references("organization.id")),
    sa.CheckConstraint("num_nonnulls(province_code, kabupaten_code, organization_id) <= 1", name="one_scope"),
    sa.CheckConstraint("(kind = 'MANAGER') = (organization_id IS NOT NULL)", name="manager_of_one"),
    sa.Index(None, "account_id"),
)
