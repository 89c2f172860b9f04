"""`make migration NAME="what it does"`: the next migration, written from what the models say and migrations do not yet.

Read it before you commit it: what moves data, and what must not lock a large table, is yours to write.
"""

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.operations import ops

from api.database import migration
from tests.migrations import declared_definitions, definitions, on_a_server, on_new_database

RUFF = [sys.executable, "-m", "ruff"]


def main() -> None:
    name = " ".join(sys.argv[1:]).strip()
    if not name:
        sys.exit('Say what it does: make migration NAME="When things were changed"')
    file = on_a_server(lambda url: on_new_database(url, lambda own: write_on(own, name)))
    for step in (["check", "--quiet", "--fix-only"], ["format", "--quiet"]):
        subprocess.run([*RUFF, *step, file], check=True)
    sys.stdout.write(f"Written: {file}\n")


def write_on(url: str, name: str) -> str:
    asyncio.run(migration.upgrade(url))
    return asyncio.run(migration.run(url, lambda connection: write(connection, name)))


def write(connection: sa.Connection, name: str) -> str:
    """The file of the next migration."""
    changed = list(changed_checks(connection))

    def add_checks(_context: object, _revision: object, directives: list[Any]) -> None:
        for table, constraint, old, new in changed:
            directives[0].upgrade_ops.ops += replace_check(table, constraint, old, new)
            directives[0].downgrade_ops.ops += replace_check(table, constraint, new, old)

    revision = f"{int(migration.head()) + 1:04}"
    script = command.revision(
        migration.config(connection),
        message=name,
        autogenerate=True,
        rev_id=revision,
        process_revision_directives=add_checks,
    )
    assert script is not None
    assert not isinstance(script, list)
    slug = re.sub(r"\W+", "_", name.lower()).strip("_")
    file = Path(script.path).rename(Path(script.path).with_name(f"{revision}_{slug}.py"))
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    file.write_text("".join(line for line in lines if "# ###" not in line), encoding="utf-8")
    return str(file)


def changed_checks(connection: sa.Connection) -> Iterable[tuple[str, str, str | None, str]]:
    """Table, name, old and new definition of each CHECK that differs or is new in its table; Alembic does not see these."""
    migrated = {(table, name): text for table, name, text in definitions(connection, "public")}
    tables = {table for table, _ in migrated}
    for table, name, text in sorted(declared_definitions(connection)):
        old = migrated.get((table, name), None if table in tables else text)
        if old != text and text.startswith("CHECK"):
            yield table, name, old, text


def replace_check(table: str, name: str, old: str | None, new: str | None) -> list[ops.MigrateOperation]:
    """Drops the one definition and adds the other, where there is one."""
    drop = f"-- squawk-ignore ban-drop-constraint\nALTER TABLE {table} DROP CONSTRAINT {name}"
    add = f"-- squawk-ignore constraint-missing-not-valid\nALTER TABLE {table} ADD CONSTRAINT {name} {new}"
    return [ops.ExecuteSQLOp(sql) for sql, wanted in ((drop, old), (add, new)) if wanted]


if __name__ == "__main__":
    main()
