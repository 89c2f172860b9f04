"""What the database remembers of the secret keys."""

import sqlalchemy as sa

from api.models.base import Symbol, required, table

# By which a start notices another or a missing key; the key itself is in a file.
KeyFingerprint = table(
    "key_fingerprint",
    sa.Column("key", Symbol, primary_key=True),
    required("fingerprint", sa.LargeBinary),
)
