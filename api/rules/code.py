"""Stable problem codes, each with the shape of its facts; what is told to people is in `reference/problems.csv`."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Self

from api.reference.file import read_rows
from api.rules.shape import ProblemShape

MESSAGES: Mapping[str, tuple[str, str]] = {
    row["code"]: (row["label_id"], row["label_en"]) for row in read_rows("problems.csv")
}


class ProblemCode(StrEnum):
    """Why something was refused. Codes are stable: they are never renamed, and new ones may be added."""

    shape: ProblemShape
    label_id: str
    label_en: str

    def __new__(cls, value: str, shape: ProblemShape = ProblemShape.SIMPLE) -> Self:
        """Raises KeyError for a code without a message."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.shape = shape
        member.label_id, member.label_en = MESSAGES[value]
        return member

    @property
    def description(self) -> str:
        return self.label_en

    # Of any verb.
    NOT_FOUND = "NOT_FOUND"
    FORBIDDEN = "FORBIDDEN"
    CODE_REPLACED = "CODE_REPLACED", ProblemShape.CODE
    INVALID = "INVALID"
    CODE_RETIRED = "CODE_RETIRED"
    VERSION_CONFLICT = "VERSION_CONFLICT", ProblemShape.VERSION
    WRONG_STATUS = "WRONG_STATUS", ProblemShape.STATUS
    KEY_REUSED = "KEY_REUSED"

    # Of accounts, sessions and roles.
    WRONG_CREDENTIALS = "WRONG_CREDENTIALS"
    WRONG_CODE = "WRONG_CODE"
    CODE_SENT = "CODE_SENT"
    SECOND_FACTOR_NEEDED = "SECOND_FACTOR_NEEDED"
    SESSION_ENDED = "SESSION_ENDED"
    LOGIN_TAKEN = "LOGIN_TAKEN"
    TOO_MANY_ATTEMPTS = "TOO_MANY_ATTEMPTS", ProblemShape.RETRY
    HAS_ACCOUNT = "HAS_ACCOUNT"
    ALREADY_LINKED = "ALREADY_LINKED"
    NO_PHONE = "NO_PHONE"
    ALREADY_GRANTED = "ALREADY_GRANTED"
    ALREADY_ENDED = "ALREADY_ENDED"
    LAST_COORDINATOR = "LAST_COORDINATOR"

    # Of people, organizations and memberships.
    ALREADY_REGISTERED = "ALREADY_REGISTERED"
    REQUEST_SENT = "REQUEST_SENT"
    ALREADY_MEMBER = "ALREADY_MEMBER"
    MEMBERSHIP_BEGUN_BY_YOU = "MEMBERSHIP_BEGUN_BY_YOU", ProblemShape.ORGANIZATION
    TKSK_TAKEN = "TKSK_TAKEN"
    ALREADY_ASKED = "ALREADY_ASKED"
    NUMBER_TAKEN = "NUMBER_TAKEN"
    NAME_TAKEN = "NAME_TAKEN"
    CYCLE = "CYCLE"

    # Of needs, pledges, incidents and duties.
    NOT_OVERRIDABLE = "NOT_OVERRIDABLE"
    PERSON_ELSEWHERE = "PERSON_ELSEWHERE", ProblemShape.COMMITMENT
    IN_CAMP = "IN_CAMP", ProblemShape.CAMP
    NOT_INSIDE = "NOT_INSIDE"
    NEED_FULL = "NEED_FULL", ProblemShape.LIMIT
    NEED_PLEDGED = "NEED_PLEDGED", ProblemShape.LIMIT
    BELOW_PROMISED = "BELOW_PROMISED", ProblemShape.PROMISE
    COMPOSITION = "COMPOSITION", ProblemShape.COMPOSITION
    PLEDGE_STRANDED = "PLEDGE_STRANDED", ProblemShape.PROMISE
    DUTY_STRANDED = "DUTY_STRANDED", ProblemShape.COMMITMENT
    NEED_CLOSED = "NEED_CLOSED"
    DUTY_RUNNING = "DUTY_RUNNING", ProblemShape.COMMITMENT
    STILL_USED = "STILL_USED"
    STATUS_OVERLAPS = "STATUS_OVERLAPS", ProblemShape.EMERGENCY
    SITE_CLOSED = "SITE_CLOSED"
    ALREADY_RECORDED = "ALREADY_RECORDED"
    PERIOD_PAST = "PERIOD_PAST", ProblemShape.DEADLINE
    PERIOD_OUTSIDE = "PERIOD_OUTSIDE", ProblemShape.DUTY
    ALREADY_AT_CAMP = "ALREADY_AT_CAMP", ProblemShape.CAMP
    DIFFERENT_NIK = "DIFFERENT_NIK"
    ALREADY_OFFERED = "ALREADY_OFFERED", ProblemShape.DUPLICATE
    OFFER_EXPIRED = "OFFER_EXPIRED", ProblemShape.DEADLINE
    NOTHING_PROPOSED = "NOTHING_PROPOSED"
    DUTY_BEGUN = "DUTY_BEGUN", ProblemShape.DUTY
    DUTY_NOT_BEGUN = "DUTY_NOT_BEGUN", ProblemShape.DUTY
    DUTY_OVER = "DUTY_OVER", ProblemShape.DUTY
    PERSON_INACTIVE = "PERSON_INACTIVE"
    CONSENT_MISSING = "CONSENT_MISSING"
    ON_LEAVE = "ON_LEAVE", ProblemShape.ABSENCE
    ORGANIZATION_NOT_VERIFIED = "ORGANIZATION_NOT_VERIFIED", ProblemShape.ORGANIZATION
    TYPE_NOT_ISSUED = "TYPE_NOT_ISSUED", ProblemShape.ORGANIZATION
    PROMISE_BEYOND_REACH = "PROMISE_BEYOND_REACH", ProblemShape.COMMITMENT
    SAME_PERSON = "SAME_PERSON", ProblemShape.PERSON
    NOT_TRAINED = "NOT_TRAINED", ProblemShape.TRAINING
    CERTIFICATE_EXPIRED = "CERTIFICATE_EXPIRED", ProblemShape.TRAINING
    RANK_TOO_LOW = "RANK_TOO_LOW", ProblemShape.RANK
    BEYOND_REACH = "BEYOND_REACH"
    NO_EMERGENCY_STATUS = "NO_EMERGENCY_STATUS", ProblemShape.EMERGENCY
    NOT_RESTED = "NOT_RESTED", ProblemShape.COMMITMENT
    NEARER_AVAILABLE = "NEARER_AVAILABLE", ProblemShape.NEARER

    # Of camps.
    GROUP_FULL = "GROUP_FULL"
    NOT_OF_GROUP = "NOT_OF_GROUP"
    NOT_INSURED = "NOT_INSURED"
    NO_SHOWS = "NO_SHOWS", ProblemShape.LIMIT
    BELOW_TAKEN = "BELOW_TAKEN", ProblemShape.LIMIT
    ISSUER_NOT_AGREED = "ISSUER_NOT_AGREED", ProblemShape.ORGANIZATION
    CAMP_CLOSED = "CAMP_CLOSED"
    CAMP_FULL = "CAMP_FULL", ProblemShape.LIMIT
    CONTINGENT_FULL = "CONTINGENT_FULL", ProblemShape.LIMIT
    NAMES_DUE = "NAMES_DUE", ProblemShape.DEADLINE
    QUOTA_FULL = "QUOTA_FULL", ProblemShape.QUOTA
    SESSION_FULL = "SESSION_FULL", ProblemShape.LIMIT
    TOO_YOUNG = "TOO_YOUNG", ProblemShape.AGE
    CERTIFICATE_NEEDED = "CERTIFICATE_NEEDED", ProblemShape.CERTIFICATE
    ORGANIZATION_CONSENT = "ORGANIZATION_CONSENT"
    GUARDIAN_CONSENT = "GUARDIAN_CONSENT"
    PLACE_HELD = "PLACE_HELD", ProblemShape.REGISTRATION
    DAYS_TAKEN = "DAYS_TAKEN", ProblemShape.BUSY


def codes_of(shape: ProblemShape) -> list[str]:
    return [str(code) for code in ProblemCode if code.shape is shape]
