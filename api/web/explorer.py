"""The explorer: GraphiQL in the browser, from this host only."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

STATIC = Path(__file__).parent / "static"
# A package that contains a release of GraphiQL as it is, with React; its module needs Django and is not imported.
LIBRARY = "graphene_django_graphiql_static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class DemoPerson(NamedTuple):
    """An account of the demo story that visitors of the explorer may ask as."""

    login: str
    role: str
    token: str


def explorer_page() -> Response:
    return FileResponse(STATIC / "explorer.html", headers={"Content-Security-Policy": POLICY, "Vary": "Accept"})


def explorer_routes(people: Sequence[DemoPerson]) -> list[BaseRoute]:
    """What the page loads. `people` may be used by anybody who reaches this server."""
    body = [person._asdict() for person in people]

    async def people_json(_request: Request) -> Response:
        return JSONResponse(body)

    library = StaticFiles(packages=[(LIBRARY, f"static/{LIBRARY}")])
    return [
        Route("/explorer/people.json", people_json),
        Mount("/explorer/library", library),
        Mount("/explorer", StaticFiles(directory=STATIC)),
    ]
