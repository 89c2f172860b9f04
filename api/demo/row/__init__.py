"""Row types of the tables that demo data are copied into, a module for each group of nouns, and the copying."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import asyncpg
import sqlalchemy as sa

from api.database.statement import with_stored_keys
from api.demo.row.assignment import Assignment, Attendance, Commitment, ServedHours
from api.demo.row.camp import Camp, CampRegistration, Scan
from api.demo.row.certificate import Certificate, CertificateExtension, ExtendedCertificate
from api.demo.row.incident import (
    EmergencyStatus,
    GoodsNeed,
    Incident,
    IncidentKabupaten,
    Need,
    NeedMinimum,
    Pledge,
    PledgeRequest,
    Site,
    SiteLoad,
    SituationReport,
)
from api.demo.row.person import (
    Account,
    CertificateIssuer,
    Licence,
    Membership,
    Organization,
    Role,
    SuspectedPair,
    Volunteer,
)
from api.models import METADATA
from api.values.name import snake_case

# A row of any of these types.
Row = NamedTuple


def table_of(row_type: type[Row]) -> sa.Table:
    """The table that has the name of the type."""
    return METADATA.tables[snake_case(row_type.__name__)]


async def copy_rows(connection: asyncpg.Connection, rows: Iterable[Row]) -> list[str]:
    """Copies the rows into the tables of their types (COPY), in the order of the foreign keys; returns the tables' names."""
    rows_by_type: dict[type[Row], list[Row]] = defaultdict(list)
    for row in rows:
        rows_by_type[type(row)].append(row)
    position = {table: number for number, table in enumerate(METADATA.sorted_tables)}
    types = sorted(rows_by_type, key=lambda row_type: position[table_of(row_type)])
    for row_type in types:
        await copy_table(connection, row_type, rows_by_type[row_type])
    return [table_of(row_type).name for row_type in types]


async def copy_table(connection: asyncpg.Connection, row_type: type[Row], rows: Iterable[Row]) -> None:
    """Copies rows of one type into their table, with the keys that are stored with their texts."""
    table = table_of(row_type)
    columns = with_stored_keys(table, dict.fromkeys(row_type._fields))
    records = (tuple(with_stored_keys(table, row._asdict()).values()) for row in rows)
    await connection.copy_records_to_table(table.name, records=records, columns=[*columns])
