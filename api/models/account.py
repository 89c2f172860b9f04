"""Who may sign in, and their roles: as what, where, how long."""

import sqlalchemy as sa

from api.models.base import (
    INSTANT,
    Chosen,
    Symbol,
    optional,
    record,
    references,
    required,
    symbol,
    table,
    versioned,
)
from api.models.choice import Choice
from api.models.person import PRIVATE

Account = table(
    "account",
    *record(),
    required("login", Symbol, unique=True),
    required("name"),
    optional("volunteer_id", sa.Uuid, references("volunteer.id"), unique=True),
    required("active", sa.Boolean, default=True, server_default=sa.true()),
    # Verified by a one-time code before they are stored.
    optional("email", unique=True, info=PRIVATE),
    optional("phone", unique=True, info=PRIVATE),
    symbol("login"),
    sa.CheckConstraint("phone ~ '^\\+62[0-9]{7,13}$'", name="phone_e164"),
)


# Who an account is at an OpenID Connect provider, by the provider's own name for the person.
ProviderIdentity = table(
    "provider_identity",
    *record(),
    required("account_id", sa.Uuid, references("account.id")),
    required("issuer"),
    required("subject"),
    sa.UniqueConstraint("issuer", "subject"),
    sa.Index(None, "account_id", "created_at", "id"),
    sa.Index(None, "created_at", "id"),
)


class RoleKind(Choice):
    """The capacity in which an account acts."""

    COORDINATOR = "COORDINATOR", "Coordinates a kabupaten, a province or the nation."
    MANAGER = "MANAGER", "Answers for the members of an organization."
    DESK_OFFICER = "DESK_OFFICER", "Answers what the public reports in a kabupaten, a province or the nation."
    CAMP_STAFF = "CAMP_STAFF", "Works at a camp, or at all camps of an organization."
    AUDITOR = "AUDITOR", "Looks at what was done in a kabupaten, a province or the nation."


# The roles whose scope is an organization; that of the others is a place.
OF_ORGANIZATIONS = (RoleKind.MANAGER, RoleKind.CAMP_STAFF)

# What an account may do, with its scope: the nation, one province, one kabupaten, one organization, or one camp. A role holds from
# `since` (null: from its grant) until before `until` (null: without end). `ended_at` is set when it is revoked, or when
# somebody records that its period is over.
#
# A trigger refuses whatever would leave no national coordinator without end where there was one.
Role = table(
    "role",
    *versioned(),
    required("account_id", sa.Uuid, references("account.id")),
    required("kind", Chosen(RoleKind)),
    optional("province_code", Symbol, references("province.code")),
    optional("kabupaten_code", Symbol, references("kabupaten.code")),
    optional("organization_id", sa.Uuid, references("organization.id")),
    optional("camp_id", sa.Uuid, references("camp.id")),
    optional("since", INSTANT),
    optional("until", INSTANT),
    optional("ended_at", INSTANT),
    sa.CheckConstraint("num_nonnulls(province_code, kabupaten_code, organization_id, camp_id) <= 1", name="one_scope"),
    sa.CheckConstraint(
        "(kind IN ('MANAGER', 'CAMP_STAFF')) = (num_nonnulls(organization_id, camp_id) = 1)", name="scope_of_kind"
    ),
    sa.CheckConstraint("camp_id IS NULL OR kind = 'CAMP_STAFF'", name="camp_of_staff"),
    sa.CheckConstraint("until > since", name="ends_after_start"),
    sa.Index(None, "account_id"),
    sa.Index(None, "camp_id"),
    sa.Index(None, "created_at", "id"),
)
