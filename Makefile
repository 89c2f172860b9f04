# All that is done with Sigap, by name: `make help`. It needs make and Python 3.11 or newer, and nothing else.
# Paths are relative and programs run as `.venv/bin/python -m …`: a path with a space is a path like any other.

VENV := .venv
PYTHON := $(VENV)/bin/python
SOURCES = $(wildcard api tests alembic benchmarks requirements)

# What may be given: make pytest WORKERS=4 ARGS="tests/test_settings.py -k port" COVERAGE=
WORKERS = 2
ARGS =
COVERAGE = --cov --cov-report=term-missing:skip-covered
UPGRADE =
NAME =

LOCK = $(PYTHON) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock" $(UPGRADE)

# A virtual environment is gone, too, when the Python it was made from is.
GONE := $(shell test -x $(PYTHON) || echo gone)
FIND_PYTHON = for python in python3 python3.14 python3.13 python3.12 python3.11 none; do \
	$$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; done; \
	test $$python != none || { echo "Sigap needs Python 3.11 or newer with venv and pip; none was found." >&2; exit 1; }

# What is compiled is kept, also where the environment says otherwise, as in many containers: each of a dozen processes of the tests
# would compile 100,000 lines anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help run demo test lint types imports migrations migration wheel pytest fuzz bench attack schema docs format lock hooks clean

help: ## this list
	@echo "make TARGET, where TARGET is one of"
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r name what; do \
		printf '  %-11s %s\n' "$$name" "$$what"; done

# Using it ---------------------------------------------------------------------------------------------------------------

run: $(VENV)/runtime.done ## set up, start the database, load the demo story, serve http://127.0.0.1:8000/graphql
	@exec $(PYTHON) -m api serve --demo

demo: $(VENV)/runtime.done ## load the demo story into an empty database
	@exec $(PYTHON) -m api demo

# Checking it ------------------------------------------------------------------------------------------------------------

test: lint types imports migrations pytest ## all checks, as they run before a change lands

lint: $(VENV)/dev.done ## style, likely mistakes and formatting (ruff)
	@echo "== lint"
	@$(PYTHON) -m ruff check $(SOURCES)
	@$(PYTHON) -m ruff format --quiet --diff $(SOURCES)

types: $(VENV)/dev.done ## types (mypy, strict)
	@echo "== types"
	@$(PYTHON) -m mypy $(SOURCES)

imports: $(VENV)/dev.done ## who may import whom (import-linter)
	@echo "== imports"
	@$(PYTHON) -c 'from importlinter.cli import lint_imports_command; lint_imports_command(["--no-logo"])'

migrations: $(VENV)/dev.done ## models and migrations agree, and migrations are safe to run (alembic, squawk)
	@echo "== migrations"
	@$(PYTHON) -m tests.migrations

migration: $(VENV)/dev.done ## write the next migration from the models: make migration NAME="what it does"
	@$(PYTHON) -m tests.new_migration $(NAME)

wheel: $(VENV)/dev.done ## build the wheel, install it into an environment of its own, and start it there
	@echo "== wheel"
	@$(PYTHON) -m tests.wheel

pytest: $(VENV)/dev.done ## the tests; narrow them with ARGS="tests/… -k …" COVERAGE=
	@echo "== pytest"
	@$(PYTHON) -m pytest -n $(WORKERS) $(COVERAGE) $(ARGS)

fuzz: $(VENV)/dev.done ## the slow proofs of which `make pytest` runs a sample, in full
	@$(PYTHON) -m pytest -n $(WORKERS) -m fuzz --hypothesis-profile=fuzz $(ARGS)

bench: $(VENV)/dev.done ## ours beside its peers, in 15 minutes; a part of it with ARGS="--only page,point --quick"
	@$(PYTHON) -m benchmarks $(ARGS)

attack: $(VENV)/dev.done ## send a server of its own what has once stopped one, and print how it held; two minutes
	@$(PYTHON) -m benchmarks.attack $(ARGS)

# Changing it ------------------------------------------------------------------------------------------------------------

format: $(VENV)/dev.done ## rewrite the code as `make lint` wants it, where that can be done by a tool
	@$(PYTHON) -m ruff check --quiet --fix-only $(SOURCES)
	@$(PYTHON) -m ruff format --quiet $(SOURCES)

schema: $(VENV)/runtime.done ## write schema.graphql
	@$(PYTHON) -m api schema > schema.graphql.new
	@mv schema.graphql.new schema.graphql

docs: $(VENV)/runtime.done ## print docs/states.md, docs/mutations.md and docs/rules.md from the declarations
	@$(PYTHON) -m api.documentation

lock: $(VENV)/dev.done ## pin and hash what pyproject.toml asks for; UPGRADE=--upgrade takes what is new
	@$(LOCK) --output-file requirements/runtime.txt pyproject.toml
	@$(LOCK) --output-file requirements/dev.txt --constraint requirements/runtime.txt --group dev pyproject.toml

hooks: $(VENV)/dev.done ## have git run lint, types and imports before each commit
	@$(PYTHON) -m pre_commit install

clean: ## remove all that was made, except the data in .sigap
	@rm -rf $(VENV) .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist
	@find $(SOURCES) -name __pycache__ -prune -exec rm -rf {} +

# The virtual environment ------------------------------------------------------------------------------------------------
# Each stamp is younger than what it stands for; requirements/install.py sets it.

$(VENV)/runtime.done: requirements/runtime.txt $(GONE)
	@$(FIND_PYTHON); exec $$python requirements/install.py runtime

$(VENV)/dev.done: requirements/runtime.txt requirements/dev.txt $(GONE)
	@$(FIND_PYTHON); exec $$python requirements/install.py dev

.PHONY: gone
