"""Pages beside the GraphQL endpoint."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from api.database import engine


async def index(_request: Request) -> Response:
    return PlainTextResponse("Sigap. Send GraphQL requests by POST to /graphql; README.md shows how.\n")


async def health(request: Request) -> Response:
    """Status 200 if the database answers, otherwise 503."""
    try:
        await request.app.state.services.database.read("SELECT 'ok'", ())
    except engine.Unavailable:
        return PlainTextResponse("The database does not answer.\n", status_code=503)
    return PlainTextResponse("ok\n")
