"""Stable problem codes, and the message of each in Indonesian and English."""

from enum import StrEnum


class ProblemCode(StrEnum):
    """Why something was refused. Codes are stable: they are never renamed, and new ones may be added."""

    NOT_FOUND = "NOT_FOUND"
    FORBIDDEN = "FORBIDDEN"
    INVALID = "INVALID"
    VERSION_CONFLICT = "VERSION_CONFLICT"
    WRONG_STATUS = "WRONG_STATUS"
    KEY_REUSED = "KEY_REUSED"
    ALREADY_REGISTERED = "ALREADY_REGISTERED"
    NUMBER_TAKEN = "NUMBER_TAKEN"
    NOT_OVERRIDABLE = "NOT_OVERRIDABLE"
    PERSON_ELSEWHERE = "PERSON_ELSEWHERE"
    NEED_FULL = "NEED_FULL"
    NEED_CLOSED = "NEED_CLOSED"
    PERIOD_PAST = "PERIOD_PAST"
    ALREADY_OFFERED = "ALREADY_OFFERED"
    OFFER_EXPIRED = "OFFER_EXPIRED"
    PERSON_INACTIVE = "PERSON_INACTIVE"
    CONSENT_MISSING = "CONSENT_MISSING"
    ORGANIZATION_NOT_VERIFIED = "ORGANIZATION_NOT_VERIFIED"
    NOT_TRAINED = "NOT_TRAINED"
    CERTIFICATE_EXPIRED = "CERTIFICATE_EXPIRED"
    RANK_TOO_LOW = "RANK_TOO_LOW"
    BEYOND_REACH = "BEYOND_REACH"
    NOT_RESTED = "NOT_RESTED"
    NEARER_AVAILABLE = "NEARER_AVAILABLE"


# The Indonesian message, then the English one.
MESSAGES: dict[ProblemCode, tuple[str, str]] = {
    ProblemCode.NOT_FOUND: ("Tidak ditemukan.", "Not found."),
    ProblemCode.FORBIDDEN: ("Anda tidak berwenang melakukan ini.", "You may not do this."),
    ProblemCode.INVALID: ("Isian tidak dapat diterima.", "The value cannot be accepted."),
    ProblemCode.VERSION_CONFLICT: (
        "Data sudah diubah orang lain; muat ulang, lalu coba lagi.",
        "Somebody else has changed this; read it again, then try again.",
    ),
    ProblemCode.WRONG_STATUS: (
        "Langkah ini tidak ada untuk status sekarang.",
        "This step does not exist from the present status.",
    ),
    ProblemCode.KEY_REUSED: (
        "Kunci permintaan ini sudah dipakai untuk permintaan lain.",
        "This idempotency key was used for a different request.",
    ),
    ProblemCode.ALREADY_REGISTERED: ("Orang ini sudah terdaftar.", "This person is already registered."),
    ProblemCode.NUMBER_TAKEN: ("Nomor ini sudah dipakai.", "This number is taken."),
    ProblemCode.NOT_OVERRIDABLE: ("Aturan ini tidak dapat dikecualikan.", "This rule cannot be overridden."),
    ProblemCode.PERSON_ELSEWHERE: (
        "Relawan sudah terikat tugas lain pada waktu itu.",
        "The volunteer is committed elsewhere in that period.",
    ),
    ProblemCode.NEED_FULL: ("Kebutuhan ini sudah terpenuhi.", "The need has all the people it wants."),
    ProblemCode.NEED_CLOSED: ("Kebutuhan atau kejadiannya sudah ditutup.", "The need or its incident is closed."),
    ProblemCode.PERIOD_PAST: ("Masa tugas sudah lewat.", "The period of duty is over."),
    ProblemCode.ALREADY_OFFERED: (
        "Relawan sudah ditawari atau bertugas pada kebutuhan ini.",
        "The volunteer already has an offer or a duty at this need.",
    ),
    ProblemCode.OFFER_EXPIRED: ("Tawaran sudah lewat batas waktunya.", "The offer's time to answer is over."),
    ProblemCode.PERSON_INACTIVE: ("Relawan sedang tidak aktif.", "The volunteer is not active."),
    ProblemCode.CONSENT_MISSING: (
        "Persetujuan relawan belum ada atau sudah dicabut.",
        "The volunteer has given no consent, or has withdrawn it.",
    ),
    ProblemCode.ORGANIZATION_NOT_VERIFIED: (
        "Tidak ada organisasi terverifikasi yang menaungi relawan selama masa tugas.",
        "No verified organization stands behind the volunteer on every day of the duty.",
    ),
    ProblemCode.NOT_TRAINED: (
        "Relawan tidak memiliki sertifikat untuk keahlian ini.",
        "The volunteer holds no certificate for this skill.",
    ),
    ProblemCode.CERTIFICATE_EXPIRED: (
        "Sertifikat tidak berlaku pada setiap hari masa tugas.",
        "The certificate is not valid on every day of the duty.",
    ),
    ProblemCode.RANK_TOO_LOW: (
        "Jenjang relawan di bawah yang diminta.",
        "The volunteer's rank is below the one wanted on some day of the duty.",
    ),
    ProblemCode.BEYOND_REACH: (
        "Tempat tugas di luar jangkauan yang disetujui relawan.",
        "The place lies beyond where the volunteer agreed to be sent.",
    ),
    ProblemCode.NOT_RESTED: (
        "Relawan belum cukup beristirahat setelah tugas panjang.",
        "The volunteer is not rested: 24 hours after a duty of 72 hours or more.",
    ),
    ProblemCode.NEARER_AVAILABLE: (
        "Masih ada relawan yang lebih dekat menurut urutan kabupaten, provinsi, nasional.",
        "Someone of a nearer tier (own kabupaten, own province, nation) can still be sent.",
    ),
}
