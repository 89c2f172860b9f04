"""What people said of a session of a camp, for who runs it, without names."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by

from api import access
from api.compiler.source import Expression, FieldContext, Row, Sql
from api.models import CampEvaluation


def of_session(value: Callable[[Row], Any]) -> Expression:
    """A value of the evaluations of the session."""

    def found(session: Row, _context: FieldContext) -> Sql:
        evaluation = CampEvaluation.alias()
        said = sa.select(value(evaluation)).where(evaluation.c.session_id == session.c.id)
        return said.correlate(session).scalar_subquery()

    return Expression(found, guard=access.reads_evaluations)


def remarks(evaluation: Row) -> Sql:
    """In the order of the texts, which does not tell who wrote when."""
    ordered = aggregate_order_by(evaluation.c.text, evaluation.c.text)
    said = sa.func.array_agg(ordered, type_=ARRAY(sa.Text())).filter(evaluation.c.text.is_not(None))
    return sa.func.coalesce(said, sa.literal_column("'{}'::text[]"), type_=ARRAY(sa.Text()))


OF_SESSION = {
    "evaluation_count": of_session(lambda _row: sa.cast(sa.func.count(), sa.Integer)),
    "average_score": of_session(lambda row: sa.cast(sa.func.avg(row.c.score), sa.Float)),
    "remarks": of_session(remarks),
}
