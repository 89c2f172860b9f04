"""The queries of the comparison, as documents for Sigap and as documents for PostGraphile."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.database import Facts

Variables = Mapping[str, Any]

# wrk replaces this by a number that is unique to each request.
SERIAL = "{serial}"

# The mutation declares incidents that start before all others, so they are not on a page of the newest incidents.
TITLE, STARTED_AT = "Beban", "2001-01-01T00:00:00+00:00"

PAGE = """query($kabupaten: ID!, $day: Date!) { volunteers(first: 50, filter: {kabupaten: {eq: $kabupaten}}) { nodes {
  id name kabupaten { name province { name } } memberships(first: 10) { nodes { organization { name } } }
  trainedFor(on: $day) { code label } certificates(first: 20) { nodes { number expiresOn type { label } } } } } }"""
DEEP = """{ incidents(first: 20) { nodes { id title needs(first: 100) { nodes { id peopleWanted skill { label }
  assignments(first: 100) { nodes { status startsAt volunteer { id name
  memberships(first: 1) { nodes { organization { name } } } } } } } } } } }"""
POINT = """query($id: ID!) { node(id: $id) { ... on Volunteer {
  id name reach status kabupaten { code name province { name } } } } }"""
COUNT = """query($province: ID!, $reach: Reach!) {
  volunteers(first: 0, filter: {province: {eq: $province}, reach: {eq: $reach}, status: {eq: ACTIVE}}) { totalCount } }"""
MUTATION = """mutation($input: DeclareIncidentInput!) { declareIncident(input: $input) {
  incident { title status startedAt hazard { label } } problems { code } } }"""
CANDIDATES = """query($need: ID!) { node(id: $need) { ... on Need { candidates(first: 20) { nodes {
  tier kilometres volunteer { id name kabupaten { name } } } } } } }"""

READINESS = """query($province: ID!, $skill: ID!) { province(id: $province) { readinessSummary(skill: $skill) {
  people ready reasons { code message people } } } }"""
PERSON = """query($id: ID!, $skill: ID!) { node(id: $id) { ... on Volunteer { id name readiness(skill: $skill) {
  isReady reasons { code message } warnings { code message } } } } }"""
SKILLS = ("LOGISTICS", "WATER_RESCUE", "FIRST_AID")

SEARCH = """query($text: String!) { search(text: $text, first: 20) { nodes { kind match text thing {
  ... on Volunteer { id name kabupaten { name } } ... on Organization { id name } ... on Incident { id title }
  ... on Kabupaten { id name } ... on Need { id } } } pageInfo { hasNextPage endCursor } } }"""
# Whole names and their beginnings, parts of names, slips, places, titles, and numbers.
TEXTS = (
    *("Siti", "Sutrisno", "Budi", "Tri", "Eko Cahyono", "Agus Har", "Tarigan", "Lestari", "Rahayu", "siti nur"),
    *("Agus Hartona", "Mangasi Tarigam", "Sutrisna Suryanto", "Muhamad", "Palangka", "Kab. Agam", "Banjir"),
    *("Dinas Sosial", "0812-3456-7890", "0000001-0"),
)

INCIDENT = """query($incident: ID!) { node(id: $incident) { ... on Incident { title status startedAt hazard { label } desk { label }
  kabupatens { name } situation { affected displaced dead at } coverage { wanted pledged offered accepted mobilized onDuty shortfall }
  needs(first: 20) { nodes { id priority peopleWanted startsAt endsAt isStale skill { label } cluster { label }
    coverage { wanted pledged offered accepted mobilized onDuty shortfall }
    pledges(first: 5) { nodes { quantity status filled organization { name } } } } }
  goodsNeeds(first: 10) { nodes { item quantity unit neededBy pledged delivered } }
  sites(first: 20) { nodes { kind name capacity people isFull fillingIn } }
  situationReports(first: 5) { nodes { kabupaten { name } at source status affected displaced dead } }
  activity(first: 20) { nodes { kind label at actorKind reason subject } } } } }"""

# PostGraphile derives names from tables and columns; aliases give its answers the shape of Sigap's.
PEER_PAGE = """query($kabupaten: String!, $day: Date!) {
  volunteers: allVolunteers(first: 50, condition: {kabupatenCode: $kabupaten}, orderBy: [SORT_KEY_ASC, ROW_ID_ASC]) { nodes {
    id: rowId name kabupaten: kabupatenByKabupatenCode { name province: provinceByProvinceCode { name } }
    memberships: membershipsByVolunteerId(first: 10, orderBy: [SINCE_DESC, ROW_ID_DESC]) { nodes {
      organization: organizationByOrganizationId { name } } }
    trainedFor: trainedForList(on: $day) { code label: labelId }
    certificates: certificatesByVolunteerId(first: 20, orderBy: [ISSUED_ON_DESC, ROW_ID_DESC]) { nodes {
      number expiresOn type: certificateTypeByCertificateTypeCode { label: labelId } } } } } }"""
PEER_DEEP = """{ incidents: allIncidents(first: 20, orderBy: [STARTED_AT_DESC, ROW_ID_DESC]) { nodes {
  id: rowId title needs: needsByIncidentId(first: 100, orderBy: [STARTS_AT_ASC, ROW_ID_ASC]) { nodes {
    id: rowId peopleWanted skill: skillBySkillCode { label: labelId }
    assignments: assignmentsByNeedId(first: 100, orderBy: [STARTS_AT_DESC, ROW_ID_DESC]) { nodes {
      status: currentStatus startsAt volunteer: volunteerByVolunteerId { id: rowId name
        memberships: membershipsByVolunteerId(first: 1, orderBy: [SINCE_DESC, ROW_ID_DESC]) { nodes {
          organization: organizationByOrganizationId { name } } } } } } } } } } }"""
PEER_POINT = """query($id: ID!) { node(id: $id) { ... on Volunteer {
  id: rowId name reach status kabupaten: kabupatenByKabupatenCode { code name province: provinceByProvinceCode { name } }
  } } }"""
PEER_COUNT = """query($province: String!, $reach: String!) { volunteers: allVolunteers(
  condition: {provinceCode: $province, reach: $reach, status: "ACTIVE"}) { totalCount } }"""
PEER_MUTATION = """mutation($incident: IncidentInput!) { declareIncident: createIncident(input: {incident: $incident}) {
  incident { title status startedAt hazard: hazardByHazardCode { label: labelId } } } }"""


@dataclass(frozen=True)
class Query:
    """A document, and the variables to send in turn.

    `peer_document` and `translate` are the document and the conversion of variables for PostGraphile.
    """

    name: str
    document: str
    variables: Sequence[Variables]
    peer_document: str = ""
    translate: Callable[[Variables], Variables] = dict


def all_queries(facts: Facts) -> dict[str, Query]:
    """All queries by name, with variables for the rows in the database."""
    page = {"kabupaten": facts.kabupaten, "day": facts.today.isoformat()}
    people = [{"id": f"Volunteer:{id_}"} for id_ in facts.volunteers]
    counts = [{"province": code, "reach": reach} for code in facts.provinces for reach in ("PROVINCE", "NATIONAL")]
    incident = {
        "hazard": facts.hazard,
        "title": f"{TITLE} {SERIAL}",
        "kabupatens": [facts.kabupaten],
        "startedAt": STARTED_AT,
    }
    queries = (
        Query("page", PAGE, [page], PEER_PAGE),
        Query("deep", DEEP, [{}], PEER_DEEP),
        Query("point", POINT, people, PEER_POINT, node_id),
        Query("count", COUNT, counts, PEER_COUNT),
        Query(
            "mutation",
            MUTATION,
            [{"input": incident}],
            PEER_MUTATION,
            lambda variables: incident_row(variables["input"]),
        ),
        Query("search", SEARCH, [{"text": text} for text in TEXTS]),
        Query("candidates", CANDIDATES, [{"need": f"Need:{id_}"} for id_ in facts.needs]),
        Query(
            "readiness",
            READINESS,
            [{"province": f"Province:{facts.largest_province}", "skill": f"Skill:{code}"} for code in SKILLS],
        ),
        Query("person", PERSON, [{**each, "skill": f"Skill:{code}"} for each in people[:60] for code in SKILLS]),
        Query("incident", INCIDENT, [{"incident": f"Incident:{id_}"} for id_ in facts.incidents]),
    )
    return {query.name: query for query in queries}


def node_id(variables: Variables) -> Variables:
    """The variables with the id in the format of PostGraphile."""
    type_, _, key = variables["id"].partition(":")
    return {"id": base64.b64encode(json.dumps([type_, key], separators=(",", ":")).encode()).decode()}


def incident_row(incident: Mapping[str, Any]) -> Variables:
    """The input as columns of the table, which PostGraphile expects."""
    return {
        "incident": {
            "rowId": f"00000000-0000-7000-8000-{SERIAL}",
            "hazardCode": incident["hazard"],
            "title": incident["title"],
            "searchKey": incident["title"].lower(),
            "sortKey": incident["title"].lower(),
            "latitude": 0.0,
            "longitude": 100.0,
            "status": "ACTIVE",
            "startedAt": incident["startedAt"],
        }
    }
