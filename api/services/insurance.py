"""Recording the insurances of volunteers."""

import uuid
from datetime import date

from api import access
from api.database.engine import Transaction
from api.models import Insurance
from api.models.base import new_id
from api.models.insurance import InsuranceKind
from api.rules.code import ProblemCode
from api.services.feed import record
from api.services.person_change import VOLUNTEERS
from api.services.problem import Problem, Problems, input_path
from api.services.request import Request
from api.services.verb import OneThing, verb
from api.values.day import check_earliest
from api.values.text import line

BPJS = "BPJS Ketenagakerjaan"


@verb(
    "record_insurance",
    "Records an insurance of a volunteer.",
    answers=OneThing("Insurance"),
    callers=access.INSURERS,
    ids={"volunteer": "Volunteer"},
    conflicts={
        "uq_insurance_volunteer_id_kind_insurer_since": Problem(ProblemCode.ALREADY_RECORDED, input_path("since"))
    },
)
async def record_insurance(
    session: Transaction,
    request: Request,
    *,
    volunteer: uuid.UUID,
    kind: str,
    since: date,
    until: date | None = None,
    insurer: str | None = None,
    number: str | None = None,
) -> uuid.UUID:
    """Only of another insurance the insurer is named."""
    problems = Problems()
    columns = {
        "insurer": problems.read(line, "insurer", value=insurer, minimum=2, maximum=200) or BPJS,
        "number": problems.read(line, "number", value=number, minimum=1, maximum=100),
    }
    if (kind == InsuranceKind.OTHER) != (insurer is not None):
        problems.invalid(
            "insurer",
            indonesian="Sebutkan penanggungnya hanya jika bukan BPJS.",
            english="Name the insurer where it is not BPJS, and only there.",
        )
    problems.read(check_earliest, "since", value=since)
    if until is not None and until < since:
        problems.invalid("until", indonesian="Berakhir sebelum mulai.", english="It ends before it starts.")
    problems.refuse()
    await VOLUNTEERS.lock(session, request, volunteer, None, may=access.insures)
    key = new_id()
    await session.insert(Insurance, id=key, volunteer_id=volunteer, kind=kind, since=since, until=until, **columns)
    change = {"volunteer": str(volunteer), "kind": kind}
    await record(session, request, "insurance.recorded", subject=("Insurance", key), change=change)
    return key
