"""Watches the statements of transactions: how many there are, and how and in which order they lock tables."""

import re
from dataclasses import dataclass, field

import asyncpg

from api.database.engine import Database, Row

# The order of decision record 0019.
ORDER = (
    "invitation",
    "one_time_code",
    "account",
    "session",
    "provider_identity",
    "credential",
    "api_key",
    "role",
    "incident",
    "emergency_status",
    "situation_report",
    "site",
    "need",
    "goods_need",
    "camp",
    "contingent",
    "camp_quota",
    "camp_session",
    "pledge",
    "pledge_request",
    "membership_request",
    "membership_transfer",
    "volunteer",
    "membership",
    "absence",
    "suspected_pair",
    "assignment",
    "camp_registration",
    "camp_staff_member",
    "scan_code",
    "certificate_request",
    "certificate_extension",
    "licence",
    "organization",
    "certificate",
    "import_job",
)
LOCK = re.compile(r" FOR (?:NO KEY UPDATE|UPDATE|SHARE|KEY SHARE)(?: OF (\w+))?$")
# It would wait for rows that only refer to the locked one, and these for it.
EXCLUSIVE = re.compile(r" FOR UPDATE\b")
# A trigger locks the holder, if that was not done before.
CERTIFICATE = re.compile(r"^(?:INSERT INTO|UPDATE|DELETE FROM) certificate\b")
OUTER_TABLE = re.compile(r"\nFROM \"?(\w+)")


def locked_table(sql: str) -> str | None:
    """The table whose rows a statement locks."""
    clause = LOCK.search(sql)
    return clause and (clause[1] or OUTER_TABLE.findall(sql)[0])


@dataclass(slots=True)
class Watcher:
    """Collects what the write connections of a database execute."""

    statements: list[str] = field(default_factory=list)
    violations: list[tuple[str, ...]] = field(default_factory=list)

    def watch(self, database: Database) -> None:
        """Those that are open already, and those that are opened from now on."""
        pool = database._write_pool
        connect = pool.connect

        async def connect_and_watch() -> "asyncpg.Connection[Row]":
            return self._watched(await connect())

        for connection, _ in pool._idle:
            self._watched(connection)
        pool.connect = connect_and_watch

    def _watched(self, connection: "asyncpg.Connection[Row]") -> "asyncpg.Connection[Row]":
        locked: list[str] = []
        connection.add_query_logger(lambda query: self.add(query.query, locked))
        return connection

    def add(self, sql: str, locked: list[str]) -> None:
        """`locked` are the tables that the connection's transaction has locked rows of."""
        self.statements.append(sql)
        if sql.startswith("BEGIN"):
            locked.clear()
        table = locked_table(sql)
        if CERTIFICATE.search(sql) and "volunteer" not in locked:
            table = "volunteer"
        if EXCLUSIVE.search(sql):
            self.violations.append((f"{table} FOR UPDATE",))
        if table is not None:
            locked.append(table)
            if table not in ORDER:
                self.violations.append((table, "has no place in ORDER of tests/locking.py"))
            elif locked != sorted(locked, key=ORDER.index):
                self.violations.append(tuple(locked))
