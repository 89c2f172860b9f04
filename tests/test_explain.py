"""`sigap explain`, run as a command against the test's database."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from api.explain import format_sql
from api.values.key import search_key
from tests.builders import HOME, Build
from tests.command import environment, sigap
from tests.snapshot import snapshot

Completed = subprocess.CompletedProcess[str]
Explain = Callable[..., Completed]
PLACE = "query Place($name: String!) { kabupatens(first: 5, filter: {name: {contains: $name}}) { nodes { name } } }"
NAME = "Kota's \\ FROM "
VALUES_FROM_PYTHON = ("--variables", json.dumps({"name": NAME}))


@pytest.fixture
def explain(database_url: str, tmp_path: Path) -> Explain:
    def run(document: str, *options: str) -> Completed:
        env = environment(tmp_path, DATABASE_URL=database_url)
        return sigap(env, "explain", "-", *options, text=document)

    return run


def statement(completed: Completed) -> str:
    """The SQL of the only statement in the output."""
    assert (completed.returncode, completed.stderr) == (0, "")
    return "\n".join(line for line in completed.stdout.splitlines() if line and not line.startswith("--"))


def failed(completed: Completed) -> str:
    assert (completed.returncode, completed.stdout) == (1, "")
    return completed.stderr


async def test_it_prints_the_statement_with_its_values_and_plan(
    explain: Explain, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await connection.execute(
        "UPDATE kabupaten SET name = 'x' || $1 || 'y', search_key = $2 WHERE code = $3", NAME, search_key(NAME), HOME
    )

    completed = explain(PLACE, *VALUES_FROM_PYTHON)

    assert re.search(r"^-- .*\(cost=\d", completed.stdout, re.MULTILINE)
    assert "actual" not in completed.stdout
    # The printed statement can be executed with the printed values.
    values = re.findall(r"^-- \$\d+ = (.*)$", completed.stdout, re.MULTILINE)
    await connection.execute(f"PREPARE printed AS {statement(completed)}")
    answer = await connection.fetchval(f"EXECUTE printed ({', '.join(values)})")
    assert json.dumps(f"x{NAME}y") in answer


async def test_the_plan_is_a_generic_plan(explain: Explain) -> None:
    completed = explain(PLACE, *VALUES_FROM_PYTHON)

    assert re.search(r"^-- +Filter: .*\$\d", completed.stdout, re.MULTILINE)


async def test_with_analyze_the_statement_is_executed(explain: Explain) -> None:
    completed = explain(PLACE, *VALUES_FROM_PYTHON, "--analyze")

    assert re.search(r"^-- .*\(actual time=", completed.stdout, re.MULTILINE)
    assert re.search(r"^-- .*Buffers: ", completed.stdout, re.MULTILINE)
    assert re.search(r"^-- Execution Time: ", completed.stdout, re.MULTILINE)


async def test_the_statement_depends_on_the_actor(explain: Explain, build: Build) -> None:
    account = await build.account(login="sinta")
    document = "{ me { login } }"

    public, own = explain(document), explain(document, "--as", "sinta")

    assert str(account) not in public.stdout
    assert f"= '{account}'" in own.stdout
    assert statement(own) != statement(public)


async def test_variables_are_read_from_a_file_and_the_operation_is_selected_by_name(
    explain: Explain, tmp_path: Path
) -> None:
    variables = tmp_path / "variables.json"
    variables.write_text(json.dumps({"name": NAME}))

    completed = explain(
        f"{PLACE} query Other {{ me {{ id }} }}", "--variables-file", str(variables), "--operation", "Place"
    )

    assert "FROM kabupaten" in statement(completed)


async def test_a_query_without_statements_says_so(explain: Explain) -> None:
    completed = explain("{ __schema { queryType { name } } }")

    assert (completed.returncode, completed.stdout) == (0, "The document reads nothing from the database.\n")


@pytest.mark.parametrize(
    ("document", "options", "line"),
    [
        ("{ me {", (), "Syntax Error: Expected Name, found <EOF>. (line 1, column 7)\n"),
        ("{ volunter { id } }", (), "Cannot query field 'volunter' on type 'Query'. Did you mean 'volunteer'"),
        ("{ skills(first: 101) { totalCount } }", (), "Give either first or last, 0 to 100."),
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
async def test_an_error_is_one_line(explain: Explain, document: str, options: tuple[str, ...], line: str) -> None:
    error = failed(explain(document, *options))

    assert error.startswith(line)
    assert error.count("\n") == 1


async def test_a_mutation_is_not_explained_and_changes_nothing(
    explain: Explain, build: Build, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await build.account(login="sinta")
    before = await snapshot(connection)

    error = failed(explain("mutation { acceptAssignment(input: {}) { problems { code } } }", "--as", "sinta"))

    assert error == "Only queries can be explained, not mutations, as those would change data.\n"
    assert await snapshot(connection) == before


async def test_a_statement_that_postgresql_rejects_is_one_line(
    explain: Explain, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await connection.execute("ALTER TABLE kabupaten RENAME TO regency")

    error = failed(explain(PLACE, *VALUES_FROM_PYTHON))

    assert error == 'The database cannot be used: relation "kabupaten" does not exist\n'


def test_formatting_ignores_keywords_in_quotes_and_function_calls() -> None:
    sql = """WITH a AS (SELECT ' FROM it''s WHERE ' AS "x FROM y" FROM b) SELECT extract(year FROM c), (SELECT 1  WHERE d IS
DISTINCT FROM e) FROM a LEFT OUTER JOIN f ON true WHERE g = $1 ORDER BY 1"""

    assert format_sql(sql).splitlines() == [
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
