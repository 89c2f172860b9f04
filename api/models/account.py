"""Who may sign in, and their roles: as what, where."""

import sqlalchemy as sa

from api.models.base import Symbol, may, must, one_of, record, symbol, table, to

Account = table(
    "account",
    *record(),
    must("login", Symbol, unique=True),
    must("name"),
    may("volunteer_id", sa.Uuid, to("volunteer.id"), unique=True),
    must("active", sa.Boolean, default=True, server_default=sa.true()),
    symbol("login"),
)


# What an account may do, with its scope: the nation, one province, one kabupaten, or one organization.
Role = table(
    "role",
    *record(),
    must("account_id", sa.Uuid, to("account.id")),
    must("kind", Symbol),
    may("province_code", Symbol, to("province.code")),
    may("kabupaten_code", Symbol, to("kabupaten.code")),
    may("organization_id", sa.Uuid, to("organization.id")),
    one_of("kind", "COORDINATOR", "MANAGER"),
    sa.CheckConstraint("num_nonnulls(province_code, kabupaten_code, organization_id) <= 1", name="one_scope"),
    sa.CheckConstraint("(kind = 'MANAGER') = (organization_id IS NOT NULL)", name="manager_of_one"),
    sa.Index(None, "account_id"),
)
