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
    need = await build.need(incident, people_wanted=10, **period)
    await build.need(incident, cluster_code="HEALTH", kabupaten_code=NEIGHBOUR, people_wanted=3, **period)
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
