"""What a file is, by its first bytes."""

ZIP = b"PK\x03\x04"

# Older spreadsheets and locked ones; documents, pictures, pages.
OTHERS = (b"\xd0\xcf\x11\xe0", b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"<!DOC", b"<html", b"<?xml", b"{\\rtf")


def may_be_table(start: bytes) -> bool:
    """Whether it may be CSV or XLSX; reading it tells more."""
    return not start.lstrip().startswith(OTHERS)
