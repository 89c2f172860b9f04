"""Who takes part: ourselves, the peers, and the floor, each one process with a pool of ten connections."""

import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from benchmarks import node
from benchmarks.database import FOLDER, Database
from benchmarks.load import Target
from benchmarks.process import Server, free_port, running
from benchmarks.query import Query, Variables

Body = Mapping[str, Any]

OURS, UNSCOPED, POSTGRAPHILE, MERCURIUS, ORDINARY, FLOOR = (
    "ours",
    "ours, unscoped",
    "PostGraphile",
    "Mercurius",
    "Strawberry",
    "floor",
)

# The settings of our own reading connections that make a difference for everybody, as the command line of PostgreSQL.
SETTINGS = "-c jit=off -c timezone=UTC -c plan_cache_mode=force_generic_plan"

# What everybody can say; candidates are a rule of ours that no peer has.
COMMON = frozenset({"page", "deep", "point", "count", "mutation"})
# What a scope may cost is looked at in these, and where the bars are: at so many connections.
OF_SCOPE = frozenset({"page", "deep", "point", "candidates"})
CONNECTIONS = 8


def own_body(query: Query, variables: Variables) -> Body:
    return {"query": query.document, "variables": variables}


def translated_body(query: Query, variables: Variables) -> Body:
    return {"query": query.peer_document, "variables": query.translate(variables)}


def bare_body(query: Query, variables: Variables) -> Body:
    return {"query": query.name, **variables}


@dataclass(frozen=True)
class Peer:
    """A server, the queries it answers, how it is asked, and by how many at once, if not by any number."""

    name: str
    server: Server
    answers: frozenset[str]
    body: Callable[[Query, Variables], Body] = own_body
    token: str | None = field(default=None, repr=False)
    path: str = "/graphql"
    crowds: frozenset[int] | None = None

    def target(self, query: Query) -> Target:
        bodies = [self.body(query, each) for each in query.variables]
        return Target(self.server.url + self.path, bodies, self.token)


@contextmanager
def ours(database: Database) -> Generator[Server]:
    """Our own server as it is shipped, every limit and permission on."""
    port = free_port()
    environment = {
        "DATABASE_URL": database.url,
        "SIGAP_PORT": str(port),
        "SIGAP_DATA": str(FOLDER.absolute()),
    }
    with running([sys.executable, "-m", "api", "serve"], port, environment, FOLDER / "api.log") as server:
        yield server


@contextmanager
def uvicorn(application: str, database: Database) -> Generator[Server]:
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "--factory", f"{application}:application", "--port", str(port)]
    quiet = ["--log-level", "warning", "--no-access-log", "--no-server-header"]
    environment = {"DATABASE_URL": database.url, "PEER_SETTINGS": SETTINGS}
    with running([*command, *quiet], port, environment, FOLDER / f"{application}.log") as server:
        yield server


@contextmanager
def script(name: str, database: Database) -> Generator[Server]:
    """A peer that runs on Node.js."""
    port = free_port()
    environment = {
        "DATABASE_URL": database.url,
        "PORT": str(port),
        "PEER_SETTINGS": SETTINGS,
        "NODE_ENV": "production",
        "GRAPHILE_ENV": "production",
    }
    program = node.installed().absolute() / f"{name}.js"
    with running([node.NODE, str(program)], port, environment, FOLDER / f"{name}.log") as server:
        yield server


@contextmanager
def all_peers(database: Database) -> Generator[list[Peer]]:
    with ExitStack() as stack:
        own = stack.enter_context(ours(database))
        postgraphile = stack.enter_context(script("postgraphile", database))
        mercurius = stack.enter_context(script("mercurius", database))
        ordinary = stack.enter_context(uvicorn("benchmarks.ordinary", database))
        floor = stack.enter_context(uvicorn("benchmarks.floor", database))
        facts = database.facts
        yield [
            Peer(OURS, own, COMMON | {"candidates"}, token=facts.scoped),
            Peer(UNSCOPED, own, OF_SCOPE, token=facts.national, crowds=frozenset({CONNECTIONS})),
            Peer(POSTGRAPHILE, postgraphile, COMMON, translated_body),
            Peer(MERCURIUS, mercurius, COMMON),
            Peer(ORDINARY, ordinary, COMMON),
            Peer(FLOOR, floor, COMMON, bare_body, path="/floor"),
        ]
