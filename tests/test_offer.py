from datetime import timedelta

from tests.asking import PROBLEMS, Api, problem
from tests.builders import HOME, NEIGHBOUR, Build

OFFER = f"""mutation($input: OfferAssignmentInput!) {{ offerAssignment(input: $input) {{
  assignment {{ id status startsAt endsAt }} {PROBLEMS} }} }}"""
REGISTER = f"""mutation($input: RegisterVolunteerInput!) {{ registerVolunteer(input: $input) {{
  volunteer {{ id }} {PROBLEMS} }} }}"""


async def test_nearer_candidates_are_checked_for_the_offered_period(api: Api, build: Build) -> None:
    organization = await build.organization()
    near = await build.volunteer(organization)
    far = await build.volunteer(organization, kabupaten_code=NEIGHBOUR)
    need, other = await build.need(), await build.need()
    start = build.now + timedelta(days=1)
    await build.assignment(
        other, near, status="ACCEPTED", starts_at=start + timedelta(days=2), ends_at=start + timedelta(days=3)
    )
    coordinator = await build.coordinator(kabupaten_code=HOME)
    fields = {"need": f"Need:{need}", "volunteer": f"Volunteer:{far}"}

    first_day = await api.do(OFFER, actor=coordinator, endsAt=(start + timedelta(days=1)).isoformat(), **fields)
    full_period = await api.do(OFFER, actor=coordinator, **fields)

    assert first_day == {
        "assignment": None,
        "problems": [problem("Nearer", "NEARER_AVAILABLE", "volunteer", volunteer={"id": f"Volunteer:{near}"})],
    }
    assert full_period["problems"] == []


async def test_a_future_start_or_a_blank_number_of_a_membership_is_invalid(api: Api, build: Build) -> None:
    organization = await build.organization()
    person = {"name": "Sinta", "kabupaten": HOME, "reach": "PROVINCE", "consentPurpose": "Penugasan"}
    fields = {**person, "organization": f"Organization:{organization}"}
    manager = await build.manager(organization)

    future = await api.do(REGISTER, actor=manager, since="2026-03-02", **fields)
    blank = await api.do(REGISTER, actor=manager, number="  ", **fields)

    assert future == {"volunteer": None, "problems": [problem("Simple", "INVALID", "since")]}
    assert blank == {"volunteer": None, "problems": [problem("Simple", "INVALID", "number")]}
    assert await build.connection.fetchval("SELECT count(*) FROM volunteer") == 0
