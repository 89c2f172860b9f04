from tests.asking import Api
from tests.builders import HOME, NEIGHBOUR, Build

OFFER = """mutation($input: OfferAssignmentInput!) { offerAssignment(input: $input) {
  assignment { id status version volunteer { name } } problems { code path } } }"""
ACCEPT = """mutation($input: AcceptAssignmentInput!) { acceptAssignment(input: $input) {
  assignment { status version } problems { code } } }"""


async def test_a_candidate_from_another_kabupaten_is_offered_a_need_and_accepts(api: Api, build: Build) -> None:
    volunteer = await build.volunteer(kabupaten_code=NEIGHBOUR, name="Sinta")
    need = await build.need(wanted=1)
    coordinator = await build.coordinator(kabupaten_code=HOME)

    data = await api.ask(
        """query($id: ID!) { node(id: $id) { ... on Need { candidates(first: 5) {
             totalCount nodes { tier volunteer { id name } } } } } }""",
        actor=coordinator,
        id=f"Need:{need}",
    )
    offered = await api.do(OFFER, actor=coordinator, need=f"Need:{need}", volunteer=f"Volunteer:{volunteer}")
    accepted = await api.do(
        ACCEPT, actor=await build.volunteer_account(volunteer), assignment=offered["assignment"]["id"], version=1
    )

    assert data == {
        "node": {
            "candidates": {
                "totalCount": 1,
                "nodes": [{"tier": "PROVINCE", "volunteer": {"id": f"Volunteer:{volunteer}", "name": "Sinta"}}],
            }
        }
    }
    assert offered["problems"] == []
    assert offered["assignment"]["status"] == "OFFERED"
    assert accepted == {"assignment": {"status": "ACCEPTED", "version": 2}, "problems": []}
    assert await build.connection.fetchval("SELECT count(*) FROM commitment") == 1
    kinds = await build.connection.fetch("SELECT kind FROM event ORDER BY position")
    assert [row["kind"] for row in kinds] == ["assignment.offered", "assignment.accepted"]
