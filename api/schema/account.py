"""Accounts that sign in, and their roles."""

from __future__ import annotations

from datetime import datetime

import strawberry

from api.models.account import RoleKind
from api.schema.field import Node, field, noun, optional, verb_input
from api.schema.history import HistoryEntry
from api.schema.organization import Organization
from api.schema.person import Volunteer
from api.schema.place import Kabupaten, Province
from api.schema.scalar import Code
from api.services import role


@noun("A role of an account: the capacity in which it acts, and its scope.")
class Role(Node):
    account: Account = field("The account that holds it.")
    kind: RoleKind = field("The capacity in which the account acts.")
    province: Province | None = field("The province that is its scope; null for other scopes.")
    kabupaten: Kabupaten | None = field(
        "The kabupaten that is its scope; null for other scopes. Without province, kabupaten and organization it is the nation."
    )
    organization: Organization | None = field("The organization that is its scope; null for other scopes.")
    since: datetime | None = field("From when it holds; null if from its grant on.")
    until: datetime | None = field("Until when it is granted; null if without end.")
    ended_at: datetime | None = field("When it was revoked or its period was over; null before.")
    history: list[HistoryEntry] = field("What has happened to it, the oldest first.")
    version: int = field("Grows with each change; an update names the version it read.")
    created_at: datetime = field("When it was granted.")
    updated_at: datetime = field("When it was last changed.")


@noun("An account that signs in.")
class Account(Node):
    login: Code = field("The name to sign in with.")
    name: str = field("The name that people call the account by.")
    volunteer: Volunteer | None = field(
        "The volunteer it belongs to; null if it belongs to none, or where you may not see the person."
    )
    roles: list[Role] = field(
        "The roles in force, as far as you may see them: what the account may do, and where. The root `roles` lists all."
    )


@verb_input(role.grant)
class GrantRoleInput:
    login: str = field("The login of the account.")
    kind: RoleKind = field("The capacity in which the account shall act.")
    province: strawberry.ID | None = optional("The province that is the scope.")
    kabupaten: strawberry.ID | None = optional("The kabupaten that is the scope.")
    organization: strawberry.ID | None = optional("The organization that is the scope of a manager or of camp staff.")
    since: datetime | None = optional("From when it holds; at once if left out.")
    until: datetime | None = optional("Until when it holds; without end if left out.")
    reason: str | None = optional("Why it is granted, for its history; at most 1000 characters.")


@verb_input(role.revoke)
class RevokeRoleInput:
    role: strawberry.ID = field("The role to end.")
    reason: str = field("Why it ends, for its history; 1 to 1000 characters.")
