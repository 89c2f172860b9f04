"""What may be read: for every noun one thing by its id and a list, beside `me`, `node` and `nodes`."""

from typing import Any

import strawberry

from api.compiler.source import ById, ToConnection
from api.resolvers import ROOTS
from api.resolvers.verb import plural_name
from api.schema.field import TYPES, Node, argument, field_with_arguments, page_of
from api.schema.list_argument import list_arguments
from api.schema.search import SEARCH_ARGUMENTS

ID = argument("id", strawberry.ID, "The global id; for reference data also the bare code, as in 62.02.")


def words(name: str) -> str:
    """The name of a type as people write it: CertificateType is a certificate type."""
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()


def query_type() -> type:
    members: dict[str, Any] = {
        "me": field_with_arguments("Your account; null without a token."),
        "certificate_status": field_with_arguments(
            "Whether the certificate with this code is valid; for everybody who holds it in hands.",
            argument("code", strawberry.ID, "The code on the certificate, 20 letters and digits."),
        ),
        "tksk": field_with_arguments(
            "The membership of who serves as TKSK in a kecamatan today; null if you may see none.",
            argument("kecamatan", strawberry.ID, "The kecamatan, as a global id or the bare code, as in 18.03.05."),
        ),
        "node": field_with_arguments(
            "One thing by its global id; null if there is none that you may see.",
            argument("id", strawberry.ID, "The global id."),
        ),
        "nodes": field_with_arguments(
            "Things by their global ids, in their order; null for each that is not there or that you may not see.",
            argument("ids", list[strawberry.ID], "At most 100 global ids."),
        ),
        "audit_trail": field_with_arguments(
            "What was done, and what was refused, in the kabupaten whose auditor you are, page by page; all of it for an "
            "auditor of the nation, and nothing for others.",
            *list_arguments("AuditEntry"),
        ),
        "rate_limit": field_with_arguments("Your budget of this minute."),
        "search": field_with_arguments(
            "Things that you may see, by their names, and volunteers by a phone number or number of membership that you "
            "may read; the best matches first, page by page.",
            *SEARCH_ARGUMENTS,
            *list_arguments("SearchHit"),
        ),
    }
    annotations: dict[str, Any] = {
        "me": TYPES["Account"].type | None,
        "certificate_status": TYPES["CertificateStatus"].type | None,
        "tksk": TYPES["Membership"].type | None,
        "node": Node | None,
        "nodes": list[Node | None] | None,
        "audit_trail": page_of(TYPES["AuditEntry"].type) | None,
        "rate_limit": TYPES["RateLimit"].type | None,
        "search": page_of(TYPES["SearchHit"].type) | None,
    }
    for name, declared in ROOTS.items():
        if name in members:
            continue
        if isinstance(declared, ById):
            members[name] = field_with_arguments(
                f"The {words(declared.target)} with this id; null if you may see none.", ID
            )
            annotations[name] = TYPES[declared.target].type | None
        elif isinstance(declared, ToConnection):
            description = f"The {plural_name(declared.target).replace('_', ' ')} that you may see, page by page."
            members[name] = field_with_arguments(description, *list_arguments(declared.target))
            annotations[name] = page_of(TYPES[declared.target].type) | None
    description = "Everything that may be read; each list as far as you may see it."
    return strawberry.type(type("Query", (), {"__annotations__": annotations, **members}), description=description)
