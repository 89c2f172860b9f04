"""Which documents may be executed: any, or in the mode of trusted documents those of a manifest."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.web.error import HttpError


@dataclass(frozen=True, slots=True)
class Documents:
    """`manifest`: the trusted documents by their ids; None if any document is executed."""

    manifest: Mapping[str, str] | None = None

    def find(self, members: Mapping[str, Any]) -> str:
        """The document that a request sends or names. Raises `HttpError` if there is none that may be executed."""
        text = members.get("query")
        if text is None and (id_ := document_id(members)) is not None:
            return self._named(id_)
        if not isinstance(text, str) or not text.strip():
            raise HttpError(400, "The document is missing: send it as a string in 'query'.")
        if self.manifest is not None and text not in self.manifest.values():
            raise HttpError(400, "Only documents of the manifest are executed.", "DOCUMENT_NOT_TRUSTED")
        return text

    def _named(self, id_: str) -> str:
        # Clients with persisted queries compare these messages.
        if self.manifest is None:
            raise HttpError(400, "PersistedQueryNotSupported", "PERSISTED_QUERY_NOT_SUPPORTED")
        if id_ not in self.manifest:
            raise HttpError(400, "PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND")
        return self.manifest[id_]


def document_id(members: Mapping[str, Any]) -> str | None:
    """The id that names a document: `documentId`, or the hash in the extension of Apollo and urql."""
    extensions = members.get("extensions")
    extension = extensions.get("persistedQuery") if isinstance(extensions, dict) else None
    id_ = extension.get("sha256Hash") if isinstance(extension, dict) else members.get("documentId")
    return id_.removeprefix("sha256:") if isinstance(id_, str) else None
