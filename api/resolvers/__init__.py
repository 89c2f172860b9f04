"""How it is answered: for each noun the SQL source of its fields, and the call behind each mutation."""

from api.compiler.source import ByIds, Root, SingleRow, ToConnection
from api.resolvers import assignment, incident, membership, need, organization, person, place, problem, skill
from api.resolvers.verb import VERBS

NOUNS = (place, organization, person, membership, skill, incident, need, assignment, problem)

SOURCES = {source.name: source for noun in NOUNS for source in noun.SOURCES} | {
    verb.payload: verb.source for verb in VERBS.values()
}

__all__ = ["ROOTS", "SOURCES", "VERBS"]

ROOTS: dict[str, Root] = {
    "me": SingleRow("Account"),
    "node": ByIds("id", plural=False),
    "nodes": ByIds("ids", plural=True),
    "provinces": ToConnection("Province"),
    "kabupaten": ToConnection("Kabupaten"),
    "organizations": ToConnection("Organization"),
    "memberships": ToConnection("Membership"),
    "ranks": ToConnection("Rank"),
    "skills": ToConnection("Skill"),
    "certificate_types": ToConnection("CertificateType"),
    "certificates": ToConnection("Certificate"),
    "volunteers": ToConnection("Volunteer"),
    "hazards": ToConnection("Hazard"),
    "clusters": ToConnection("Cluster"),
    "incidents": ToConnection("Incident"),
    "needs": ToConnection("Need"),
    "assignments": ToConnection("Assignment"),
}
