"""How accounts sign in: passwords, second factors, one-time codes, sessions, and the pace of guessing."""

import sqlalchemy as sa

from api.models.base import INSTANT, Chosen, optional, record, references, required, table
from api.models.choice import Choice

# What an account proves itself with. `totp_cipher` is the secret of the authenticator that is demanded, `totp_new_cipher`
# that of one which is being set up in its place. `totp_step` is the last time step (30 seconds each) whose code was used: none
# is used twice.
Credential = table(
    "credential",
    sa.Column("account_id", sa.Uuid, references("account.id"), primary_key=True),
    optional("password_hash"),
    optional("totp_cipher", sa.LargeBinary),
    optional("totp_new_cipher", sa.LargeBinary),
    required("totp_step", sa.BigInteger, server_default="0"),
)

# Codes for whoever has lost the second factor; each is used once.
RecoveryCode = table(
    "recovery_code",
    sa.Column("account_id", sa.Uuid, references("account.id"), primary_key=True),
    sa.Column("digest", sa.LargeBinary, primary_key=True),
)

# One place where an account is signed in. A refresh token is for one `generation`; an older one was used already.
Session = table(
    "session",
    *record(),
    required("account_id", sa.Uuid, references("account.id")),
    required("generation", sa.Integer, server_default="0"),
    required("last_used_at", INSTANT),
    required("expires_at", INSTANT),
    optional("ended_at", INSTANT),
    required("has_second_factor", sa.Boolean, server_default=sa.false()),
    optional("user_agent"),
    required("address_digest", sa.LargeBinary),
    sa.Index(None, "account_id", "created_at", "id"),
    sa.Index(None, "created_at", "id"),
)


class CodePurpose(Choice):
    """What a one-time code is for."""

    CREATE_ACCOUNT = "CREATE_ACCOUNT", "Shows that an address is one's own."
    RESET_PASSWORD = "RESET_PASSWORD", "Sets another password."


# A code that was sent to an address; of the code only a keyed digest. `subject_digest` is that of the address or account.
OneTimeCode = table(
    "one_time_code",
    *record(),
    required("purpose", Chosen(CodePurpose)),
    required("subject_digest", sa.LargeBinary),
    required("digest", sa.LargeBinary),
    required("expires_at", INSTANT),
    required("wrong", sa.Integer, server_default="0"),
    sa.Index(None, "subject_digest", "created_at"),
)

# What clients have used of their budgets in a minute of the clock, by a digest of the client, in all processes that share
# the budgets.
BudgetUse = table(
    "budget_use",
    sa.Column("client", sa.LargeBinary, primary_key=True),
    sa.Column("minute", sa.BigInteger, primary_key=True),
    required("used", sa.Float),
)

# How often somebody has guessed of late, by a digest of what they guess at or from where.
Attempt = table(
    "attempt",
    sa.Column("key", sa.LargeBinary, primary_key=True),
    required("level", sa.Float),
    required("at", INSTANT),
)
