"""What is around the incidents of the benchmark data: sites, figures, goods, pledges and events, made by SQL.

It is added to data that have none of it, also to those of an earlier run.
"""

import asyncpg

from benchmarks.synthetic import PEOPLE

SITES = """
INSERT INTO site (id, incident_id, kind, name, search_key, sort_key, kabupaten_code, latitude, longitude, capacity,
  kitchen_type_code, opened_at)
SELECT gen_random_uuid(), incident.id, kind, kind || ' ' || number, kind || number, kind || number, kabupaten_code,
  latitude, longitude, 500, CASE kind WHEN 'PUBLIC_KITCHEN' THEN 'FIELD_KITCHEN' END, started_at
FROM incident JOIN LATERAL (SELECT min(kabupaten_code) AS kabupaten_code FROM incident_kabupaten
  WHERE incident_id = incident.id) AS place ON true
CROSS JOIN (VALUES ('COMMAND_POST', 1), ('PUBLIC_KITCHEN', 2), ('HEALTH_POST', 3), ('SHELTER', 4), ('SHELTER', 5),
  ('SHELTER', 6)) AS planned (kind, number)"""
LOADS = """
INSERT INTO site_load (id, site_id, at, people)
SELECT gen_random_uuid(), id, opened_at + number * interval '6 hours', 40 * number
FROM site CROSS JOIN generate_series(1, 14) AS number WHERE kind = 'SHELTER'"""
REPORTS = """
INSERT INTO situation_report (id, incident_id, kabupaten_code, at, source, status, affected, displaced, dead)
SELECT gen_random_uuid(), incident.id, kabupaten_code, started_at + number * interval '8 hours', 'BPBD ' || number,
  CASE number % 3 WHEN 0 THEN 'RECORDED' ELSE 'VERIFIED' END, 900 * number, 100 * number, number
FROM incident JOIN incident_kabupaten ON incident_id = incident.id CROSS JOIN generate_series(1, 6) AS number"""
GOODS = """
INSERT INTO goods_need (id, incident_id, item, quantity, unit, needed_by, cluster_code, priority, kabupaten_code,
  latitude, longitude)
SELECT gen_random_uuid(), incident_id, item, 1000, 'kg', opened_at + interval '14 days', 'LOGISTICS', 'HIGH',
  kabupaten_code, latitude, longitude
FROM site CROSS JOIN (VALUES ('Beras'), ('Air minum'), ('Selimut')) AS wanted (item) WHERE kind = 'COMMAND_POST'"""
PLEDGES = """
INSERT INTO pledge (id, need_id, organization_id, quantity, status)
SELECT gen_random_uuid(), need.id, organization.id, 1, 'OPEN'
FROM (SELECT *, row_number() OVER (ORDER BY id) AS number FROM need) AS need
JOIN (SELECT id, row_number() OVER (ORDER BY id) AS number FROM organization WHERE verification = 'VERIFIED') AS organization
  ON organization.number IN (1 + need.number % 900, 1 + (need.number + 300) % 900)
WHERE places_held(need.id, '-infinity', 'infinity', now()) <= $1"""
# The columns of an event: kind, type and key of the subject, instant, incident, kabupaten, organization, site, need, volunteer.
EVENT = """
INSERT INTO event (actor_kind, change, kind, subject_type, subject_key, at, incident_id, kabupaten_code, organization_id,
  site_id, need_id, volunteer_id)
SELECT 'CLOCK', '{}', """
EVENTS = (
    """'need.raised', 'Need', id, starts_at, incident_id, kabupaten_code, NULL, NULL, id, NULL FROM need""",
    """'site.opened', 'Site', id, opened_at, incident_id, kabupaten_code, NULL, id, NULL, NULL FROM site""",
    """'assignment.offered', 'Assignment', a.id, a.starts_at, need.incident_id, need.kabupaten_code, NULL, NULL, need.id,
      volunteer_id FROM assignment AS a JOIN need ON need.id = need_id""",
    """'pledge.made', 'Pledge', pledge.id, pledge.created_at, need.incident_id, need.kabupaten_code, organization_id, NULL,
      need.id, NULL FROM pledge JOIN need ON need.id = need_id""",
    """'site.counted', 'Site', site.id, site_load.at, incident_id, kabupaten_code, NULL, site.id, NULL, NULL
      FROM site_load JOIN site ON site.id = site_id""",
    """'situation_report.recorded', 'SituationReport', id, at, incident_id, kabupaten_code, NULL, NULL, NULL, NULL
      FROM situation_report""",
)


async def add_coordination(connection: asyncpg.Connection) -> None:
    """Adds it all in one transaction, if there is none yet."""
    if await connection.fetchval("SELECT EXISTS (SELECT FROM site)"):
        return
    async with connection.transaction():
        for statement in (SITES, LOADS, REPORTS, GOODS):
            await connection.execute(statement)
        # Two pledges of one person each, where every need has places for both.
        await connection.execute(PLEDGES, min(PEOPLE) - 2)
        for each in EVENTS:
            await connection.execute(EVENT + each)
    await connection.execute("VACUUM (ANALYZE)")
