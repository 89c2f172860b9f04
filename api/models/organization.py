"""Who answers for volunteers: organizations, their licences, the ranks of the corps."""

import sqlalchemy as sa

from api.models.base import (
    Chosen,
    Symbol,
    endless_index,
    labelled,
    optional,
    record,
    references,
    required,
    symbol,
    table,
    versioned,
)
from api.models.choice import Choice, Consequence, Move, StateMachine
from api.models.key import name_indexes, named, numbered
from api.values.key import title_search_key


class OrganizationKind(Choice):
    """The kind of an organization."""

    GOVERNMENT = "GOVERNMENT", "A public office, such as Dinas Sosial or BPBD."
    CORPS = "CORPS", "A volunteer corps, such as Tagana, Pelopor Perdamaian or MRI."
    NGO = "NGO", "A non-governmental organization."
    ZAKAT = "ZAKAT", "A zakat institution, such as Baznas."
    WELFARE_INSTITUTION = "WELFARE_INSTITUTION", "A welfare institution: LKS or LKSA."
    FORUM = "FORUM", "A forum, such as FK-TKSK."


class Verification(Choice):
    """Whether an organization has been verified."""

    PENDING = "PENDING", "Asked for, not verified yet."
    VERIFIED = "VERIFIED", "Verified: its members may be sent."
    REFUSED = "REFUSED", "Refused: it was not verified."
    SUSPENDED = "SUSPENDED", "Suspended: it takes no new duty and no new member, and issues no certificate."
    CLOSED = "CLOSED", "Closed: it does not work any more."


class OrganizationAction(Choice):
    """What can be done with an organization; each action is a mutation."""

    REQUEST = "REQUEST", "Ask for an organization to be verified (requestOrganization)."
    VERIFY = "VERIFY", "Verify it (verifyOrganization)."
    REFUSE = "REFUSE", "Refuse to verify it (refuseOrganization)."
    SUSPEND = "SUSPEND", "Suspend it (suspendOrganization)."
    REINSTATE = "REINSTATE", "End the suspension (reinstateOrganization)."
    CLOSE = "CLOSE", "Close it for good (closeOrganization)."


_V, _A = Verification, OrganizationAction
ORGANIZATION = StateMachine(
    noun="Organization",
    column="verification",
    statuses=Verification,
    actions=OrganizationAction,
    initial=(_V.PENDING,),
    moves=(
        Move(_A.REQUEST, (), _V.PENDING, who="is_signed_in"),
        Move(_A.VERIFY, (_V.PENDING,), _V.VERIFIED, who="verifies_organization"),
        Move(_A.REFUSE, (_V.PENDING,), _V.REFUSED, who="coordinates_home_of", needs="A reason."),
        Move(_A.SUSPEND, (_V.VERIFIED,), _V.SUSPENDED, who="supervises_organization", needs="A reason."),
        Move(_A.REINSTATE, (_V.SUSPENDED,), _V.VERIFIED, who="supervises_organization", needs="A reason."),
        Move(
            _A.CLOSE,
            (_V.PENDING, _V.VERIFIED, _V.SUSPENDED),
            _V.CLOSED,
            who="supervises_organization",
            needs="A reason.",
        ),
    ),
    groups={
        # Each has a name of its own in its kabupaten.
        "NAMED": (_V.VERIFIED, _V.SUSPENDED),
        # What may still be changed.
        "OPEN": (_V.PENDING, _V.VERIFIED, _V.SUSPENDED),
    },
)


class LicenceKind(Choice):
    """What a licence permits an organization to do."""

    REGISTRATION = "REGISTRATION", "To exist and work; once revoked, the organization takes no new duty."
    FUNDRAISING = "FUNDRAISING", "To collect money or goods."
    ACCREDITATION = "ACCREDITATION", "An accreditation: a certified level of quality."
    AGREEMENT = "AGREEMENT", "An agreement with a public office to work together."


class LicenceStatus(Choice):
    """How far a licence has been checked."""

    PENDING = "PENDING", "Recorded by the organization, not confirmed yet."
    CONFIRMED = "CONFIRMED", "Confirmed by a coordinator: it counts from its first to its last day."
    REFUSED = "REFUSED", "Refused: it does not count."
    REVOKED = "REVOKED", "Revoked: it does not count any more."


class LicenceAction(Choice):
    """What can be done with a licence; each action is a mutation."""

    RECORD = "RECORD", "Record a licence (recordLicence)."
    CONFIRM = "CONFIRM", "Confirm it (confirmLicence)."
    REFUSE = "REFUSE", "Refuse it (refuseLicence)."
    REVOKE = "REVOKE", "Revoke it (revokeLicence)."


_L, _D = LicenceStatus, LicenceAction
LICENCE = StateMachine(
    noun="Licence",
    statuses=LicenceStatus,
    actions=LicenceAction,
    initial=(_L.PENDING,),
    moves=(
        Move(_D.RECORD, (), _L.PENDING, who="keeps_licence"),
        Move(_D.CONFIRM, (_L.PENDING,), _L.CONFIRMED, who="judges_licence"),
        Move(_D.REFUSE, (_L.PENDING,), _L.REFUSED, who="judges_licence", needs="A reason."),
        Move(_D.REVOKE, (_L.CONFIRMED,), _L.REVOKED, who="judges_licence", needs="A reason."),
    ),
    groups={
        # What a coordinator has confirmed, and everybody may see.
        "COUNTED": (_L.CONFIRMED, _L.REVOKED),
    },
    consequences=(
        Consequence((_L.PENDING,), _L.CONFIRMED, ("record_licence",), "when somebody records it who may confirm it"),
    ),
)


Organization = table(
    "organization",
    *versioned(),
    *named(search=title_search_key),
    required("kind", Chosen(OrganizationKind)),
    # Its members may have ranks of this corps only.
    optional("corps", Symbol),
    optional("parent_id", sa.Uuid, references("organization.id")),
    required("kabupaten_code", Symbol, references("kabupaten.code")),
    required("verification", Chosen(Verification)),
    optional("reason"),
    # Who asked for it; its first manager once it is verified.
    optional("requester_id", sa.Uuid, references("account.id")),
    sa.CheckConstraint("parent_id <> id", name="not_its_own_parent"),
    symbol("corps"),
    # Not among those that wait or were refused, so that nobody learns of them by a name that is taken.
    sa.Index(
        "uq_organization_name",
        "sort_key",
        "kabupaten_code",
        unique=True,
        postgresql_where=ORGANIZATION.in_group("NAMED"),
    ),
    *name_indexes("organization", "kabupaten_code"),
    sa.Index(None, "parent_id"),
    sa.Index(None, "requester_id"),
    sa.Index(None, "created_at", "id"),
)


# The kabupaten in which an organization works.
OrganizationCoverage = table(
    "organization_coverage",
    sa.Column("organization_id", sa.Uuid, references("organization.id"), primary_key=True),
    sa.Column("kabupaten_code", Symbol, references("kabupaten.code"), primary_key=True),
    sa.Index(None, "kabupaten_code"),
)


# The national clusters in which an organization works.
OrganizationFocus = table(
    "organization_focus",
    sa.Column("organization_id", sa.Uuid, references("organization.id"), primary_key=True),
    sa.Column("cluster_code", Symbol, references("cluster.code"), primary_key=True),
    sa.Index(None, "cluster_code"),
)


# Whom to call at an organization.
OrganizationContact = table(
    "organization_contact",
    *record(),
    required("organization_id", sa.Uuid, references("organization.id")),
    required("name"),
    optional("position"),
    required("phone"),
    sa.Index(None, "organization_id"),
)


# A permission to work; an organization whose REGISTRATION is revoked takes no new duty.
Licence = table(
    "licence",
    *versioned(),
    required("organization_id", sa.Uuid, references("organization.id")),
    required("kind", Chosen(LicenceKind)),
    *numbered(),
    *numbered("issuer"),
    required("valid_from", sa.Date),
    optional("valid_until", sa.Date),
    required("status", Chosen(LicenceStatus)),
    optional("revoked_on", sa.Date),
    optional("reason"),
    sa.CheckConstraint("(status = 'REVOKED') = (revoked_on IS NOT NULL)", name="revoked_on_a_day"),
    sa.CheckConstraint("valid_until >= valid_from", name="ends_after_start"),
    sa.Index(
        "uq_licence_number",
        "issuer_key",
        "number_key",
        unique=True,
        postgresql_where=LICENCE.in_group("COUNTED"),
    ),
    sa.Index(None, "organization_id"),
    sa.Index(None, "valid_from", "id"),
    endless_index("licence", "valid_until"),
)


# A step in a corps: of two ranks of one corps, the higher level commands.
Rank = table(
    "rank",
    *labelled(),
    required("corps", Symbol),
    required("level", sa.Integer),
    symbol("corps"),
    sa.UniqueConstraint("corps", "level"),
)
