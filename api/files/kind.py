"""What a file is, by its first bytes."""

ZIP = b"PK\x03\x04"

# Older spreadsheets and locked ones; documents, pictures, pages.
OTHERS = (b"\xd0\xcf\x11\xe0", b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"<!DOC", b"<html", b"<?xml", b"{\\rtf")


# What may be the proof of a certificate: a document, or a picture of it. With the ending of a file's name.
EVIDENCE = {
    b"%PDF-": ("application/pdf", "pdf"),
    b"\x89PNG\r\n": ("image/png", "png"),
    b"\xff\xd8\xff": ("image/jpeg", "jpg"),
}
ENDINGS = dict(EVIDENCE.values())


def evidence_type(start: bytes) -> str | None:
    """The media type of a document or picture; None for what is neither."""
    return next((media_type for first, (media_type, _) in EVIDENCE.items() if start.startswith(first)), None)


def may_be_table(start: bytes) -> bool:
    """Whether it may be CSV or XLSX; reading it tells more."""
    return not start.lstrip().startswith(OTHERS)
