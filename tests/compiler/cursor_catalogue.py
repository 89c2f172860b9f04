"""The catalogue of cursors: which row's order values each cursor stands for, read from the API."""

from collections.abc import AsyncIterator

import asyncpg

from api.schema.build import schema_definition
from tests.asking import Api
from tests.compiler.documents import ValuePool
from tests.compiler.reader import LABELLED, ORDERS, Place, Reader, View
from tests.compiler.rows import NODES, Row, Rows
from tests.compiler.sample_data import SampleData
from tests.compiler.visibility import Visibility

LISTS = {
    "provinces": "Province",
    "kabupaten": "Kabupaten",
    "organizations": "Organization",
    "memberships": "Membership",
    "ranks": "Rank",
    "skills": "Skill",
    "certificateTypes": "CertificateType",
    "certificates": "Certificate",
    "volunteers": "Volunteer",
    "hazards": "Hazard",
    "clusters": "Cluster",
    "incidents": "Incident",
    "needs": "Need",
    "assignments": "Assignment",
}


# The reader of the test before: making it takes longer than most tests.
_last: list[Reader] = []


async def reader_with_cursors(
    api: Api, connection: "asyncpg.Connection[asyncpg.Record]", sample_data: SampleData
) -> Reader:
    """The plain reader over all rows, knowing the cursors of the API; the last one where the rows are the same."""
    rows = await Rows.of(connection)
    if not _last or (_last[0].rows.tables, _last[0].now) != (rows.tables, api.now):
        reader = Reader.of(rows, api.now, schema_definition())
        reader.set_cursors(await read_cursor_catalogue(api, reader, sample_data))
        _last[:] = [reader]
    return _last[0]


async def read_cursor_catalogue(api: Api, reader: Reader, sample_data: SampleData) -> dict[str, tuple[str, Place]]:
    """For every cursor that a national coordinator gets: its list and order, and the order values of its row."""
    view = View(reader, Visibility(reader.rows, reader.now, sample_data.actors["nation"]))
    found: dict[str, tuple[str, Place]] = {}
    for name, type_ in LISTS.items():
        for order in ORDERS[type_]:
            arguments = f"first: 100, orderBy: {order}" if len(ORDERS[type_]) > 1 else "first: 100"
            async for cursor, id_ in edges(api, sample_data, name, arguments):
                row = reader.rows.by_key[type_, id_.partition(":")[2]]
                found[cursor] = f"{type_}.{order}", view.place(row, order)
    for need in sample_data.needs:
        async for cursor, place in candidates(api, reader, sample_data, view, reader.rows.by_key["Need", str(need)]):
            found[cursor] = "Candidate.NEAREST", place
    return found


async def edges(api: Api, sample_data: SampleData, name: str, arguments: str) -> AsyncIterator[tuple[str, str]]:
    after = ""
    while True:
        document = f"{{ found: {name}({arguments}{after}) {{ edges {{ cursor node {{ id }} }} }} }}"
        page = (await api.ask(document, actor=sample_data.actors["nation"]))["found"]["edges"]
        for edge in page:
            yield edge["cursor"], edge["node"]["id"]
        if len(page) < 100:
            return
        after = f', after: "{page[-1]["cursor"]}"'


async def candidates(
    api: Api, reader: Reader, sample_data: SampleData, view: View, need: Row
) -> AsyncIterator[tuple[str, Place]]:
    document = f"""{{ found: node(id: "Need:{need["id"]}") {{ ... on Need {{
        candidates(first: 100) {{ edges {{ cursor node {{ volunteer {{ id }} }} }} }} }} }} }}"""
    page = (await api.ask(document, actor=sample_data.actors["nation"]))["found"]["candidates"]["edges"]
    known = {f"Volunteer:{row['volunteer']['id']}": row for row in reader.assignment_rules.candidates(need)}
    for edge in page:
        yield edge["cursor"], view.place(known[edge["node"]["volunteer"]["id"]], "NEAREST")


def value_pool(reader: Reader) -> ValuePool:
    """Ids, codes and cursors of the data for random requests; only the kabupaten where volunteers live."""
    tables = reader.rows.tables
    ids = {
        type_: [f"{type_}:{row.get('id', row.get('code'))}" for row in tables[type_]][:60] for type_ in sorted(NODES)
    }
    homes = sorted({row["kabupaten_code"] for row in tables["Volunteer"]})
    ids["Kabupaten"] = [f"Kabupaten:{code}" for code in homes]
    codes = {name: [row["code"] for row in tables[name]] for name in LABELLED}
    cursors: dict[str, list[str]] = {}
    for cursor, (tag, _) in reader.cursors.items():
        cursors.setdefault(tag, []).append(cursor)
    return ValuePool(
        ids,
        {
            "kabupaten": homes,
            "province": sorted({code[:2] for code in homes}),
            "skill": ["WATER_RESCUE", "FIRST_AID", "LOGISTICS", *codes["Skill"]],
            "hazard": ["FLOOD", "EARTHQUAKE", *codes["Hazard"]],
            "type": codes["CertificateType"],
            "rank": codes["Rank"],
        },
        cursors,
    )
