"""What happened, for auditors."""

from __future__ import annotations

from datetime import datetime

import strawberry

from api.models.event import ActorKind
from api.schema.account import Account
from api.schema.field import field, label, noun
from api.schema.organization import Organization
from api.schema.place import Kabupaten
from api.schema.scalar import Code


@noun("Something that was done, or that somebody was refused to do, in the scope of an auditor.")
class AuditEntry:
    kind: Code = field("What happened, as in role.granted; `account.call_refused` is a mutation that was refused.")
    label: str = label("What happened, in words.")
    at: datetime = field("When it was recorded.")
    effective_at: datetime | None = field("When it took effect, if that was earlier.")
    actor_kind: ActorKind = field("What kind of actor it was.")
    account: Account | None = field("The account that did it; null if there was none, or if you may not see it.")
    actor_name: str | None = field(
        "The name of the account; null if there was none, or where you may not see the person."
    )
    reason: str | None = field("The reason; null if none was given, or if it may tell what is private of a volunteer.")
    subject: strawberry.ID = field("The global id of the thing that it is about.")
    kabupaten: Kabupaten | None = field("The kabupaten that it concerns; null if it is none or several.")
    organization: Organization | None = field(
        "The organization that it concerns; null if it is none, or if you may not see it."
    )
    mutation: Code | None = field("The name of the mutation that was refused; null for what was done.")
    codes: list[Code] = field("The codes of the problems with which a mutation was refused; empty for what was done.")
