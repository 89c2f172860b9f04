"""What is remembered: tables, constraints, enumerations, state machines."""

import pkgutil
from importlib import import_module

from api.models.absence import Absence
from api.models.account import Account, ProviderIdentity, Role
from api.models.api_key import ApiKey
from api.models.assignment import Assignment
from api.models.attendance import Attendance
from api.models.base import METADATA, Cube, Symbol
from api.models.calendar import CalendarAddress
from api.models.camp import Camp, CampCategory, CampKind, CampQuota, CampSession, CampStaffMember, Payer
from api.models.camp_care import CampCare
from api.models.camp_enrolment import CampEnrolment
from api.models.camp_evaluation import CampEvaluation
from api.models.camp_group import CampGroup, CampGroupMember
from api.models.camp_registration import CampRegistration
from api.models.camp_result import CampResult
from api.models.certificate_extension import CertificateExtension, ExtendedCertificate
from api.models.certificate_request import CertificateRequest
from api.models.commitment import Commitment
from api.models.contingent import Contingent
from api.models.declared_skill import DeclaredSkill
from api.models.distinct import DistinctPair
from api.models.emergency import EmergencyStatus
from api.models.event import Event, EventKind, Idempotency
from api.models.hours import ServedHours
from api.models.import_job import ColumnTitle, ImportEntry, ImportJob, Upload, UploadChunk
from api.models.incident import Desk, Hazard, Incident, IncidentKabupaten
from api.models.insurance import Insurance
from api.models.invitation import Invitation
from api.models.membership import Membership
from api.models.membership_request import MembershipRequest
from api.models.membership_transfer import MembershipTransfer
from api.models.merged import MergedVolunteer
from api.models.message import Message
from api.models.need import Cluster, GoodsNeed, Need, NeedMinimum
from api.models.organization import (
    Licence,
    Organization,
    OrganizationContact,
    OrganizationCoverage,
    OrganizationFocus,
    Rank,
)
from api.models.override import Override
from api.models.person import Volunteer
from api.models.place import Kabupaten, Kecamatan, Province
from api.models.pledge import Pledge, PledgeRequest
from api.models.scan import Scan, ScanCode
from api.models.secret import KeyFingerprint
from api.models.session import Attempt, BudgetUse, Credential, OneTimeCode, RecoveryCode, Session
from api.models.site import KitchenType, Site, SiteLoad
from api.models.situation import SituationReport
from api.models.skill import (
    Certificate,
    CertificateIssuer,
    CertificateType,
    CertificateTypeGrant,
    CertificateTypeInclusion,
    CertificateTypeIssuer,
    CertificateTypeSkill,
    Skill,
)
from api.models.skill_days import SkillDays
from api.models.suspected import SuspectedPair

# Every module of this room, so that METADATA has all tables.
for module in pkgutil.iter_modules(__path__):
    import_module(f"{__name__}.{module.name}")
