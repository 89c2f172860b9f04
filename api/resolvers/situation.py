"""Situation reports, and the newest verified figures, for each kabupaten and added up."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by

from api import access
from api.compiler.source import FieldContext, Order, Row, Source, ToOne, column, everybody
from api.compiler.structure import filters, orders, table_source, to_one
from api.models import SituationReport
from api.models.situation import FIGURES, SITUATION_REPORT, SituationStatus
from api.resolvers.common import allowed_actions, status, status_filter
from api.resolvers.history import history


def newest(report: Row, name: str) -> sa.ColumnElement[int]:
    """The newest figure of its name that is known, of each group."""
    ordered = aggregate_order_by(report.c[name], report.c.at.desc(), report.c.id.desc())
    known = sa.func.array_agg(ordered, type_=ARRAY(sa.Integer)).filter(report.c[name].is_not(None))
    return sa.type_coerce(known, ARRAY(sa.Integer))[1]


def by_kabupaten(incident: Row, _context: FieldContext) -> sa.Select[Any]:
    """The newest verified figures of each kabupaten, each figure by itself."""
    report = SituationReport.alias()
    figures = [newest(report, name).label(name) for name in FIGURES]
    found = (
        sa.select(report.c.kabupaten_code, sa.func.max(report.c.at).label("at"))
        .where(report.c.incident_id == incident.c.id, report.c.status == SituationStatus.VERIFIED)
        .group_by(report.c.kabupaten_code)
    )
    return found.add_columns(*figures).correlate(incident)


def added_up(incident: Row, context: FieldContext) -> sa.Select[Any]:
    """The sum over the kabupaten; a figure that no kabupaten knows is null."""
    newest_figures = by_kabupaten(incident, context).lateral()
    sums = [sa.cast(sa.func.sum(newest_figures.c[name]), sa.BigInteger).label(name) for name in FIGURES]
    count, at = sa.func.count().label("kabupaten_count"), sa.func.max(newest_figures.c.at).label("at")
    return sa.select(count, at).add_columns(*sums).correlate(incident)


SOURCES = (
    table_source(
        SituationReport,
        access.sees_situation,
        fields={
            "incident": to_one(SituationReport.c.incident_id, visible_with_parent=True),
            "status": status(SITUATION_REPORT),
            "history": history("SituationReport"),
            "allowed_actions": allowed_actions(SITUATION_REPORT),
        },
        orders=orders(SituationReport, "-at", "-created_at"),
        filters={
            "status": status_filter(SITUATION_REPORT, SituationReport),
            **filters(SituationReport, "incident_id", "kabupaten_code", "at", "source"),
        },
    ),
    Source(
        "KabupatenSituation",
        None,
        visible=everybody,
        fields={
            "kabupaten": ToOne("Kabupaten", on=lambda row, other: other.c.code == row.c.kabupaten_code),
            **{name: column(name) for name in ("at", *FIGURES)},
        },
        orders={"KABUPATEN_ASC": Order(lambda row: [row.c.kabupaten_code])},
        node=False,
    ),
    Source(
        "Situation",
        None,
        visible=everybody,
        fields={name: column(name) for name in ("kabupaten_count", "at", *FIGURES)},
        node=False,
    ),
)
