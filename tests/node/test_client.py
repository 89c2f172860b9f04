"""Clients as they come: what docs/clients.md shows, a frontend in strict TypeScript, Relay's compiler, graphql-eslint."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import anyio
import orjson
import pytest

from api.auth import Tokens
from api.resolvers import NOUNS, SOURCES
from benchmarks.node import NODE
from tests.asking import Json
from tests.builders import Build
from tests.conftest import NOW
from tests.node import SOURCE, packages
from tests.serving import running_server

DOCUMENT = Path("docs/clients.md")
BLOCK = re.compile(r"^```(?:\w+) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CODEGEN = "@graphql-codegen/cli/cjs/bin.js"
TYPESCRIPT = "typescript/bin/tsc"


URQL = """[
  { code: 'DISEASE_OUTBREAK', label: 'Disease outbreak' },
  { code: 'DROUGHT', label: 'Drought' }
]
"""
# What frontend.ts prints.
FRONTEND: Json = {
    "need": {"timeZone": "Asia/Jakarta", "skill": "Water rescue", "candidates": 4},
    "offered": {
        "assignment": {"status": "OFFERED", "version": 1, "volunteer": {"name": "Sukarela 1"}},
        "problems": [],
    },
    "isRepeated": True,
    "refused": [
        {
            "__typename": "DuplicateProblem",
            "code": "ALREADY_OFFERED",
            "message": "The volunteer already has an offer or a duty at this need.",
            "path": ["input", "volunteer"],
        }
    ],
    "pages": [["Sukarela 1", "Sukarela 2"], ["Sukarela 3", "Sukarela 4"], ["Sukarela 1", "Sukarela 2"]],
    "total": 4,
    "found": [["SIMILAR", f"Sukarela {number}", "Volunteer"] for number in (1, 2, 3, 4)],
    "wrong": ["BAD_USER_INPUT"],
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the files of docs/clients.md and of this package, the contract, and the packages of npm."""
    (tmp_path / "node_modules").symlink_to(packages() / "node_modules")
    for file in (*SOURCE.glob("*.*s*"), Path("schema.graphql")):
        shutil.copy(file, tmp_path)
    for name, content in BLOCK.findall(DOCUMENT.read_text(encoding="utf-8")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    return tmp_path


async def run(project: Path, *command: str, **environment: str) -> str:
    """What the command prints; asserts that it succeeds."""
    done = await anyio.run_process(
        command, cwd=project, check=False, env={**os.environ, **environment}, stderr=subprocess.STDOUT
    )
    assert done.returncode == 0, done.stdout.decode()
    return done.stdout.decode()


async def run_tool(project: Path, program: str, *arguments: str) -> str:
    return await run(project, NODE, f"node_modules/{program}", *arguments)


async def volunteers_and_need(build: Build) -> None:
    """A need, and four volunteers who may be sent to it."""
    organization = await build.organization()
    for number in range(1, 5):
        await build.volunteer(organization, name=f"Sukarela {number}", latitude=-2.53, longitude=112.95 + number / 10)
    incident = await build.incident()
    await build.need(incident)
    await build.need(incident, kabupaten_code="62.06")


async def test_the_shown_clients_and_a_frontend_in_strict_typescript_work(
    database_url: str, keys: Path, build: Build, project: Path
) -> None:
    await volunteers_and_need(build)
    token = Tokens.load(keys).issue(await build.coordinator(), NOW)
    await run_tool(project, CODEGEN, "--config", "codegen.json")
    await run_tool(project, TYPESCRIPT, "--project", ".")

    async with running_server(database_url, keys) as port:
        environment = {"SIGAP": f"http://127.0.0.1:{port}/graphql", "TOKEN": token}
        frontend = orjson.loads(await run(project, NODE, "built/frontend.js", **environment))
        urql = await run(project, NODE, "built/urql.js", **environment)
        apollo = await run(project, NODE, "built/apollo.js", **environment)
        persisted = await run(project, NODE, "persisted.js", **environment)
        curl = (await run(project, "sh", "curl.sh", **environment)) if shutil.which("curl") else None
        python = await run(project, sys.executable, "client.py", **environment)

    assert frontend == FRONTEND
    assert urql == URQL
    assert apollo == "2\n"
    # A hash, then the document; from then on documents only.
    assert persisted == "[false,true,true]\n"
    assert python == "{'kabupaten': {'name': 'Kabupaten Kotawaringin Timur'}}\n"
    if curl is not None:
        assert '{"data":{"kabupaten":{"name":"Kabupaten Kotawaringin Timur","timeZone":"Asia/Jakarta"}}}' in curl


async def test_relay_compiles_what_the_document_shows(project: Path) -> None:
    (project / "relay" / "__generated__").mkdir()
    await run_tool(project, "relay-compiler/cli.js", "relay.config.json")

    made = {file.name for file in (project / "relay" / "__generated__").iterdir()}
    names = ("needsPageQuery", "needsQuery", "needs_coverage", "needs_list")
    assert made == {f"{name}.graphql.ts" for name in names}
    assert len(orjson.loads((project / "relay" / "documents.json").read_bytes())) == 2


async def test_graphql_eslint_finds_the_names_of_catalogues_only(project: Path) -> None:
    without_id = [name for name, source in SOURCES.items() if not source.node]
    (project / "exceptions.json").write_bytes(orjson.dumps(without_id))

    command = (NODE, "node_modules/eslint/bin/eslint.js", "schema.graphql", "--format", "json")
    done = await anyio.run_process(command, cwd=project, check=False)

    (result,) = orjson.loads(done.stdout)
    # Catalogues are called what they are: a type of certificates, a type of kitchens.
    catalogues = [name for name, noun in NOUNS.items() if name.endswith("Type") and "label" in noun.fields]
    expected = [
        ("@graphql-eslint/naming-convention", f'Type "{name}" should not have "Type" suffix')
        for name in sorted(catalogues)
    ]
    assert [(each["ruleId"], each["message"]) for each in result["messages"]] == expected
    assert len(expected) <= 9
