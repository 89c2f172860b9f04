"""`sigap explain`, on the real command line and a server that somebody else runs."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from api.explain import laid_out
from tests.builders import HOME, Build
from tests.snapshot import snapshot
from tests.test_cli import TIMEOUT, environment

Done = subprocess.CompletedProcess[str]
Explain = Callable[..., Done]
PLACE = "query Place($name: String!) { kabupaten(first: 5, filter: {name: $name}) { nodes { name } } }"
NAME = "Kota's \\ FROM "
VALUES_FROM_PYTHON = ("--variables", json.dumps({"name": NAME}))


@pytest.fixture
def explain(database_url: str, tmp_path: Path) -> Explain:
    def run(document: str, *options: str) -> Done:
        command = [sys.executable, "-m", "api", "explain", "-", *options]
        env = environment(tmp_path, DATABASE_URL=database_url)
        return subprocess.run(
            command, env=env, input=document, capture_output=True, text=True, check=False, timeout=TIMEOUT
        )

    return run


def statement(done: Done) -> str:
    """The SQL of the one statement that was explained."""
    assert (done.returncode, done.stderr) == (0, "")
    return "\n".join(line for line in done.stdout.splitlines() if line and not line.startswith("--"))


def failed(done: Done) -> str:
    assert (done.returncode, done.stdout) == (1, "")
    return done.stderr


async def test_the_statement_its_values_and_its_plan_are_printed(
    explain: Explain, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await connection.execute("UPDATE kabupaten SET name = 'x' || $1 || 'y' WHERE code = $2", NAME, HOME)

    done = explain(PLACE, *VALUES_FROM_PYTHON)

    assert re.search(r"^-- .*\(cost=\d", done.stdout, re.MULTILINE)
    assert "actual" not in done.stdout
    # What is printed answers, by the values that are printed.
    values = re.findall(r"^-- \$\d+ = (.*)$", done.stdout, re.MULTILINE)
    await connection.execute(f"PREPARE printed AS {statement(done)}")
    answer = await connection.fetchval(f"EXECUTE printed ({', '.join(values)})")
    assert json.dumps(f"x{NAME}y") in answer


async def test_the_plan_is_the_one_for_all_values(explain: Explain) -> None:
    done = explain(PLACE, *VALUES_FROM_PYTHON)

    assert re.search(r"^-- +Filter: .*\$\d", done.stdout, re.MULTILINE)


async def test_analyzed_the_statement_is_executed(explain: Explain) -> None:
    done = explain(PLACE, *VALUES_FROM_PYTHON, "--analyze")

    assert re.search(r"^-- .*\(actual time=", done.stdout, re.MULTILINE)
    assert re.search(r"^-- .*Buffers: ", done.stdout, re.MULTILINE)
    assert re.search(r"^-- Execution Time: ", done.stdout, re.MULTILINE)


async def test_who_asks_shapes_the_statement(explain: Explain, build: Build) -> None:
    account = await build.account(login="sinta")
    asked = "{ me { login } }"

    public, own = explain(asked), explain(asked, "--as", "sinta")

    assert str(account) not in public.stdout
    assert f"= '{account}'" in own.stdout
    assert statement(own) != statement(public)


async def test_variables_and_documents_come_from_files_too(explain: Explain, tmp_path: Path) -> None:
    variables = tmp_path / "variables.json"
    variables.write_text(json.dumps({"name": NAME}))

    done = explain(f"{PLACE} query Other {{ me {{ id }} }}", "--variables-file", str(variables), "--operation", "Place")

    assert "FROM kabupaten" in statement(done)


async def test_what_reads_nothing_says_so(explain: Explain) -> None:
    done = explain("{ __schema { queryType { name } } }")

    assert (done.returncode, done.stdout) == (0, "The document reads nothing from the database.\n")


@pytest.mark.parametrize(
    ("document", "options", "line"),
    [
        ("{ me {", (), "Syntax Error: Expected Name, found <EOF>. (line 1, column 7)\n"),
        ("{ mine { id } }", (), "Cannot query field 'mine' on type 'Query'. Did you mean 'me'? (line 1, column 3)\n"),
        ("{ skills(first: 101) { totalCount } }", (), "Give either first or last, 1 to 100."),
        (PLACE, (), "Variable '$name' "),
        (PLACE, ("--variables", "{"), "The variables are not JSON: "),
        (PLACE, ("--variables", "[]"), "The variables must be a JSON object.\n"),
        (PLACE, ("--variables-file", "nowhere.json"), "Cannot read nowhere.json: No such file or directory.\n"),
        (
            PLACE,
            ("--variables", "{}", "--variables-file", "x"),
            "Use either --variables or --variables-file, not both.\n",
        ),
        ("{ me { id } }", ("--as", "siapa"), "There is no active account 'siapa'.\n"),
        ("{ me { id } }", ("--operation", "Other"), "Name one of the document's operations with --operation.\n"),
    ],
    ids=lambda value: str(value)[:25],
)
async def test_what_is_wrong_is_one_line(explain: Explain, document: str, options: tuple[str, ...], line: str) -> None:
    said = failed(explain(document, *options))

    assert said.startswith(line)
    assert said.count("\n") == 1


async def test_a_mutation_is_refused_and_changes_nothing(
    explain: Explain, build: Build, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await build.account(login="sinta")
    before = await snapshot(connection)

    said = failed(explain("mutation { acceptAssignment(input: {}) { problems { code } } }", "--as", "sinta"))

    assert said == "Only queries can be explained; this is a mutation, and it would change something.\n"
    assert await snapshot(connection) == before


async def test_a_database_without_our_tables_is_one_line(
    explain: Explain, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await connection.execute("ALTER TABLE kabupaten RENAME TO regency")

    said = failed(explain(PLACE, *VALUES_FROM_PYTHON))

    assert said == 'The database cannot be used: relation "kabupaten" does not exist\n'


def test_a_clause_in_quotes_or_in_a_call_stays_where_it_is() -> None:
    sql = """WITH a AS (SELECT ' FROM it''s WHERE ' AS "x FROM y" FROM b) SELECT extract(year FROM c), (SELECT 1  WHERE d IS
DISTINCT FROM e) FROM a LEFT OUTER JOIN f ON true WHERE g = $1 ORDER BY 1"""

    assert laid_out(sql).splitlines() == [
        "WITH a AS (",
        """  SELECT ' FROM it''s WHERE ' AS "x FROM y\"""",
        "  FROM b)",
        "SELECT extract(year FROM c), (",
        "  SELECT 1",
        "  WHERE d IS DISTINCT FROM e)",
        "FROM a",
        "LEFT OUTER JOIN f ON true",
        "WHERE g = $1",
        "ORDER BY 1",
    ]
