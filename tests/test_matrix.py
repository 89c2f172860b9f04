"""Who does what where: the matrix of one day adds up."""

from datetime import timedelta

from tests.asking import Api, Json
from tests.builders import HOME, NEIGHBOUR, Build
from tests.conftest import NOW

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MATRIX = """query($id: ID!, $on: Date!) { incident(id: $id) { coverageMatrix(on: $on) {
    organization { name } cluster { code } kabupaten { code } wanted promised committed delivered percent totalPercent } } }"""


def row(cell: Json) -> tuple[object, ...]:
    organization = cell["organization"]
    place = (cell["kabupaten"]["code"], cell["cluster"]["code"], organization and organization["name"])
    return (
        *place,
        *(cell[name] for name in ("wanted", "promised", "committed", "delivered", "percent", "totalPercent")),
    )


async def test_the_matrix_says_who_does_what_where_on_a_day(api: Api, build: Build) -> None:
    incident, actor = await build.incident([HOME, NEIGHBOUR]), await build.coordinator()
    baznas, lazisnu = [await build.organization(name=name) for name in ("Baznas", "LazisNU")]
    period = {"starts_at": NOW - DAY, "ends_at": NOW + 2 * DAY}
    need = await build.need(incident, wanted=10, **period)
    await build.need(incident, cluster_code="HEALTH", kabupaten_code=NEIGHBOUR, wanted=3, **period)
    await build.need(incident, closed_at=NOW, **period)
    await build.need(incident, starts_at=NOW + 3 * DAY, ends_at=NOW + 4 * DAY)
    pledge = await build.pledge(need, baznas, quantity=4)
    await build.pledge(need, lazisnu, quantity=2)
    await build.pledge(need, lazisnu, quantity=1, status="RELEASED")
    for status, values in (
        ("ON_DUTY", {"pledge_id": pledge}),
        ("ACCEPTED", {"pledge_id": pledge, "starts_at": NOW + DAY}),
        ("ACCEPTED", {}),
        ("OFFERED", {}),
    ):
        await build.assignment(need, await build.volunteer(), status=status, **values)

    answers = [
        (await api.ask(MATRIX, actor=actor, id=f"Incident:{incident}", on=day))["incident"]["coverageMatrix"]
        for day in ("2026-03-01", "2026-04-01")
    ]

    rescue = "SEARCH_AND_RESCUE"
    assert [[row(cell) for cell in cells] for cells in answers] == [
        [
            (NEIGHBOUR, "HEALTH", None, 3, 0, 0, 0, 0.0, 0.0),
            (HOME, rescue, None, 10, 0, 1, 0, 10.0, 70.0),
            *sorted(
                [
                    (HOME, rescue, "Baznas", 10, 4, 1, 1, 40.0, 70.0),
                    (HOME, rescue, "LazisNU", 10, 2, 0, 0, 20.0, 70.0),
                ],
                key=lambda cell: str({"Baznas": baznas, "LazisNU": lazisnu}[str(cell[2])]),
            ),
        ],
        [],
    ]


async def test_people_who_take_turns_and_those_of_ended_pledges_count_once(api: Api, build: Build) -> None:
    incident, actor = await build.incident(), await build.coordinator()
    baznas, lazisnu = [await build.organization(name=name) for name in ("Baznas", "LazisNU")]
    need = await build.need(incident, wanted=8, starts_at=NOW, ends_at=NOW + 12 * HOUR)
    released = await build.pledge(need, baznas, quantity=3, status="RELEASED")
    late = await build.pledge(need, lazisnu, quantity=2, deadline=NOW)
    await build.pledge(need, baznas, quantity=2)
    await build.pledge(need, lazisnu, quantity=2, status="RELEASED")
    for pledge in (released, late, None):
        for begin in (0, 6):
            period = {"starts_at": NOW + begin * HOUR, "ends_at": NOW + (begin + 6) * HOUR}
            await build.assignment(need, await build.volunteer(), status="ACCEPTED", pledge_id=pledge, **period)
    await build.assignment(need, await build.volunteer(), status="ACCEPTED", pledge_id=released)

    cells = (await api.ask(MATRIX, actor=actor, id=f"Incident:{incident}", on="2026-03-01"))["incident"]

    place = (HOME, "SEARCH_AND_RESCUE")
    assert {row(cell)[2]: row(cell) for cell in cells["coverageMatrix"]} == {
        None: (*place, None, 8, 0, 1, 0, 12.5, 75.0),
        "Baznas": (*place, "Baznas", 8, 2, 2, 0, 50.0, 75.0),
        "LazisNU": (*place, "LazisNU", 8, 0, 1, 0, 12.5, 75.0),
    }


async def test_the_matrix_of_a_past_day_has_the_needs_that_were_closed_later(api: Api, build: Build) -> None:
    incident, actor = await build.incident(status="CLOSED"), await build.coordinator()
    period = {"starts_at": NOW - 3 * DAY, "ends_at": NOW - DAY}
    need = await build.need(incident, wanted=4, closed_at=NOW, **period)
    other = await build.need(incident, wanted=90, closed_at=NOW, merged_into_id=need, **period)
    pledge = await build.pledge(need, await build.organization(name="Baznas"), quantity=2, status="RELEASED")
    await build.assignment(need, await build.volunteer(), status="COMPLETED", pledge_id=pledge)
    coverage = "query($id: ID!, $on: Date) { incident(id: $id) { coverage(on: $on) { wanted accepted shortfall } } }"
    days = ("2026-02-25", "2026-02-26", "2026-02-28", "2026-03-01")

    found = [
        (await api.ask(MATRIX, actor=actor, id=f"Incident:{incident}", on=day))["incident"]["coverageMatrix"]
        for day in days
    ]
    totals = [(await api.ask(coverage, id=f"Incident:{incident}", on=day))["incident"]["coverage"] for day in days]
    now = (await api.ask(coverage, id=f"Incident:{incident}"))["incident"]["coverage"]

    stood = [
        (HOME, "SEARCH_AND_RESCUE", None, 4, 0, 0, 0, 0.0, 25.0),
        (HOME, "SEARCH_AND_RESCUE", "Baznas", 4, 0, 1, 1, 25.0, 25.0),
    ]
    none, four = [{"wanted": n, "accepted": a, "shortfall": n - a} for n, a in ((0, 0), (4, 1))]
    assert other != need
    assert [[row(cell) for cell in cells] for cells in found] == [[], stood, stood, []]
    assert totals == [none, four, four, none]
    assert now == none
