"""What a client may still ask."""

from __future__ import annotations

from datetime import datetime

from api.schema.field import field, noun


@noun(
    "What you may use within a minute: milliseconds of the database's time, 16 for each of the processor's for documents that "
    "were not sent before, one for each request, more for refusals."
)
class RateLimit:
    cost: int = field("What this request has used so far.")
    limit: int = field("What you may use within a minute.")
    remaining: int = field("What is left of it; with nothing left, requests are refused as `THROTTLED`.")
    reset_at: datetime = field("When all of it is there again, if you use nothing more.")
