"""Tables to download: members of an organization, its certificates; participants of a camp, their attendance, its report.

Each is a document of the graph, read page by page, so that a file shows what the graph shows the same caller, and no more.
"""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import orjson

from api.context import Context, Usage
from api.execution.execute import execute_document
from api.files.writing import Value
from api.models.camp import CampReportBy

Node = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """Its titles, and its value in a row: at the first of some paths that lead to one, as `read` makes it."""

    indonesian: str
    english: str
    paths: str
    read: Callable[[Node, Any], Value] = lambda _node, value: value

    def value(self, node: Node) -> Value:
        found = (at(node, path) for path in self.paths.split())
        value = next((each for each in found if each is not None), None)
        return None if value is None else self.read(node, value)


class Table(Protocol):
    """A table of an Organization or a Camp, as `noun` says."""

    @property
    def noun(self) -> str: ...

    @property
    def columns(self) -> Sequence[Column]: ...

    def nodes(self, context: Context, scope: str) -> AsyncGenerator[Node]:
        """What the rows are made of, that the caller sees."""


def titles(table: Table, language: str) -> Sequence[str]:
    return [column.english if language == "EN" else column.indonesian for column in table.columns]


async def answer(context: Context, document: str, **variables: Any) -> Mapping[str, Any]:
    """Each document is limited as an answer of its own."""
    of_document = replace(context, usage=Usage())
    result = await execute_document(context.planner.schema, document, of_document, variables=variables)
    if result.errors:
        raise result.errors[0]
    found: Mapping[str, Any] = orjson.loads(orjson.dumps(result.data))
    return found


@dataclass(frozen=True, slots=True)
class Export:
    """A list of the graph, filtered by the thing that the file is of, in an order; and what its columns need."""

    noun: str
    root: str
    order: str
    selection: str
    columns: Sequence[Column]
    conditions: str = ""

    @property
    def document(self) -> str:
        return (
            f"query Export($scope: ID!, $after: String) {{ page: {self.root}(first: 100, after: $after, orderBy: {self.order}, "
            f"filter: {{{self.conditions}}}) {{ pageInfo {{ hasNextPage endCursor }} nodes {{ {self.selection} }} }} }}"
        )

    async def nodes(self, context: Context, scope: str) -> AsyncGenerator[Node]:
        after: str | None = None
        while True:
            page = (await answer(context, self.document, scope=scope, after=after))["page"]
            for node in page["nodes"]:
                yield node
            if not page["pageInfo"]["hasNextPage"]:
                return
            after = page["pageInfo"]["endCursor"]


@dataclass(frozen=True, slots=True)
class Report:
    """The closing report of a camp by everything that it counts by; it has no rows for who does not run the camp."""

    noun: str
    columns: Sequence[Column]

    async def nodes(self, context: Context, scope: str) -> AsyncGenerator[Node]:
        counts = " ".join(f"{by}: report(by: {by}) {{ name registered came certified }}" for by in CampReportBy)
        document = f"query Report($scope: ID!) {{ camp(id: $scope) {{ {counts} }} }}"
        camp = (await answer(context, document, scope=scope))["camp"]
        for by in CampReportBy:
            for row in camp[by] or ():
                yield {"by": by, **row}


def at(node: Node, path: str) -> Any:
    """The value at the end of a path of fields; None where one of them is null."""
    found: Any = node
    for name in path.split("."):
        found = found and found[name]
    return found


def day(_node: Node, value: str) -> date:
    return date.fromisoformat(value)


def local_time(node: Node, value: str) -> str:
    """To the minute, on the clocks of the camp."""
    zone = at(node, "camp.timeZone")
    return f"{datetime.fromisoformat(value).astimezone(ZoneInfo(zone) if zone else None):%Y-%m-%d %H:%M}"


EXPORTS: Mapping[str, Table] = {
    "members": Export(
        "Organization",
        "memberships",
        "SINCE_ASC",
        "number since until rank { label }"
        " volunteer { name nik phone email birthDate sex reach kabupaten { code name } }",
        (
            Column("Nomor Anggota", "Member number", "number"),
            Column("Nama", "Name", "volunteer.name"),
            Column("NIK", "NIK", "volunteer.nik"),
            Column("No HP", "Phone", "volunteer.phone"),
            Column("Email", "Email", "volunteer.email"),
            Column("Tanggal Lahir", "Birth date", "volunteer.birthDate", day),
            Column("Jenis Kelamin", "Sex", "volunteer.sex"),
            Column("Kode Kabupaten", "Kabupaten code", "volunteer.kabupaten.code"),
            Column("Nama Kabupaten", "Kabupaten name", "volunteer.kabupaten.name"),
            Column("Jangkauan", "Reach", "volunteer.reach"),
            Column("Jenjang", "Rank", "rank.label"),
            Column("Sejak", "Since", "since", day),
            Column("Sampai", "Until", "until", day),
        ),
        "organization: {eq: $scope}",
    ),
    "certificates": Export(
        "Organization",
        "certificates",
        "ISSUED_ON_ASC",
        "number issuedOn expiresOn revokedOn type { code label } volunteer { name kabupaten { code name } }",
        (
            Column("Nomor", "Number", "number"),
            Column("Kode Jenis", "Type code", "type.code"),
            Column("Jenis", "Type", "type.label"),
            Column("Nama", "Name", "volunteer.name"),
            Column("Kode Kabupaten", "Kabupaten code", "volunteer.kabupaten.code"),
            Column("Nama Kabupaten", "Kabupaten name", "volunteer.kabupaten.name"),
            Column("Terbit", "Issued", "issuedOn", day),
            Column("Berlaku Sampai", "Expires", "expiresOn", day),
            Column("Dicabut", "Revoked", "revokedOn", day),
        ),
        "issuer: {eq: $scope}",
    ),
    "participants": Export(
        "Camp",
        "campRegistrations",
        "NUMBER_ASC",
        "number status guestName volunteer { name phone } organization { name } kabupaten { code name }"
        " category { label }",
        (
            Column("Nomor", "Number", "number"),
            Column("Nama", "Name", "volunteer.name guestName"),
            Column("No HP", "Phone", "volunteer.phone"),
            Column("Organisasi", "Organization", "organization.name"),
            Column("Kode Kabupaten", "Kabupaten code", "kabupaten.code"),
            Column("Nama Kabupaten", "Kabupaten name", "kabupaten.name"),
            Column("Kategori", "Category", "category.label"),
            Column("Status", "Status", "status"),
        ),
        "camp: {eq: $scope}",
    ),
    # Only scans that count: what is wrong or annulled is no attendance.
    "attendance": Export(
        "Camp",
        "scans",
        "AT_ASC",
        "at point item finding camp { timeZone } session { title } volunteer { name }"
        " registration { number guestName volunteer { name } organization { name } }",
        (
            Column("Waktu", "Time", "at", local_time),
            Column("Titik", "Point", "point"),
            Column("Sesi", "Session", "session.title"),
            Column("Barang", "Item", "item"),
            Column("Nomor", "Number", "registration.number"),
            Column("Nama", "Name", "volunteer.name registration.volunteer.name registration.guestName"),
            Column("Organisasi", "Organization", "registration.organization.name"),
            Column("Catatan", "Finding", "finding"),
        ),
        "camp: {eq: $scope}, counts: {eq: true}",
    ),
    "report": Report(
        "Camp",
        (
            Column("Menurut", "By", "by"),
            Column("Nama", "Name", "name"),
            Column("Terdaftar", "Registered", "registered"),
            Column("Hadir", "Came", "came"),
            Column("Bersertifikat", "Certified", "certified"),
        ),
    ),
}


async def rows(context: Context, table: Table, scope: str) -> AsyncGenerator[Sequence[Value]]:
    """All rows that the caller sees; `scope` is the global id of what they are of."""
    async for node in table.nodes(context, scope):
        yield [column.value(node) for column in table.columns]
