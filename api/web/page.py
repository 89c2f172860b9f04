"""Pages beside the GraphQL endpoint: the first page, the contract, the documents."""

from functools import cache
from hashlib import sha256
from pathlib import Path

from anyio.to_thread import run_sync
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from api.schema.build import schema_definition
from api.web.endpoint import make_context
from api.web.error import HttpError
from api.web.explorer import STATIC
from api.web.header import Headers
from api.web.negotiation import JSON
from api.web.response import error_response
from api.web.services import Services

# The documents are beside the package in a checkout, and inside it once installed.
CHECKOUT, INSTALLED = (Path(__file__).resolve().parents[level] / "docs" for level in (2, 1))
DOCUMENTS = CHECKOUT if CHECKOUT.exists() else INSTALLED
DOCUMENT_NAMES = frozenset(path.name for path in DOCUMENTS.glob("*.md"))


async def index(_request: Request) -> Response:
    return FileResponse(STATIC / "home.html")


async def document(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in DOCUMENT_NAMES:
        raise HTTPException(404)
    return FileResponse(DOCUMENTS / name, media_type="text/plain; charset=utf-8")


async def contract(request: Request) -> Response:
    """The schema's definition. Where introspection is for accounts, so is this."""
    services: Services = request.app.state.services
    if services.settings.introspection == "accounts":
        try:
            context = await make_context(request, services)
        except HttpError as error:
            return error_response(error, JSON)
        if context.actor.account_id is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
    # It takes a third of a second the first time, which other requests need not wait for.
    text, tag = await run_sync(tagged_definition)
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    known = {each.strip().removeprefix("W/") for each in Headers(request).get(b"if-none-match", "").split(",")}
    if known & {tag.removeprefix("W/"), "*"}:
        return Response(status_code=304, headers=headers)
    return PlainTextResponse(text, headers=headers)


@cache
def tagged_definition() -> tuple[str, str]:
    """The definition with its entity tag, a weak one because the answer may be compressed."""
    text = schema_definition()
    return text, f'W/"{sha256(text.encode()).hexdigest()}"'
