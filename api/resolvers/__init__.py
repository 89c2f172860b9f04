"""How it is answered: for each noun the SQL source of its fields, and the call behind each mutation."""

import pkgutil
from collections.abc import Mapping
from importlib import import_module

from api import access
from api.compiler.source import ById, ByIds, Root, SingleRow, Source, ToConnection
from api.resolvers.rate_limit import RATE_LIMIT
from api.resolvers.search import SEARCH
from api.resolvers.verb import VERBS, field_name, payload_sources, plural_name

# Of every module in this room that declares some.
NOUNS: Mapping[str, Source] = {
    source.name: source
    for module in pkgutil.iter_modules(__path__)
    for source in getattr(import_module(f"{__name__}.{module.name}"), "SOURCES", ())
}

SOURCES: Mapping[str, Source] = {
    **NOUNS,
    **{source.name: source for verb in VERBS.values() for source in payload_sources(verb, NOUNS)},
}

# A thing by its id and a list of them for every noun, beside the roots of all nouns.
ROOTS: Mapping[str, Root] = {
    "me": SingleRow("Account", guard=access.is_own_account),
    "certificate_status": ById("CertificateStatus", "code"),
    "tksk": ById("Membership", "kecamatan", of="Kecamatan", column="kecamatan_code", guard=access.is_tksk_today),
    "audit_trail": ToConnection("AuditEntry"),
    "node": ByIds("id", plural=False),
    "nodes": ByIds("ids", plural=True),
    "rate_limit": RATE_LIMIT,
    "search": SEARCH,
    **{field_name(name): ById(name) for name, source in NOUNS.items() if source.node},
    **{plural_name(name): ToConnection(name) for name, source in NOUNS.items() if source.node},
}

__all__ = ["NOUNS", "ROOTS", "SOURCES", "VERBS"]
