"""The servers that are compared: Sigap, its peers and the floor. Each is one process with ten database connections."""

import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from benchmarks import node
from benchmarks.database import FOLDER, Database
from benchmarks.load import Target
from benchmarks.process import Server, free_port, run_server
from benchmarks.query import Query, Variables

Body = Mapping[str, Any]

OURS, UNSCOPED, POSTGRAPHILE, MERCURIUS, STRAWBERRY, FLOOR = (
    "ours",
    "ours, unscoped",
    "PostGraphile",
    "Mercurius",
    "Strawberry",
    "floor",
)

# The settings of Sigap's read connections that also matter for the peers, as command-line options of PostgreSQL.
SETTINGS = "-c jit=off -c timezone=UTC -c plan_cache_mode=force_generic_plan"

# Queries that all servers answer. Only Sigap answers the others, because no peer implements the rules.
COMMON_QUERIES = frozenset({"page", "deep", "point", "count", "mutation"})
# Queries that are also measured with an actor whose roles are not limited to a place.
SCOPED_QUERIES = frozenset({"page", "deep", "point", "candidates"})
# The number of connections at which servers are compared.
CONNECTIONS = 8


def sigap_body(query: Query, variables: Variables) -> Body:
    return {"query": query.document, "variables": variables}


def postgraphile_body(query: Query, variables: Variables) -> Body:
    return {"query": query.peer_document, "variables": query.translate(variables)}


def floor_body(query: Query, variables: Variables) -> Body:
    return {"query": query.name, **variables}


@dataclass(frozen=True)
class Peer:
    """A server to compare: the names of its queries, and how to build a request.

    `only_connections` limits the numbers of connections it is measured at.
    """

    name: str
    server: Server
    queries: frozenset[str]
    body: Callable[[Query, Variables], Body] = sigap_body
    token: str | None = field(default=None, repr=False)
    path: str = "/graphql"
    only_connections: frozenset[int] | None = None

    def target(self, query: Query) -> Target:
        bodies = [self.body(query, each) for each in query.variables]
        return Target(self.server.url + self.path, bodies, self.token)


@contextmanager
def run_sigap(database: Database) -> Generator[Server]:
    """Runs Sigap with its default settings."""
    port = free_port()
    environment = {
        "DATABASE_URL": database.url,
        "SIGAP_PORT": str(port),
        "SIGAP_DATA": str(FOLDER.absolute()),
    }
    with run_server([sys.executable, "-m", "api", "serve"], port, environment, FOLDER / "api.log") as server:
        yield server


@contextmanager
def run_uvicorn(application: str, database: Database) -> Generator[Server]:
    """Runs the peer whose module has an application factory."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "--factory", f"{application}:application", "--port", str(port)]
    quiet = ["--log-level", "warning", "--no-access-log", "--no-server-header"]
    environment = {"DATABASE_URL": database.url, "PEER_SETTINGS": SETTINGS}
    with run_server([*command, *quiet], port, environment, FOLDER / f"{application}.log") as server:
        yield server


@contextmanager
def run_node(name: str, database: Database) -> Generator[Server]:
    """Runs a peer on Node.js."""
    port = free_port()
    environment = {
        "DATABASE_URL": database.url,
        "PORT": str(port),
        "PEER_SETTINGS": SETTINGS,
        "NODE_ENV": "production",
        "GRAPHILE_ENV": "production",
    }
    program = node.install_peers().absolute() / f"{name}.js"
    with run_server([node.NODE, str(program)], port, environment, FOLDER / f"{name}.log") as server:
        yield server


@contextmanager
def all_peers(database: Database) -> Generator[list[Peer]]:
    """Runs all servers until the end of the block."""
    with ExitStack() as stack:
        sigap = stack.enter_context(run_sigap(database))
        postgraphile = stack.enter_context(run_node("postgraphile", database))
        mercurius = stack.enter_context(run_node("mercurius", database))
        strawberry = stack.enter_context(run_uvicorn("benchmarks.strawberry_peer", database))
        floor = stack.enter_context(run_uvicorn("benchmarks.floor", database))
        facts = database.facts
        yield [
            Peer(
                OURS,
                sigap,
                COMMON_QUERIES | {"candidates", "readiness", "person", "incident", "search"},
                token=facts.scoped,
            ),
            Peer(UNSCOPED, sigap, SCOPED_QUERIES, token=facts.national, only_connections=frozenset({CONNECTIONS})),
            Peer(POSTGRAPHILE, postgraphile, COMMON_QUERIES, postgraphile_body),
            Peer(MERCURIUS, mercurius, COMMON_QUERIES),
            Peer(STRAWBERRY, strawberry, COMMON_QUERIES),
            Peer(FLOOR, floor, COMMON_QUERIES, floor_body, path="/floor"),
        ]
