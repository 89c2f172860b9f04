import itertools
from collections import Counter

import asyncpg
import pytest

from api import reference
from api.reference import CodeInUseError, CycleOfInclusionsError
from api.reference.file import read_rows
from api.rules.code import MESSAGES, ProblemCode

TABLES = [source.table for source in (*reference.CATALOGUES, *reference.LINKS)] + ["certificate_type_grant"]


async def row_versions(connection: asyncpg.Connection) -> list[object]:
    """The location and the inserting transaction of every row; they are unchanged if nothing was written."""
    every = " UNION ALL ".join(
        f"SELECT tableoid::regclass::text, ctid::text, xmin::text FROM {name}" for name in TABLES
    )
    return [tuple(row) for row in await connection.fetch(every + " ORDER BY 1, 2")]


async def grants(connection: asyncpg.Connection, code: str) -> set[str]:
    rows = await connection.fetch(
        "SELECT skill_code FROM certificate_type_grant WHERE certificate_type_code = $1", code
    )
    return {row["skill_code"] for row in rows}


async def test_every_file_fills_its_table(connection: asyncpg.Connection) -> None:
    counts = {name: await connection.fetchval(f"SELECT count(*) FROM {name}") for name in TABLES}

    assert counts == {
        "province": 38,
        "kabupaten": 514,
        "kecamatan": 7285,
        "desk": 3,
        "event_kind": len(read_rows("event_kinds.csv")),
        "hazard": 28,
        "cluster": 8,
        "rank": 9,
        "skill": 20,
        "kitchen_type": 1,
        "certificate_type": 26,
        "camp_kind": 4,
        "camp_category": 4,
        "payer": 6,
        "certificate_type_inclusion": 8,
        "certificate_type_skill": 29,
        "certificate_type_issuer": 72,
        "certificate_type_grant": 41,
    }


async def test_there_are_416_kabupaten_and_98_kota(connection: asyncpg.Connection) -> None:
    rows = await connection.fetch("SELECT kind, count(*) FROM kabupaten GROUP BY kind")

    assert dict(map(tuple, rows)) == {"KABUPATEN": 416, "KOTA": 98}


async def test_codes_keep_their_dot_and_zeros(connection: asyncpg.Connection) -> None:
    rows = await connection.fetch(
        "SELECT code, name FROM kabupaten WHERE code IN ('11.1', '11.01', '11.10') ORDER BY code"
    )

    assert [tuple(row) for row in rows] == [("11.01", "Kabupaten Aceh Selatan"), ("11.10", "Kabupaten Aceh Singkil")]


async def test_a_kabupaten_has_its_province_and_the_position_of_its_seat(connection: asyncpg.Connection) -> None:
    row = await connection.fetchrow("SELECT * FROM kabupaten WHERE code = '62.02'")

    assert row is not None
    assert dict(row) == {
        "code": "62.02",
        "province_code": "62",
        "name": "Kabupaten Kotawaringin Timur",
        "search_key": "kabupatenkotawaringintimur",
        "sort_key": "kabupaten kotawaringin timur",
        "kind": "KABUPATEN",
        "retired_on": None,
        "latitude": -2.53754,
        "longitude": 112.94101,
        "south": -3.2947,
        "north": -1.2152,
        "west": 112.075,
        "east": 113.2841,
    }


async def test_provinces_are_in_three_time_zones(connection: asyncpg.Connection) -> None:
    rows = await connection.fetch("SELECT time_zone FROM province")

    assert Counter(row["time_zone"] for row in rows) == {"Asia/Jakarta": 18, "Asia/Makassar": 12, "Asia/Jayapura": 8}


async def test_every_hazard_belongs_to_one_of_the_three_kinds_of_the_law(connection: asyncpg.Connection) -> None:
    rows = await connection.fetch(
        "WITH RECURSIVE below AS ("
        " SELECT code AS root, code FROM hazard WHERE parent_code IS NULL"
        " UNION ALL SELECT root, hazard.code FROM below JOIN hazard ON parent_code = below.code"
        ") SELECT root, count(*) FROM below GROUP BY root"
    )

    assert dict(map(tuple, rows)) == {"NATURAL": 15, "NON_NATURAL": 8, "SOCIAL": 5}


async def test_there_are_eight_national_clusters(connection: asyncpg.Connection) -> None:
    rows = await connection.fetch("SELECT label_id FROM cluster ORDER BY label_id")

    assert [row["label_id"] for row in rows] == [
        "Ekonomi",
        "Kesehatan",
        "Logistik",
        "Pemulihan dini",
        "Pencarian dan penyelamatan",
        "Pendidikan",
        "Pengungsian dan perlindungan",
        "Sarana dan prasarana",
    ]


async def test_madya_ranks_between_muda_and_utama(connection: asyncpg.Connection) -> None:
    rows = await connection.fetch("SELECT code FROM rank WHERE corps = 'TAGANA' ORDER BY level")

    assert [row["code"] for row in rows] == ["TAGANA_MUDA", "TAGANA_MADYA", "TAGANA_UTAMA"]


async def test_a_certificate_type_grants_the_skills_of_all_types_it_includes(connection: asyncpg.Connection) -> None:
    muda, madya, utama = [await grants(connection, f"TAGANA_{level}") for level in ("MUDA", "MADYA", "UTAMA")]

    assert muda == {"LOGISTICS", "SHELTER"}
    assert madya == muda | {"FIELD_KITCHEN", "RAPID_ASSESSMENT"}
    assert utama == madya | {"CAMP_MANAGEMENT", "COMMAND_POST"}
    assert await grants(connection, "MRI_RESCUE") == {"LOGISTICS", "MOUNTAIN_RESCUE", "WATER_RESCUE"}


async def test_loading_again_writes_nothing(connection: asyncpg.Connection) -> None:
    before = await row_versions(connection)

    await reference.load(connection)

    assert await row_versions(connection) == before


async def test_only_changed_rows_are_written(connection: asyncpg.Connection) -> None:
    before = await row_versions(connection)
    await connection.execute("UPDATE skill SET label_en = 'Soup' WHERE code = 'FIELD_KITCHEN'")
    await connection.execute("UPDATE kabupaten SET latitude = 0 WHERE code = '62.02'")
    await connection.execute("DELETE FROM certificate_type_skill WHERE skill_code = 'PEACE_MEDIATION'")

    await reference.load(connection)

    assert len(set(await row_versions(connection)) - set(before)) == 3
    assert await connection.fetchval("SELECT label_en FROM skill WHERE code = 'FIELD_KITCHEN'") == "Field kitchen"
    assert await connection.fetchval("SELECT latitude FROM kabupaten WHERE code = '62.02'") == -2.53754
    assert await grants(connection, "PELOPOR_BASIC") == {"PEACE_MEDIATION"}


async def test_a_code_without_a_line_in_its_file_is_retired_and_loses_its_grants(
    connection: asyncpg.Connection,
) -> None:
    before = set(await row_versions(connection))
    await connection.execute("INSERT INTO certificate_type (code, label_id, label_en) VALUES ('OLD', 'Lama', 'Old')")
    await connection.execute(
        "INSERT INTO certificate_type_skill VALUES ('OLD', 'FIRST_AID'), ('TAGANA_MUDA', 'FIRST_AID')"
    )
    await connection.execute("INSERT INTO certificate_type_inclusion VALUES ('MRI_BASIC', 'OLD')")
    await connection.execute(reference.GRANT)

    await reference.load(connection)
    once = await row_versions(connection)
    await reference.load(connection)

    old = await connection.fetchrow("SELECT code, retired_on = current_date FROM certificate_type WHERE code = 'OLD'")
    assert tuple(old or ()) == ("OLD", True)
    assert len(set(once) - before) == 1
    assert await row_versions(connection) == once


async def test_a_file_retires_a_code_and_takes_it_back(
    connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    retired = "SELECT array_agg(code || ' ' || retired_on) FROM hazard WHERE retired_on IS NOT NULL"
    read = reference.Source.rows

    def rows(source: reference.Source) -> reference.Rows:
        return [{**row, "retired_on": "2027-01-01" if row.get("code") == "FLOOD" else None} for row in read(source)]

    with monkeypatch.context() as patch:
        # Stands for another content of the file.
        patch.setattr(
            reference.Source, "rows", lambda source: rows(source) if source.table == "hazard" else read(source)
        )
        await reference.load(connection)
    during = await connection.fetchval(retired)
    await reference.load(connection)

    assert (during, await connection.fetchval(retired)) == (["FLOOD 2027-01-01"], None)


async def test_a_missing_code_that_is_in_use_is_refused_and_nothing_changes(connection: asyncpg.Connection) -> None:
    await connection.execute(
        "INSERT INTO hazard (code, desk_code, label_id, label_en) VALUES ('OMEN', 'SOCIAL', 'Pertanda', 'Omen')"
    )
    await connection.execute(
        "INSERT INTO incident (id, hazard_code, title, search_key, sort_key, latitude, longitude, status, started_at)"
        " VALUES (gen_random_uuid(), 'OMEN', 'Burung hantu', 'burunghantu', 'burung hantu', 0, 0, 'REPORTED', now())"
    )
    await connection.execute("UPDATE skill SET label_en = 'Soup' WHERE code = 'FIELD_KITCHEN'")
    before = await row_versions(connection)

    with pytest.raises(CodeInUseError) as refusal:
        await reference.load(connection)

    assert str(refusal.value) == (
        "hazards.csv lacks the code OMEN, which incident uses:"
        " put its line back, with a day in the column retired_on if it is to be used no more."
    )
    assert await row_versions(connection) == before


HAZARD = {"code": "OMEN", "desk_code": "SOCIAL", "label_id": "Pertanda", "label_en": "Omen"}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([HAZARD, {**HAZARD, "label_en": "Sign"}], "hazards.csv has OMEN more than once."),
        ([HAZARD, HAZARD], "hazards.csv has OMEN more than once."),
        (
            [{**HAZARD, "retired_on": "2026-13-01"}],
            'hazards.csv cannot be loaded: date/time field value out of range: "2026-13-01".',
        ),
        (
            [{**HAZARD, "retired_on": "besok"}],
            'hazards.csv cannot be loaded: invalid input syntax for type date: "besok".',
        ),
        (
            [{**HAZARD, "desk_code": "NONE"}],
            (
                'hazards.csv cannot be loaded: insert or update on table "hazard" violates foreign key constraint'
                ' "fk_hazard_desk_code".'
            ),
        ),
    ],
)
async def test_a_wrong_line_is_told_with_its_file_and_nothing_changes(
    connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch, lines: reference.Rows, message: str
) -> None:
    read = reference.Source.rows

    def rows(source: reference.Source) -> reference.Rows:
        found = read(source)
        more = [{**dict.fromkeys(found[0]), "retired_on": None, **line} for line in lines]
        present: reference.Rows = [{"retired_on": None, **row} for row in found]
        return [*present, *more] if source.table == "hazard" else found

    # Stands for another content of the file.
    monkeypatch.setattr(reference.Source, "rows", rows)
    before = await row_versions(connection)

    with pytest.raises(reference.InvalidFileError) as refusal:
        await reference.load(connection)

    assert str(refusal.value) == message
    assert await row_versions(connection) == before


async def test_a_file_in_which_a_type_includes_itself_is_refused() -> None:
    pairs = (("A", "B"), ("B", "C"), ("C", "A"), ("C", "D"))
    rows: reference.Rows = [{"certificate_type_code": one, "included_code": other} for one, other in pairs]

    with pytest.raises(CycleOfInclusionsError) as refusal:
        reference.check_inclusions(rows)

    told = str(refusal.value)
    assert told.startswith("certificate_type_inclusions.csv: a certificate type includes itself: ")
    assert {"A → B", "B → C", "C → A"} >= {
        f"{a} → {b}" for a, b in itertools.pairwise(told[:-1].split(": ")[2].split(" → "))
    }


def test_every_message_is_that_of_a_problem_code() -> None:
    assert MESSAGES.keys() == set(ProblemCode)
