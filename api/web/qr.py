"""Draws the codes of people and places."""

import io
import re

import segno
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

# The digits and letters of such a code; nothing else is drawn.
CODE = re.compile(r"[0-9A-HJKMNP-TV-Z]{18}")
A_YEAR = {"Cache-Control": "private, max-age=31536000, immutable"}


async def qr(request: Request) -> Response:
    """The QR code of the code in the path, as SVG. It asks nothing of the database: whoever has a code may draw it."""
    code = request.path_params["code"]
    if not CODE.fullmatch(code):
        return PlainTextResponse("There is no such code.\n", 404)
    drawing = io.BytesIO()
    segno.make(code, error="m").save(drawing, kind="svg", scale=8, xmldecl=False)
    return Response(drawing.getvalue(), media_type="image/svg+xml", headers=A_YEAR)
