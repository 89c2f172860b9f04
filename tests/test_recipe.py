"""The recipes of CONTRIBUTING, applied one after the other to a copy of the tree."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("api", "alembic", "tests", "docs", "pyproject.toml", "schema.graphql", "schema.released.graphql")
RECIPE = re.compile(r"^### (Add a \w+)\n.*?^```diff\n(.*?)^```", re.MULTILINE | re.DOTALL)


def run(folder: Path, *command: str, url: str, typed: str | None = None) -> str:
    # The copy is not what the coverage of the tree is about.
    env = {name: value for name, value in os.environ.items() if not name.startswith("COV")} | {"DATABASE_URL": url}
    done = subprocess.run(command, cwd=folder, input=typed, capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in COPIED:
        source, target = ROOT / name, tmp_path / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    return tmp_path


async def test_the_recipes_add_a_field_a_noun_a_verb_a_rule_and_a_status(tree: Path, database_url: str) -> None:
    recipes = RECIPE.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    assert [name for name, _ in recipes] == [f"Add a {what}" for what in ("field", "noun", "verb", "rule", "status")]

    for _, change in recipes:
        run(tree, "git", "apply", "--whitespace=nowarn", "-", url=database_url, typed=change)
    run(tree, sys.executable, "-m", "tests.new_migration", "What the recipes add", url=database_url)
    schema = run(tree, sys.executable, "-m", "api", "schema", url=database_url)
    files = [f"tests/test_{name}.py" for name in ("vehicle", "event", "state", "activity", "documentation")]
    chosen = ["-k", "vehicle or glossary or words or Licence and (WITHDRAW or reached)"]
    passed = run(tree, sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", *files, *chosen, url=database_url)

    added = ("website: String", "vehicles(", "registerVehicle(", "  PHONE_MISSING", "withdrawLicence(")
    assert [text for text in added if text not in schema] == []
    assert re.search(r"^\d\d passed", passed, re.MULTILINE)
