"""The verbs: which service stands behind each mutation."""

from api.resolvers.answer import Verb
from api.services import assignment, incident, person, skill

VERBS = {
    verb.name: verb
    for verb in (
        Verb("declare_incident", incident.declare, "Incident"),
        Verb("raise_need", incident.raise_need, "Need", ids={"incident": "Incident"}),
        Verb(
            "register_volunteer",
            person.register,
            "Volunteer",
            ids={"organization": "Organization"},
            needs_vault=True,
        ),
        Verb("issue_certificate", skill.issue, "Certificate", ids={"volunteer": "Volunteer", "issuer": "Organization"}),
        Verb("offer_assignment", assignment.offer, "Assignment", ids={"need": "Need", "volunteer": "Volunteer"}),
        Verb("accept_assignment", assignment.accept, "Assignment", ids={"assignment": "Assignment"}),
        Verb("decline_assignment", assignment.decline, "Assignment", ids={"assignment": "Assignment"}),
        Verb("cancel_assignment", assignment.cancel, "Assignment", ids={"assignment": "Assignment"}),
    )
}
