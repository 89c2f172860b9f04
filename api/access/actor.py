"""Who asks, and the parameters that predicates name."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

Row = sa.FromClause


Condition = sa.ColumnElement[bool]


Sql = sa.SQLColumnExpression[Any]


class Kind(NamedTuple):
    """What of an actor shapes a statement: which scopes there are, not which places or organizations."""

    account: bool = False
    # The account itself, and no API key of it, to which nothing is told that is the account's own.
    own: bool = False
    volunteer: bool = False
    nation: bool = False
    places: bool = False
    organizations: bool = False
    # At the desk of a place, or its auditor.
    desk: bool = False
    auditor: bool = False

    @property
    def coordinator(self) -> bool:
        return self.nation or self.places

    @property
    def name(self) -> str:
        """For logs: the widest capacity."""
        if self.coordinator:
            return "NATION" if self.nation else "COORDINATOR"
        if self.organizations:
            return "MANAGER"
        if self.volunteer:
            return "VOLUNTEER"
        return "ACCOUNT" if self.account else "PUBLIC"


@dataclass(frozen=True)
class Actor:
    """Who asks: an account with its scopes, or the public, which has none."""

    account_id: uuid.UUID | None = None
    volunteer_id: uuid.UUID | None = None
    # The session that the token is of; None for a token from the command line.
    session_id: uuid.UUID | None = None
    # The identity at a provider whose token asks, and whether it was shown with a second factor.
    identity_id: uuid.UUID | None = None
    has_second_factor: bool | None = None
    # Whether coordinators have to show a second factor.
    demands_second_factor: bool = False
    # The API key that asks, and the mutations that it may call; None where it is no key.
    key_id: uuid.UUID | None = None
    verbs: frozenset[str] | None = None
    nation: bool = False
    province_codes: tuple[str, ...] = ()
    kabupaten_codes: tuple[str, ...] = ()
    organization_ids: tuple[uuid.UUID, ...] = ()
    is_desk_officer: bool = False
    is_auditor: bool = False
    # All roles that are in force, also those that are no scope of these.
    role_ids: tuple[uuid.UUID, ...] = ()

    @cached_property
    def kind(self) -> Kind:
        return Kind(
            account=self.account_id is not None,
            own=self.account_id is not None and self.key_id is None,
            volunteer=self.volunteer_id is not None,
            nation=self.nation,
            places=bool(self.province_codes or self.kabupaten_codes),
            organizations=bool(self.organization_ids),
            desk=self.is_desk_officer,
            auditor=self.is_auditor,
        )

    @property
    def roles(self) -> frozenset[str]:
        """As what the actor may call mutations."""
        kind = self.kind
        held = {"COORDINATOR": kind.coordinator, "MANAGER": kind.organizations, "VOLUNTEER": kind.volunteer}
        held["ACCOUNT"] = kind.account
        return frozenset(name for name, holds in held.items() if holds)

    def may_call(self, verb: str) -> bool:
        return self.verbs is None or verb in self.verbs

    @cached_property
    def _scopes(self) -> Mapping[str, Any]:
        return {
            "actor_account": self.account_id,
            "actor_volunteer": self.volunteer_id,
            "actor_session": self.session_id,
            "actor_provinces": ",".join(self.province_codes),
            "actor_kabupaten": ",".join(self.kabupaten_codes),
            "actor_near_provinces": ",".join({*self.province_codes, *(code[:2] for code in self.kabupaten_codes)}),
            "actor_organizations": ",".join(map(str, self.organization_ids)),
            "actor_roles": ",".join(map(str, self.role_ids)),
        }

    def parameters(self, now: datetime) -> Mapping[str, Any]:
        """The values behind the parameters that predicates name."""
        return {**self._scopes, "now": now}


PUBLIC = Actor()


ACCOUNT: Sql = sa.bindparam("actor_account", type_=sa.Uuid())


VOLUNTEER: Sql = sa.bindparam("actor_volunteer", type_=sa.Uuid())


SESSION: Sql = sa.bindparam("actor_session", type_=sa.Uuid())


def listed(name: str, type_: sa.types.TypeEngine[Any]) -> Sql:
    """A list that travels as one text, which takes asyncpg a fourth of the time, and is taken apart once a statement."""
    text = sa.bindparam(name, type_=sa.Text())
    return sa.cast(
        sa.select(sa.func.string_to_array(text, ",", type_=ARRAY(sa.Text()))).scalar_subquery(), ARRAY(type_)
    )


PROVINCES = listed("actor_provinces", sa.Text())


KABUPATEN = listed("actor_kabupaten", sa.Text())


NEAR_PROVINCES = listed("actor_near_provinces", sa.Text())


ORGANIZATIONS = listed("actor_organizations", sa.Uuid())


ROLES = listed("actor_roles", sa.Uuid())


# The language of labels and messages whose field names none: a `Language`.
LANGUAGE: sa.ColumnElement[Any] = sa.bindparam("language", type_=sa.Text())


NOW: sa.ColumnElement[Any] = sa.bindparam("now", type_=sa.DateTime(timezone=True))
