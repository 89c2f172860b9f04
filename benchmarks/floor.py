"""The floor of the comparison: a Starlette route that returns the JSON text of hand-written statements."""

import os
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.database.connection import READ_SETTINGS

PAGE = """
WITH page AS (
  SELECT v.*, row_number() OVER (ORDER BY v.sort_key, v.id) AS place FROM volunteer v
  WHERE v.kabupaten_code = $1 ORDER BY v.sort_key, v.id LIMIT 50
), membership_page AS (
  SELECT p.id, string_agg('{"organization":' || CASE WHEN o.id IS NULL THEN 'null' ELSE
    '{"name":' || to_json(o.name)::text || '}' END || '}', ',' ORDER BY m.since DESC, m.id DESC) AS items
  FROM page p JOIN membership m ON m.volunteer_id = p.id LEFT JOIN organization o ON o.id = m.organization_id
  GROUP BY p.id
), skill_page AS (
  SELECT id, string_agg('{"code":"' || code || '","label":' || to_json(label_id)::text || '}', ',' ORDER BY code) AS items
  FROM (SELECT DISTINCT p.id, s.code, s.label_id FROM page p
    JOIN certificate c ON c.volunteer_id = p.id AND c.revoked_on IS NULL
      AND daterange(c.issued_on, c.expires_on, '[]') @> $2::date
    JOIN certificate_type_grant g ON g.certificate_type_code = c.certificate_type_code
    JOIN skill s ON s.code = g.skill_code) skill_row
  GROUP BY id
), certificate_page AS (
  SELECT p.id, string_agg('{"number":' || to_json(c.number)::text || ',"expiresOn":' ||
    coalesce('"' || c.expires_on || '"', 'null') || ',"type":{"label":' || to_json(t.label_id)::text || '}}', ','
    ORDER BY c.issued_on DESC, c.id DESC) AS items
  FROM page p JOIN certificate c ON c.volunteer_id = p.id JOIN certificate_type t ON t.code = c.certificate_type_code
  GROUP BY p.id
)
SELECT '{"data":{"volunteers":{"nodes":[' || string_agg(
  '{"id":"Volunteer:' || p.id || '","name":' || to_json(p.name)::text || ',"kabupaten":{"name":' || to_json(k.name)::text
  || ',"province":{"name":' || to_json(r.name)::text || '}},"memberships":{"nodes":[' || coalesce(m.items, '')
  || ']},"trainedFor":[' || coalesce(s.items, '') || '],"certificates":{"nodes":[' || coalesce(c.items, '') || ']}}',
  ',' ORDER BY p.place) || ']}}}'
FROM page p JOIN kabupaten k ON k.code = p.kabupaten_code JOIN province r ON r.code = k.province_code
LEFT JOIN membership_page m ON m.id = p.id LEFT JOIN skill_page s ON s.id = p.id LEFT JOIN certificate_page c ON c.id = p.id
"""

DEEP = """
WITH incident_page AS (
  SELECT i.*, row_number() OVER (ORDER BY i.started_at DESC, i.id DESC) AS place FROM incident i
  WHERE i.status <> 'REPORTED' ORDER BY i.started_at DESC, i.id DESC LIMIT 20
), need_page AS (
  SELECT n.* FROM incident_page i CROSS JOIN LATERAL (
    SELECT * FROM need WHERE incident_id = i.id ORDER BY starts_at, id LIMIT 100) n
), assignment_json AS (
  SELECT n.id, string_agg('{"status":"' || CASE WHEN a.status = 'OFFERED' AND
    least(a.expires_at, a.ends_at) <= now() THEN 'EXPIRED' ELSE a.status END || '","startsAt":' || to_json(a.starts_at)::text || ',"volunteer":'
    || '{"id":"Volunteer:' || v.id || '","name":' || to_json(v.name)::text || ',"memberships":{"nodes":['
    || coalesce(m.item, '') || ']}}}', ',' ORDER BY a.starts_at DESC, a.id DESC) AS items
  FROM need_page n CROSS JOIN LATERAL (
    SELECT * FROM assignment WHERE need_id = n.id ORDER BY starts_at DESC, id DESC LIMIT 100) a
  JOIN volunteer v ON v.id = a.volunteer_id
  LEFT JOIN LATERAL (
    SELECT '{"organization":{"name":' || to_json(o.name)::text || '}}' AS item
    FROM (SELECT organization_id FROM membership WHERE volunteer_id = v.id ORDER BY since DESC, id DESC LIMIT 1) member
    JOIN organization o ON o.id = member.organization_id) m ON true
  GROUP BY n.id
), need_json AS (
  SELECT n.incident_id AS id, string_agg('{"id":"Need:' || n.id || '","peopleWanted":' || n.people_wanted
    || ',"skill":{"label":' || to_json(s.label_id)::text || '},"assignments":{"nodes":[' || coalesce(d.items, '')
    || ']}}', ',' ORDER BY n.starts_at, n.id) AS items
  FROM need_page n JOIN skill s ON s.code = n.skill_code LEFT JOIN assignment_json d ON d.id = n.id GROUP BY n.incident_id
)
SELECT '{"data":{"incidents":{"nodes":[' || string_agg('{"id":"Incident:' || i.id || '","title":'
  || to_json(i.title)::text || ',"needs":{"nodes":[' || coalesce(n.items, '') || ']}}', ',' ORDER BY i.place) || ']}}}'
FROM incident_page i LEFT JOIN need_json n ON n.id = i.id
"""

POINT = """
SELECT '{"data":{"node":{"id":"Volunteer:' || v.id || '","name":' || to_json(v.name)::text || ',"reach":"' || v.reach
  || '","status":"' || v.status || '","kabupaten":{"code":"' || k.code || '","name":' || to_json(k.name)::text
  || ',"province":{"name":' || to_json(r.name)::text || '}}}}}'
FROM volunteer v JOIN kabupaten k ON k.code = v.kabupaten_code JOIN province r ON r.code = k.province_code
WHERE v.id = $1
"""

COUNT = """
SELECT '{"data":{"volunteers":{"totalCount":' || count(*) || '}}}' FROM volunteer
WHERE province_code = $1 AND reach = $2 AND status = 'ACTIVE'
"""

# A mutation of Sigap's: the account's roles, the checks, the same rows with the same event, and the payload.
ROLES = """
SELECT a.id, r.kind, r.province_code, r.kabupaten_code FROM account a JOIN role r ON r.account_id = a.id
WHERE a.login = 'bench-provinces' AND a.active AND r.ended_at IS NULL
"""
CHECKS = """
SELECT EXISTS (SELECT FROM hazard WHERE code = $1) AS has_hazard, k.latitude, k.longitude,
  left(k.code, 2) = ANY ($3::text[]) OR k.code = ANY ($4::text[]) AS may
FROM kabupaten k WHERE k.code = $2
"""
MUTATION = """
WITH declared AS (
  INSERT INTO incident (id, hazard_code, title, search_key, sort_key, latitude, longitude, status, started_at)
  VALUES (gen_random_uuid(), $1, $2, lower($2), lower($2), $3, $4, 'ACTIVE', $5)
  RETURNING *
), touched AS (
  INSERT INTO incident_kabupaten (incident_id, kabupaten_code) SELECT id, $6 FROM declared
), event_row AS (
  INSERT INTO event (at, actor_kind, account_id, kind, subject_type, subject_key, change)
  SELECT $8, 'ACCOUNT', $7, 'incident.declared', 'Incident', d.id::text,
    jsonb_build_object('hazard', $1, 'kabupaten', ARRAY[$6])
  FROM declared d
)
SELECT '{"data":{"declareIncident":{"incident":{"title":' || to_json(d.title)::text || ',"status":"' || d.status
  || '","startedAt":' || to_json(d.started_at)::text || ',"hazard":{"label":' || to_json(h.label_id)::text
  || '}},"problems":[]}}}'
FROM declared d JOIN hazard h ON h.code = d.hazard_code
"""

Variables = Mapping[str, Any]
Connection = asyncpg.pool.PoolConnectionProxy

STATEMENTS: Mapping[str, tuple[str, Callable[[Variables], Sequence[object]]]] = {
    "page": (PAGE, lambda variables: (variables["kabupaten"], date.fromisoformat(variables["day"]))),
    "deep": (DEEP, lambda _variables: ()),
    "point": (POINT, lambda variables: (UUID(variables["id"].partition(":")[2]),)),
    "count": (COUNT, lambda variables: (variables["province"], variables["reach"])),
}


async def read(connection: Connection, body: Variables) -> str:
    sql, values = STATEMENTS[body["query"]]
    text: str = await connection.fetchval(sql, *values(body))
    return text


async def declare_incident(connection: Connection, body: Variables) -> str:
    """By three statements in a transaction; a refusal is an exception, as the benchmark sends no wrong input."""
    incident = body["input"]
    (kabupaten,) = incident["kabupatens"]
    async with connection.transaction():
        roles = await connection.fetch(ROLES)
        coordinator = [role for role in roles if role["kind"] == "COORDINATOR"]
        scope = [[role[name] for role in coordinator if role[name]] for name in ("province_code", "kabupaten_code")]
        place = await connection.fetchrow(CHECKS, incident["hazard"], kabupaten, *scope)
        started_at, now = datetime.fromisoformat(incident["startedAt"]), datetime.now(UTC)
        is_right = 3 <= len(incident["title"].strip()) <= 200 and started_at <= now + timedelta(days=1)
        if place is None or not (place["has_hazard"] and place["may"] and is_right):
            raise ValueError(incident)
        position = place["latitude"], place["longitude"]
        text: str = await connection.fetchval(
            MUTATION, incident["hazard"], incident["title"], *position, started_at, kabupaten, roles[0]["id"], now
        )
        return text


async def no_reset(_connection: object) -> None:
    """Replaces the reset of a connection that returns to the pool; Sigap's pool has none either."""


def application() -> Starlette:
    """The application, on the database of DATABASE_URL and with the settings of Sigap's read connections."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        url, writable = os.environ["DATABASE_URL"], {"default_transaction_read_only": "off"}
        app.state.pool = await asyncpg.create_pool(
            url, min_size=1, max_size=10, server_settings={**READ_SETTINGS, **writable}, reset=no_reset
        )
        yield
        await app.state.pool.close()

    async def answer(request: Request) -> Response:
        body = await request.json()
        answer_query = declare_incident if body["query"] == "mutation" else read
        async with request.app.state.pool.acquire() as connection:
            return Response(await answer_query(connection, body), media_type="application/json")

    return Starlette(lifespan=lifespan, routes=[Route("/floor", answer, methods=["POST"])])
