"""What organizations promise towards needs, and what they ask of one another."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import array

from api.models.assignment import Assignment
from api.models.base import INSTANT, Chosen, optional, record, references, required, table, versioned
from api.models.choice import Choice, Consequence, Lapse, Move, StateMachine
from api.models.commitment import Commitment


class PledgeStatus(Choice):
    """Whether a pledge holds places of a need."""

    OPEN = "OPEN", "Open: it holds what it has not filled or delivered yet."
    RELEASED = "RELEASED", "Released: what was not filled or delivered is free again."
    HANDED_OVER = "HANDED_OVER", "Handed over to another organization."
    LAPSED = "LAPSED", "Lapsed: its deadline passed before all was filled or delivered."


class PledgeAction(Choice):
    """What can be done with a pledge; each action is a mutation."""

    MAKE = "MAKE", "Promise people or goods (makePledge)."
    RELEASE = "RELEASE", "Give back what is not filled or delivered (releasePledge)."
    HAND_OVER = "HAND_OVER", "Hand it over to another organization (handOverPledge)."


def filled(pledge: sa.FromClause) -> sa.ColumnElement[Any]:
    """What of a pledge is filled or delivered: the people under it at the fullest instant, or the goods delivered.

    Two who take turns fill one place.
    """
    bounds = array([sa.func.lower(Commitment.c.period), sa.func.upper(Commitment.c.period)])
    changes: Any = sa.func.unnest(bounds, array([1, -1]))
    change = changes.table_valued(sa.column("at", INSTANT), sa.column("number", sa.Integer)).render_derived()
    numbers = (
        sa.select(sa.func.sum(sa.func.sum(change.c.number)).over(order_by=change.c.at).label("number"))
        .select_from(Assignment.join(Commitment, Commitment.c.assignment_id == Assignment.c.id).join(change, sa.true()))
        .where(Assignment.c.pledge_id == pledge.c.id)
        .group_by(change.c.at)
        .correlate(pledge)
        .subquery()
    )
    people = sa.select(sa.cast(sa.func.coalesce(sa.func.max(numbers.c.number), 0), sa.Integer)).correlate(pledge)
    return sa.case((pledge.c.need_id.is_(None), pledge.c.delivered), else_=people.scalar_subquery())


def lapses_at(pledge: sa.FromClause) -> sa.ColumnElement[Any]:
    """The deadline of a pledge that is not all filled or delivered."""
    return sa.case((filled(pledge) < pledge.c.quantity, pledge.c.deadline))


def lapsed_at(pledge: sa.FromClause) -> sa.ColumnElement[Any]:
    """When a pledge has lapsed whose lapse is not recorded yet: at its deadline, or when one of its people went after that.

    What has lapsed is recorded before a duty is changed, so that the last change of one is what left the pledge unfilled. Only
    time completes a duty without that, and takes nobody's place.
    """
    by_time = sa.and_(Assignment.c.status == "COMPLETED", Assignment.c.checked_out_at.is_(None))
    changed = sa.select(sa.func.max(Assignment.c.updated_at)).where(
        Assignment.c.pledge_id == pledge.c.id, Assignment.c.accepted_at.is_not(None), sa.not_(by_time)
    )
    return sa.func.greatest(pledge.c.deadline, changed.correlate(pledge).scalar_subquery(), type_=INSTANT)


_S, _A = PledgeStatus, PledgeAction
PLEDGE = StateMachine(
    noun="Pledge",
    statuses=PledgeStatus,
    actions=PledgeAction,
    initial=(_S.OPEN,),
    moves=(
        Move(_A.MAKE, (), _S.OPEN, who="holds_pledge", needs="So much is wanted and not promised."),
        Move(_A.RELEASE, (_S.OPEN,), _S.RELEASED, who="releases_pledge", needs="A reason."),
        Move(
            _A.HAND_OVER,
            (_S.OPEN,),
            _S.HANDED_OVER,
            who="holds_pledge",
            needs="A reason, and a verified organization.",
        ),
    ),
    lapses=(Lapse(_S.OPEN, _S.LAPSED, at=lapses_at, description="at its deadline, if all is not filled or delivered"),),
    consequences=(Consequence((_S.OPEN,), _S.RELEASED, ("close_need", "close_incident"), "when its need is closed"),),
)


# A pledge of people is for the whole period of its need. A trigger holds, under the need's lock, that at no instant the
# people of the need, and the places of open pledges that are not filled, are more than are wanted. Of goods a counter in
# the need holds it.
Pledge = table(
    "pledge",
    *versioned(),
    optional("need_id", sa.Uuid, references("need.id")),
    optional("goods_need_id", sa.Uuid, references("goods_need.id")),
    required("organization_id", sa.Uuid, references("organization.id")),
    required("quantity", sa.Integer),
    required("delivered", sa.Integer, server_default="0"),
    required("status", Chosen(PledgeStatus)),
    optional("deadline", INSTANT),
    optional("reason"),
    optional("handed_over_to_id", sa.Uuid, references("pledge.id")),
    sa.CheckConstraint("num_nonnulls(need_id, goods_need_id) = 1", name="of_one_need"),
    # What is under a pledge may not name another need.
    sa.UniqueConstraint("id", "need_id"),
    sa.CheckConstraint("quantity > 0", name="quantity"),
    sa.CheckConstraint("delivered BETWEEN 0 AND quantity", name="delivered"),
    sa.CheckConstraint("(status = 'HANDED_OVER') = (handed_over_to_id IS NOT NULL)", name="handed_over"),
    sa.Index(None, "need_id", "created_at", "id"),
    sa.Index(None, "goods_need_id", "created_at", "id"),
    sa.Index(None, "organization_id", "created_at", "id"),
    sa.Index(None, "created_at", "id"),
)


class PledgeRequestStatus(Choice):
    """What has become of a request for a pledge."""

    ASKED = "ASKED", "Asked: waits for the holder's answer."
    GRANTED = "GRANTED", "Granted: the pledge was handed over."
    REFUSED = "REFUSED", "Refused: the holder keeps the pledge."


# That an organization asks the holder of a pledge for it.
PledgeRequest = table(
    "pledge_request",
    *record(),
    required("pledge_id", sa.Uuid, references("pledge.id")),
    required("organization_id", sa.Uuid, references("organization.id")),
    required("reason"),
    required("status", Chosen(PledgeRequestStatus)),
    optional("answer"),
    optional("answered_at", INSTANT),
    sa.CheckConstraint("(status = 'ASKED') = (answered_at IS NULL)", name="answered"),
    sa.Index(
        "uq_pledge_request_open",
        "pledge_id",
        "organization_id",
        unique=True,
        postgresql_where=sa.text("status = 'ASKED'"),
    ),
    sa.Index(None, "pledge_id", "created_at", "id"),
    sa.Index(None, "organization_id"),
    sa.Index(None, "created_at", "id"),
)
