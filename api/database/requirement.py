"""What Sigap needs of a database: its version, encoding and extensions, and the rights of the role that connects."""

from collections.abc import Iterable, Sequence

import asyncpg

OLDEST_VERSION = 15
EXTENSIONS = ("btree_gist", "cube", "pg_trgm")


class RequirementError(Exception):
    """What the database or the role lacks: one line for each."""


async def check_for_migration(connection: asyncpg.Connection) -> None:
    """Raises `RequirementError` if the role cannot migrate the database."""
    await _check(connection, _server_lines(), _extension_lines(), _schema_lines("CREATE"), _owner_lines())


async def check_for_serving(connection: asyncpg.Connection, tables: Iterable[str]) -> None:
    """Raises `RequirementError` if the role cannot read and write the tables."""
    await _check(connection, _server_lines(), _schema_lines("USAGE"), _table_lines(sorted(tables)))


# A query whose rows are lines, and its values.
Lines = tuple[str, Sequence[object]]


async def _check(connection: asyncpg.Connection, *queries: Lines) -> None:
    lines: list[str] = []
    for query, values in queries:
        lines += [row[0] for row in await connection.fetch(query, *values)]
    if lines:
        raise RequirementError("\n".join(lines))


def _server_lines() -> Lines:
    return (
        """SELECT format('PostgreSQL %s or newer is needed, and this is %s.', $1::integer, current_setting('server_version'))
          WHERE current_setting('server_version_num')::integer < $1 * 10000
        UNION ALL
        SELECT format('The database must have the encoding UTF8, and has %s: create it with ENCODING ''UTF8'' TEMPLATE template0.',
            getdatabaseencoding())
          WHERE getdatabaseencoding() <> 'UTF8'
        UNION ALL
        SELECT 'The database is a standby, which cannot be written to: connect to the primary.' WHERE pg_is_in_recovery()""",
        (OLDEST_VERSION,),
    )


def _extension_lines() -> Lines:
    return (
        """WITH missing AS (SELECT name FROM unnest($1::text[]) AS name WHERE name NOT IN (SELECT extname FROM pg_extension))
        SELECT format('The server does not offer the extension %s: install PostgreSQL''s contrib modules, or allow it.', name)
          FROM missing WHERE name NOT IN (SELECT name FROM pg_available_extensions)
        UNION ALL
        SELECT format('The role %I may not create the extensions %s: GRANT CREATE ON DATABASE %I TO %I',
            current_user, string_agg(name, ', '), current_database(), current_user)
          FROM missing HAVING count(*) > 0 AND NOT has_database_privilege(current_database(), 'CREATE')""",
        (list(EXTENSIONS),),
    )


def _schema_lines(right: str) -> Lines:
    """A schema in which the role has no right at all is not even the current one."""
    return (
        """SELECT format('The role %I has not the right %s on the schema %I: GRANT %s ON SCHEMA %I TO %I',
            current_user, $1::text, name, $1, name, current_user)
          FROM (SELECT coalesce(current_schema(), 'public') AS name) AS schema
          WHERE NOT has_schema_privilege(name, $1)""",
        (right,),
    )


def _owner_lines() -> Lines:
    return (
        """SELECT DISTINCT format('The tables belong to the role %I, and only it can migrate them, not %I.',
            pg_get_userbyid(relowner), current_user)
          FROM pg_class WHERE oid = to_regclass('alembic_version') AND NOT pg_has_role(relowner, 'USAGE')""",
        (),
    )


def _table_lines(tables: Sequence[str]) -> Lines:
    return (
        """SELECT format('The role %I has not the rights %s on the tables %s:'
              ' GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO %I',
            current_user, string_agg(DISTINCT privilege, ', '), string_agg(DISTINCT name, ', '), current_schema(), current_user)
          FROM unnest($1::text[]) AS name, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS privilege
          WHERE NOT has_table_privilege(to_regclass(quote_ident(name)), privilege)
          HAVING count(*) > 0""",
        (list(tables),),
    )
