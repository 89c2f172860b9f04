from math import inf, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.values.position import Extent, check_position, distance_km
from api.values.problem import Unreadable

KOTIM = Extent(-3.35, -1.2, 112.0, 113.3)
YOGYAKARTA = Extent(-7.84, -7.75, 110.33, 110.41)

# On each side of the box of Kotawaringin Timur: 0.2 degrees are 22.2 km.
READ = [
    (-2.5375, 112.941),
    (-3.35, 112.0),
    (-1.2, 113.3),
    (-1.0, 112.5),
    (-3.55, 112.5),
    (-2.0, 111.8),
    (-2.0, 113.5),
    (-3.5, 111.85),
    (-1.05, 113.45),
    (-2, 113),
    (-3.574, 112.5),
]

REFUSED = [
    (0.0, 0.0, "outside the kabupaten"),
    (51.5, -0.1, "outside the kabupaten"),
    (-0.97, 112.5, "outside the kabupaten"),
    (-3.58, 112.5, "outside the kabupaten"),
    (-2.0, 113.53, "outside the kabupaten"),
    (-3.55, 111.8, "outside the kabupaten"),
    (2.5375, 112.941, "outside the kabupaten"),
    (-2.5375, -112.941, "outside the kabupaten"),
    (112.941, -2.5375, "swapped"),
    (112.0, -3.35, "swapped"),
    (-112.941, 2.5, "from -90 to 90"),
    (91.0, 112.0, "from -90 to 90"),
    (-2.5, 181.0, "from -90 to 90"),
    (nan, 112.0, "from -90 to 90"),
    (-2.5, nan, "from -90 to 90"),
    (inf, 112.0, "from -90 to 90"),
    (-2.5, -inf, "from -90 to 90"),
    (1e308, 1e308, "from -90 to 90"),
]


@pytest.mark.parametrize(("latitude", "longitude"), READ)
def test_a_position_in_or_near_its_kabupaten_is_read(latitude: float, longitude: float) -> None:
    check_position(latitude, longitude, [KOTIM])


@pytest.mark.parametrize(("latitude", "longitude", "message"), REFUSED)
def test_another_position_is_refused(latitude: float, longitude: float, message: str) -> None:
    with pytest.raises(Unreadable, match=message):
        check_position(latitude, longitude, [KOTIM])


def test_one_of_several_kabupaten_is_enough() -> None:
    check_position(-7.8, 110.37, [KOTIM, YOGYAKARTA])


def test_latitude_and_longitude_are_swapped_where_both_orders_are_on_earth() -> None:
    with pytest.raises(Unreadable, match="swapped"):
        check_position(80.0, 5.0, [Extent(4.9, 5.1, 79.9, 80.1)])


def test_without_a_kabupaten_a_position_is_anywhere_on_earth() -> None:
    check_position(51.5, -0.1)

    with pytest.raises(Unreadable, match="from -90 to 90"):
        check_position(112.941, -2.5375)


def test_the_distance_to_a_box_is_that_of_the_great_circle() -> None:
    assert distance_km(-2.0, 112.5, KOTIM) == 0
    assert distance_km(-0.2, 112.5, KOTIM) == pytest.approx(111.195, abs=0.001)
    assert distance_km(-2.0, 114.3, KOTIM) == pytest.approx(111.127, abs=0.001)


@settings(deadline=None)
@given(st.floats(-90, 90), st.floats(-180, 180))
def test_a_position_is_read_if_it_is_within_25_km(latitude: float, longitude: float) -> None:
    try:
        check_position(latitude, longitude, [KOTIM])
    except Unreadable:
        assert distance_km(latitude, longitude, KOTIM) > 25
    else:
        assert distance_km(latitude, longitude, KOTIM) <= 25
