"""How it is answered: for each noun the SQL source of its fields, and the call behind each mutation."""

from api.compiler.source import ByIds, Page, Root, Single
from api.resolvers import assignment, incident, membership, need, organization, person, place, problem, skill
from api.resolvers.verb import VERBS

NOUNS = (place, organization, person, membership, skill, incident, need, assignment, problem)

SOURCES = {source.name: source for noun in NOUNS for source in noun.SOURCES} | {
    verb.payload: verb.source for verb in VERBS.values()
}

__all__ = ["ROOTS", "SOURCES", "VERBS"]

ROOTS: dict[str, Root] = {
    "me": Single("Account"),
    "node": ByIds("id", plural=False),
    "nodes": ByIds("ids", plural=True),
    "provinces": Page("Province"),
    "kabupaten": Page("Kabupaten"),
    "organizations": Page("Organization"),
    "memberships": Page("Membership"),
    "ranks": Page("Rank"),
    "skills": Page("Skill"),
    "certificate_types": Page("CertificateType"),
    "certificates": Page("Certificate"),
    "volunteers": Page("Volunteer"),
    "hazards": Page("Hazard"),
    "clusters": Page("Cluster"),
    "incidents": Page("Incident"),
    "needs": Page("Need"),
    "assignments": Page("Assignment"),
}
