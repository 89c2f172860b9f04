"""Enums: states that the program itself branches on, and orders of lists. What a decree may change is reference data."""

from enum import Enum

import strawberry

from api.rules.code import MESSAGES, ProblemCode

value = strawberry.enum_value


@strawberry.enum(description="Whether a kabupaten is a regency or a city.")
class KabupatenKind(Enum):
    KABUPATEN = value("KABUPATEN", description="A regency.")
    KOTA = value("KOTA", description="A city.")


@strawberry.enum(description="What an organization is.")
class OrganizationKind(Enum):
    GOVERNMENT = value("GOVERNMENT", description="A public office: Dinas Sosial, BPBD.")
    CORPS = value("CORPS", description="A volunteer corps: Tagana, Pelopor Perdamaian, MRI.")
    NGO = value("NGO", description="A non-governmental organization.")
    ZAKAT = value("ZAKAT", description="A zakat institution.")
    WELFARE_INSTITUTION = value("WELFARE_INSTITUTION", description="A welfare institution: LKS, LKSA.")
    FORUM = value("FORUM", description="A forum: FK-TKSK.")


@strawberry.enum(description="Whether an organization has been checked.")
class Verification(Enum):
    PENDING = value("PENDING", description="Not checked yet.")
    VERIFIED = value("VERIFIED", description="Checked; its members may be sent.")
    SUSPENDED = value("SUSPENDED", description="Takes no new duty.")


@strawberry.enum(description="What a licence permits.")
class LicenceKind(Enum):
    REGISTRATION = value("REGISTRATION", description="To exist and work; when revoked, no new duty is taken.")
    FUNDRAISING = value("FUNDRAISING", description="To collect money or goods.")
    ACCREDITATION = value("ACCREDITATION", description="Proof of quality.")


@strawberry.enum(description="How far a volunteer agreed to be sent.")
class Reach(Enum):
    KABUPATEN = value("KABUPATEN", description="Within the home kabupaten.")
    PROVINCE = value("PROVINCE", description="Within the home province.")
    NATIONAL = value("NATIONAL", description="Anywhere in Indonesia.")


@strawberry.enum(description="Whether a volunteer serves at present.")
class VolunteerStatus(Enum):
    ACTIVE = value("ACTIVE", description="May be sent.")
    INACTIVE = value("INACTIVE", description="Does not serve at present.")


@strawberry.enum(description="As what an account acts.")
class RoleKind(Enum):
    COORDINATOR = value("COORDINATOR", description="Coordinates a kabupaten, a province or the nation.")
    MANAGER = value("MANAGER", description="Answers for the members of an organization.")


@strawberry.enum(description="How far an incident has come.")
class IncidentStatus(Enum):
    REPORTED = value("REPORTED", description="Somebody says so; not verified, not public.")
    VERIFIED = value("VERIFIED", description="A coordinator has confirmed it.")
    ACTIVE = value("ACTIVE", description="People are at work.")
    CLOSED = value("CLOSED", description="Over.")


@strawberry.enum(description="How urgent a need is.")
class Priority(Enum):
    URGENT = value("URGENT", description="Lives depend on it now.")
    HIGH = value("HIGH", description="Today.")
    NORMAL = value("NORMAL", description="As planned.")
    LOW = value("LOW", description="When people are free.")


@strawberry.enum(description="Where an assignment stands. Accepted and later ones bind the volunteer's time.")
class AssignmentStatus(Enum):
    OFFERED = value("OFFERED", description="Waits for the volunteer's answer.")
    ACCEPTED = value("ACCEPTED", description="The volunteer has promised the time.")
    MOBILIZED = value("MOBILIZED", description="On the way.")
    ON_DUTY = value("ON_DUTY", description="At work.")
    COMPLETED = value("COMPLETED", description="Done.")
    DECLINED = value("DECLINED", description="The volunteer said no.")
    EXPIRED = value("EXPIRED", description="Not answered in time.")
    CANCELLED = value("CANCELLED", description="Taken back.")
    RELEASED = value("RELEASED", description="Sent home early.")
    NO_SHOW = value("NO_SHOW", description="Did not come.")


@strawberry.enum(description="The step of rule 4 on which a candidate stands: nearer ones are asked first.")
class Tier(Enum):
    KABUPATEN = value("KABUPATEN", description="At home in the need's kabupaten.")
    PROVINCE = value("PROVINCE", description="At home in the need's province.")
    NATIONAL = value("NATIONAL", description="At home elsewhere.")


strawberry.enum(ProblemCode, description="Why something was refused; a stable code.")
assert set(MESSAGES) == set(ProblemCode)
# What people read is also what the code means; strawberry.enum_value would make the codes something else than texts.
for code in ProblemCode.__strawberry_definition__.values:  # type: ignore[attr-defined]  # Set by strawberry.enum.
    code.description = MESSAGES[ProblemCode[code.name]][1]


@strawberry.enum(description="The order of a list of places.")
class PlaceOrder(Enum):
    CODE = value("CODE", description="By Kemendagri code.")
    NAME = value("NAME", description="By name.")


@strawberry.enum(description="The order of a list of organizations.")
class OrganizationOrder(Enum):
    NAME = value("NAME", description="By name.")
    CREATED_AT = value("CREATED_AT", description="The latest entry first.")


@strawberry.enum(description="The order of a list of volunteers.")
class VolunteerOrder(Enum):
    NAME = value("NAME", description="By name.")
    CREATED_AT = value("CREATED_AT", description="The latest registration first.")


@strawberry.enum(description="The order of a list of certificates.")
class CertificateOrder(Enum):
    ISSUED_ON = value("ISSUED_ON", description="The latest issue first.")
    EXPIRES_ON = value("EXPIRES_ON", description="The one that expires soonest first; those without expiry last.")


@strawberry.enum(description="The order of a list of incidents.")
class IncidentOrder(Enum):
    STARTED_AT = value("STARTED_AT", description="The latest start first.")
    CREATED_AT = value("CREATED_AT", description="The latest entry first.")


@strawberry.enum(description="The order of a list of needs.")
class NeedOrder(Enum):
    STARTS_AT = value("STARTS_AT", description="The earliest start first.")
    CREATED_AT = value("CREATED_AT", description="The latest entry first.")


@strawberry.enum(description="The order of a list of assignments.")
class AssignmentOrder(Enum):
    STARTS_AT = value("STARTS_AT", description="The latest start first.")
    CREATED_AT = value("CREATED_AT", description="The latest offer first.")
