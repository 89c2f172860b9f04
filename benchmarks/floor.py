"""The floor: a bare Starlette route that answers with the text of one hand-written, set-based statement."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import date

import asyncpg
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.database.engine import READ_SETTINGS

PAGE = """
WITH page AS (
  SELECT v.*, row_number() OVER (ORDER BY v.name, v.id) AS place FROM volunteer v
  WHERE v.kabupaten_code = $1 ORDER BY v.name, v.id LIMIT 50
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
    JOIN skill s ON s.code = g.skill_code) held
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
WITH found AS (
  SELECT i.*, row_number() OVER (ORDER BY i.started_at DESC, i.id DESC) AS place FROM incident i
  WHERE i.status <> 'REPORTED' ORDER BY i.started_at DESC, i.id DESC LIMIT 20
), duty AS (
  SELECT n.id, string_agg('{"status":"' || a.status || '","startsAt":' || to_json(a.starts_at)::text || ',"volunteer":'
    || '{"id":"Volunteer:' || v.id || '","name":' || to_json(v.name)::text || '}}', ','
    ORDER BY a.starts_at DESC, a.id DESC) AS items
  FROM found i JOIN need n ON n.incident_id = i.id JOIN assignment a ON a.need_id = n.id
  JOIN volunteer v ON v.id = a.volunteer_id GROUP BY n.id
), asked AS (
  SELECT i.id, string_agg('{"id":"Need:' || n.id || '","peopleWanted":' || n.people_wanted || ',"skill":{"label":'
    || to_json(s.label_id)::text || '},"assignments":{"nodes":[' || coalesce(d.items, '') || ']}}', ','
    ORDER BY n.starts_at, n.id) AS items
  FROM found i JOIN need n ON n.incident_id = i.id JOIN skill s ON s.code = n.skill_code LEFT JOIN duty d ON d.id = n.id
  GROUP BY i.id
)
SELECT '{"data":{"incidents":{"nodes":[' || string_agg('{"id":"Incident:' || i.id || '","title":'
  || to_json(i.title)::text || ',"needs":{"nodes":[' || coalesce(n.items, '') || ']}}', ',' ORDER BY i.place) || ']}}}'
FROM found i LEFT JOIN asked n ON n.id = i.id
"""


def application() -> Starlette:
    """On the database of DATABASE_URL, with the settings of our own reading connections."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        async def keep(_connection: object) -> None:
            """No reset, as in our own pool."""

        app.state.pool = await asyncpg.create_pool(
            os.environ["DATABASE_URL"], min_size=1, max_size=8, server_settings=READ_SETTINGS, reset=keep
        )
        yield
        await app.state.pool.close()

    async def answer(request: Request, sql: str, *parameters: object) -> Response:
        async with request.app.state.pool.acquire() as connection:
            return Response(await connection.fetchval(sql, *parameters), media_type="application/json")

    async def page(request: Request) -> Response:
        body = await request.json()
        return await answer(request, PAGE, body["kabupaten"], date.fromisoformat(body["day"]))

    async def deep(request: Request) -> Response:
        await request.body()
        return await answer(request, DEEP)

    return Starlette(
        lifespan=lifespan, routes=[Route("/page", page, methods=["POST"]), Route("/deep", deep, methods=["POST"])]
    )
