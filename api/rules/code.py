"""Stable problem codes: the shape of the facts of each, and its message in Indonesian and English."""

from enum import Enum, StrEnum
from typing import Self


class ProblemShape(Enum):
    """The facts that come with a problem; each shape is a type of the graph."""

    type_name: str
    facts: tuple[str, ...]

    def __init__(self, type_name: str, *facts: str) -> None:
        self.type_name, self.facts = type_name, facts

    SIMPLE = ("SimpleProblem",)
    CODE = "CodeProblem", "code_in_force"
    VERSION = "VersionProblem", "current_version"
    STATUS = "StatusProblem", "current_status"
    DEADLINE = "DeadlineProblem", "deadline"
    RETRY = "RetryProblem", "retry_at"
    LIMIT = "LimitProblem", "count", "limit"
    COMMITMENT = "CommitmentProblem", "assignment", "starts_at", "ends_at"
    ABSENCE = "AbsenceProblem", "absence", "starts_at", "ends_at"
    DUTY = "DutyProblem", "duty_starts_at", "duty_ends_at"
    DUPLICATE = "DuplicateProblem", "assignment"
    TRAINING = "TrainingProblem", "skill", "certificate"
    RANK = "RankProblem", "rank"
    ORGANIZATION = "OrganizationProblem", "organization"
    NEARER = "NearerProblem", "volunteer"
    EMERGENCY = "EmergencyProblem", "emergency_status"
    PERSON = "PersonProblem", "volunteer"
    CAMP = "CampProblem", "camp", "starts_at", "ends_at"
    QUOTA = "QuotaProblem", "quota", "count", "limit"
    AGE = "AgeProblem", "minimum_age"
    CERTIFICATE = "CertificateProblem", "certificate_type"
    REGISTRATION = "RegistrationProblem", "registration"
    BUSY = "BusyPersonProblem", "volunteer", "starts_at", "ends_at"
    COMPOSITION = "CompositionProblem", "minimum", "count", "limit"
    PROMISE = "PromiseProblem", "assignment", "pledge"

    @property
    def codes(self) -> list[str]:
        return [str(code) for code in ProblemCode if code.shape is self]


class ProblemCode(StrEnum):
    """Why something was refused. Codes are stable: they are never renamed, and new ones may be added."""

    shape: ProblemShape
    label_id: str
    label_en: str

    def __new__(cls, value: str, shape: ProblemShape, label_id: str, label_en: str) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.shape, member.label_id, member.label_en = shape, label_id, label_en
        return member

    @property
    def description(self) -> str:
        return self.label_en

    NOT_FOUND = ("NOT_FOUND", ProblemShape.SIMPLE, "Tidak ditemukan.", "Not found.")
    FORBIDDEN = ("FORBIDDEN", ProblemShape.SIMPLE, "Anda tidak berwenang melakukan ini.", "You may not do this.")
    CODE_REPLACED = (
        "CODE_REPLACED",
        ProblemShape.CODE,
        "Kode ini tidak berlaku lagi.",
        "This code is no longer in force.",
    )
    INVALID = ("INVALID", ProblemShape.SIMPLE, "Isian tidak dapat diterima.", "The value cannot be accepted.")
    CODE_RETIRED = (
        "CODE_RETIRED",
        ProblemShape.SIMPLE,
        "Kode ini tidak dipakai lagi.",
        "This code is no longer used.",
    )
    VERSION_CONFLICT = (
        "VERSION_CONFLICT",
        ProblemShape.VERSION,
        "Data sudah diubah orang lain; muat ulang, lalu coba lagi.",
        "Somebody else has changed this; read it again, then try again.",
    )
    WRONG_STATUS = (
        "WRONG_STATUS",
        ProblemShape.STATUS,
        "Langkah ini tidak ada untuk status sekarang.",
        "This step does not exist from the present status.",
    )
    KEY_REUSED = (
        "KEY_REUSED",
        ProblemShape.SIMPLE,
        "Kunci permintaan ini sudah dipakai untuk permintaan lain.",
        "This idempotency key was used for a different request.",
    )
    WRONG_CREDENTIALS = (
        "WRONG_CREDENTIALS",
        ProblemShape.SIMPLE,
        "Akun atau kata sandi salah.",
        "The account or the password is wrong.",
    )
    WRONG_CODE = (
        "WRONG_CODE",
        ProblemShape.SIMPLE,
        "Kode salah, sudah dipakai atau tidak berlaku lagi.",
        "The code is wrong, was used, or is no longer valid.",
    )
    CODE_SENT = (
        "CODE_SENT",
        ProblemShape.SIMPLE,
        "Kode sekali pakai telah dikirim; ulangi dengan kode itu.",
        "A one-time code has been sent; ask again with that code.",
    )
    SECOND_FACTOR_NEEDED = (
        "SECOND_FACTOR_NEEDED",
        ProblemShape.SIMPLE,
        "Masukkan juga kode dari aplikasi autentikator, atau kode pemulihan.",
        "Give the code of the authenticator as well, or a recovery code.",
    )
    SESSION_ENDED = (
        "SESSION_ENDED",
        ProblemShape.SIMPLE,
        "Sesi sudah berakhir; masuklah lagi.",
        "The session has ended; sign in again.",
    )
    LOGIN_TAKEN = ("LOGIN_TAKEN", ProblemShape.SIMPLE, "Nama masuk ini sudah dipakai.", "This login is taken.")
    TOO_MANY_ATTEMPTS = (
        "TOO_MANY_ATTEMPTS",
        ProblemShape.RETRY,
        "Terlalu banyak percobaan; tunggu sebentar.",
        "There were too many attempts; wait a moment.",
    )
    HAS_ACCOUNT = (
        "HAS_ACCOUNT",
        ProblemShape.SIMPLE,
        "Relawan ini sudah memiliki akun, atau akun ini sudah milik seorang relawan.",
        "The volunteer has an account, or the account belongs to a volunteer already.",
    )
    ALREADY_LINKED = (
        "ALREADY_LINKED",
        ProblemShape.SIMPLE,
        "Akun di penyedia ini sudah terhubung dengan akun lain.",
        "The account at the provider is linked with another account.",
    )
    NO_PHONE = ("NO_PHONE", ProblemShape.SIMPLE, "Nomor teleponnya tidak ada.", "There is no phone number.")
    ALREADY_GRANTED = (
        "ALREADY_GRANTED",
        ProblemShape.SIMPLE,
        "Akun ini sudah memegang peran itu pada masa tersebut.",
        "The account holds this role in that period already.",
    )
    ALREADY_ENDED = ("ALREADY_ENDED", ProblemShape.SIMPLE, "Ini sudah berakhir.", "It has ended already.")
    LAST_COORDINATOR = (
        "LAST_COORDINATOR",
        ProblemShape.SIMPLE,
        "Koordinator nasional terakhir tidak dapat dicabut.",
        "The last national coordinator cannot be removed.",
    )
    ALREADY_REGISTERED = (
        "ALREADY_REGISTERED",
        ProblemShape.SIMPLE,
        "Orang ini sudah terdaftar.",
        "This person is already registered.",
    )
    REQUEST_SENT = (
        "REQUEST_SENT",
        ProblemShape.SIMPLE,
        "Permintaan untuk bergabung telah dikirim.",
        "A request to join has been sent.",
    )
    ALREADY_MEMBER = (
        "ALREADY_MEMBER",
        ProblemShape.SIMPLE,
        "Orang ini sudah menjadi anggota pada hari-hari itu.",
        "The person is a member on some of these days already.",
    )
    TKSK_TAKEN = (
        "TKSK_TAKEN",
        ProblemShape.SIMPLE,
        "Kecamatan ini sudah mempunyai TKSK pada hari-hari itu.",
        "The kecamatan has a TKSK on some of these days already.",
    )
    ALREADY_ASKED = (
        "ALREADY_ASKED",
        ProblemShape.SIMPLE,
        "Permintaan ini masih menunggu jawaban.",
        "This request waits for an answer already.",
    )
    NUMBER_TAKEN = ("NUMBER_TAKEN", ProblemShape.SIMPLE, "Nomor ini sudah dipakai.", "This number is taken.")
    NAME_TAKEN = (
        "NAME_TAKEN",
        ProblemShape.SIMPLE,
        "Nama ini sudah dipakai di kabupaten ini.",
        "This name is taken in this kabupaten.",
    )
    CYCLE = ("CYCLE", ProblemShape.SIMPLE, "Susunannya berputar.", "It would belong to itself, directly or by others.")
    NOT_OVERRIDABLE = (
        "NOT_OVERRIDABLE",
        ProblemShape.SIMPLE,
        "Aturan ini tidak dapat dikecualikan.",
        "This rule cannot be overridden.",
    )
    PERSON_ELSEWHERE = (
        "PERSON_ELSEWHERE",
        ProblemShape.COMMITMENT,
        "Relawan sudah terikat tugas lain pada waktu itu.",
        "The volunteer is committed elsewhere in that period.",
    )
    IN_CAMP = (
        "IN_CAMP",
        ProblemShape.CAMP,
        "Relawan sudah terikat kemah pada waktu itu.",
        "The volunteer comes to a camp, or works at one, in that period.",
    )
    NOT_INSIDE = (
        "NOT_INSIDE",
        ProblemShape.SIMPLE,
        "Relawan tidak sedang di dalam kemah sebagai peserta.",
        "The volunteer is not inside the camp as a participant.",
    )
    NEED_FULL = (
        "NEED_FULL",
        ProblemShape.LIMIT,
        "Kebutuhan ini sudah terpenuhi.",
        "The need has all the people it wants.",
    )
    NEED_PLEDGED = (
        "NEED_PLEDGED",
        ProblemShape.LIMIT,
        "Tempat yang tersisa sudah dijanjikan organisasi.",
        "What is left of the need is promised by organizations.",
    )
    BELOW_PROMISED = (
        "BELOW_PROMISED",
        ProblemShape.PROMISE,
        "Lebih sedikit dari yang sudah diterima atau dijanjikan.",
        "Fewer than have accepted or are promised.",
    )
    COMPOSITION = (
        "COMPOSITION",
        ProblemShape.COMPOSITION,
        "Sisa tempat tidak cukup untuk susunan minimum tim.",
        "The places left would be too few for the minimum composition.",
    )
    PLEDGE_STRANDED = (
        "PLEDGE_STRANDED",
        ProblemShape.PROMISE,
        "Batas janji ini akan berada setelah kebutuhan.",
        "The deadline of this pledge would lie after the need.",
    )
    DUTY_STRANDED = (
        "DUTY_STRANDED",
        ProblemShape.COMMITMENT,
        "Masa tugas relawan ini akan berada di luar masa kebutuhan.",
        "The duty of this volunteer would lie outside the period of the need.",
    )
    NEED_CLOSED = (
        "NEED_CLOSED",
        ProblemShape.SIMPLE,
        "Kebutuhan sudah ditutup, atau kejadiannya tidak sedang ditangani.",
        "The need is closed, or its incident is not being worked on.",
    )
    DUTY_RUNNING = (
        "DUTY_RUNNING",
        ProblemShape.COMMITMENT,
        "Masih ada relawan yang sedang bertugas.",
        "A duty has begun and is not over.",
    )
    STILL_USED = (
        "STILL_USED",
        ProblemShape.SIMPLE,
        "Masih dipakai: ada kebutuhan, pos atau status darurat di sana.",
        "It is still used: there are needs, sites or emergency statuses.",
    )
    STATUS_OVERLAPS = (
        "STATUS_OVERLAPS",
        ProblemShape.EMERGENCY,
        "Wilayah ini sudah berstatus darurat pada hari-hari itu.",
        "The territory has an emergency status on some of these days already.",
    )
    SITE_CLOSED = ("SITE_CLOSED", ProblemShape.SIMPLE, "Pos ini sudah ditutup.", "The site is closed.")
    ALREADY_RECORDED = (
        "ALREADY_RECORDED",
        ProblemShape.SIMPLE,
        "Sudah ada catatan untuk waktu itu.",
        "There is a record for this time already.",
    )
    PERIOD_PAST = ("PERIOD_PAST", ProblemShape.DEADLINE, "Masa tugas sudah lewat.", "The period of duty is over.")
    ALREADY_AT_CAMP = (
        "ALREADY_AT_CAMP",
        ProblemShape.SIMPLE,
        "Keduanya terdaftar di kemah yang sama; batalkan salah satunya dulu.",
        "Both are registered for the same camp; cancel one of the registrations first.",
    )
    DIFFERENT_NIK = (
        "DIFFERENT_NIK",
        ProblemShape.SIMPLE,
        "NIK keduanya berbeda, jadi mereka dua orang.",
        "They have different NIK, so they are two people.",
    )
    ALREADY_OFFERED = (
        "ALREADY_OFFERED",
        ProblemShape.DUPLICATE,
        "Relawan sudah ditawari atau bertugas pada kebutuhan ini.",
        "The volunteer already has an offer or a duty at this need.",
    )
    OFFER_EXPIRED = (
        "OFFER_EXPIRED",
        ProblemShape.DEADLINE,
        "Tawaran sudah lewat batas waktunya.",
        "The offer's time to answer is over.",
    )
    NOTHING_PROPOSED = ("NOTHING_PROPOSED", ProblemShape.SIMPLE, "Tidak ada usulan.", "Nothing is proposed.")
    DUTY_BEGUN = (
        "DUTY_BEGUN",
        ProblemShape.DUTY,
        "Tugas sudah dimulai; lepaskan relawan, jangan batalkan.",
        "The duty has begun; it can be released, not cancelled.",
    )
    DUTY_NOT_BEGUN = (
        "DUTY_NOT_BEGUN",
        ProblemShape.DUTY,
        "Tugas belum dimulai; batalkan saja.",
        "The duty has not begun; it can be cancelled, not released.",
    )
    DUTY_OVER = (
        "DUTY_OVER",
        ProblemShape.DUTY,
        "Tugas sudah selesai.",
        "The duty is over.",
    )
    PERSON_INACTIVE = (
        "PERSON_INACTIVE",
        ProblemShape.SIMPLE,
        "Relawan sedang tidak aktif.",
        "The volunteer is not active.",
    )
    CONSENT_MISSING = (
        "CONSENT_MISSING",
        ProblemShape.SIMPLE,
        "Persetujuan relawan belum ada atau sudah dicabut.",
        "The volunteer has given no consent, or has withdrawn it.",
    )
    ON_LEAVE = (
        "ON_LEAVE",
        ProblemShape.ABSENCE,
        "Relawan berhalangan pada sebagian masa tugas.",
        "The volunteer cannot serve on some day of the duty.",
    )
    ORGANIZATION_NOT_VERIFIED = (
        "ORGANIZATION_NOT_VERIFIED",
        ProblemShape.ORGANIZATION,
        "Tidak ada organisasi terverifikasi yang menaungi relawan selama masa tugas.",
        "No verified organization stands behind the volunteer on every day of the duty.",
    )
    TYPE_NOT_ISSUED = (
        "TYPE_NOT_ISSUED",
        ProblemShape.ORGANIZATION,
        "Organisasi ini tidak berwenang menerbitkan jenis sertifikat ini.",
        "The organization may not issue certificates of this type.",
    )
    PROMISE_BEYOND_REACH = (
        "PROMISE_BEYOND_REACH",
        ProblemShape.COMMITMENT,
        "Tugas yang sudah disanggupi akan berada di luar jangkauan; batalkan tugas itu dulu.",
        "A promised duty would lie beyond the reach; cancel it first.",
    )
    SAME_PERSON = (
        "SAME_PERSON",
        ProblemShape.PERSON,
        "Orang ini mungkin sudah terdaftar; jika bukan orang yang sama, sebutkan alasannya.",
        "This person may be registered already; if it is somebody else, say why.",
    )
    NOT_TRAINED = (
        "NOT_TRAINED",
        ProblemShape.TRAINING,
        "Relawan tidak memiliki sertifikat untuk keahlian ini.",
        "The volunteer holds no certificate for this skill.",
    )
    CERTIFICATE_EXPIRED = (
        "CERTIFICATE_EXPIRED",
        ProblemShape.TRAINING,
        "Sertifikat tidak berlaku pada setiap hari masa tugas.",
        "The certificate is not valid on every day of the duty.",
    )
    RANK_TOO_LOW = (
        "RANK_TOO_LOW",
        ProblemShape.RANK,
        "Jenjang relawan di bawah yang diminta.",
        "The volunteer's rank is below the one wanted on some day of the duty.",
    )
    BEYOND_REACH = (
        "BEYOND_REACH",
        ProblemShape.SIMPLE,
        "Tempat tugas di luar jangkauan yang disetujui relawan.",
        "The place lies beyond where the volunteer agreed to be sent.",
    )
    NO_EMERGENCY_STATUS = (
        "NO_EMERGENCY_STATUS",
        ProblemShape.EMERGENCY,
        "Tidak ada status darurat yang berlaku selama masa tugas; relawan dari provinsi lain belum dapat dikirim.",
        "No emergency status is in force on every day of the duty, as it takes for people of another province.",
    )
    NOT_RESTED = (
        "NOT_RESTED",
        ProblemShape.COMMITMENT,
        "Relawan harus beristirahat: setelah 72 jam bertugas tanpa jeda 24 jam, tugas baru dimulai sesudah jeda itu.",
        "The volunteer must rest: after 72 hours of duty without a pause of 24 hours, nothing begins before such a pause.",
    )
    GROUP_FULL = (
        "GROUP_FULL",
        ProblemShape.SIMPLE,
        "Kelompok ini tidak cukup tempatnya.",
        "The group does not hold so many.",
    )
    NOT_OF_GROUP = (
        "NOT_OF_GROUP",
        ProblemShape.SIMPLE,
        "Orang ini tidak terdaftar di kemah ini, atau bukan untuk kelompok ini.",
        "The person is not of this camp, or not of the sex that the group is for.",
    )
    NOT_INSURED = (
        "NOT_INSURED",
        ProblemShape.SIMPLE,
        "Relawan tidak diasuransikan pada semua hari itu.",
        "The volunteer is not insured on all days.",
    )
    NO_SHOWS = (
        "NO_SHOWS",
        ProblemShape.LIMIT,
        "Relawan berulang kali tidak datang dalam setahun terakhir.",
        "The volunteer did not come several times within the last year.",
    )
    BELOW_TAKEN = (
        "BELOW_TAKEN",
        ProblemShape.LIMIT,
        "Lebih sedikit dari yang sudah terisi.",
        "Fewer places than are held already.",
    )
    ISSUER_NOT_AGREED = (
        "ISSUER_NOT_AGREED",
        ProblemShape.ORGANIZATION,
        "Penerbit sertifikatnya belum menyetujui.",
        "The organization that gives the certificates has not agreed yet.",
    )
    CAMP_CLOSED = (
        "CAMP_CLOSED",
        ProblemShape.SIMPLE,
        "Kemah ini tidak menerima pendaftaran sekarang.",
        "The camp does not take this registration now.",
    )
    CAMP_FULL = ("CAMP_FULL", ProblemShape.LIMIT, "Kemah ini sudah penuh.", "All places of the camp are taken.")
    CONTINGENT_FULL = (
        "CONTINGENT_FULL",
        ProblemShape.LIMIT,
        "Semua tempat kontingen sudah terisi, atau kontingennya tidak menerima nama lagi.",
        "All places of the contingent are named, or it takes no more names.",
    )
    QUOTA_FULL = ("QUOTA_FULL", ProblemShape.QUOTA, "Kuota ini sudah terisi.", "All places of the quota are taken.")
    TOO_YOUNG = (
        "TOO_YOUNG",
        ProblemShape.AGE,
        "Umurnya pada hari pertama belum cukup, atau tanggal lahirnya belum diketahui.",
        "The person is too young on the first day, or the day of birth is not known.",
    )
    CERTIFICATE_NEEDED = (
        "CERTIFICATE_NEEDED",
        ProblemShape.CERTIFICATE,
        "Sertifikat yang disyaratkan tidak ada atau sudah terlalu lama lewat.",
        "The certificate that is needed is missing, or ended too long ago.",
    )
    ORGANIZATION_CONSENT = (
        "ORGANIZATION_CONSENT",
        ProblemShape.SIMPLE,
        "Organisasinya sendiri harus setuju; mintalah pengelolanya mendaftarkan.",
        "The own organization must agree: ask its manager to register the person.",
    )
    GUARDIAN_CONSENT = (
        "GUARDIAN_CONSENT",
        ProblemShape.SIMPLE,
        "Orang ini belum 18 tahun pada hari pertama; walinya harus setuju.",
        "The person is under 18 on the first day: a guardian must agree.",
    )
    PLACE_HELD = (
        "PLACE_HELD",
        ProblemShape.REGISTRATION,
        "Orang ini memegang tempat yang akan hilang.",
        "This person holds a place that would be lost.",
    )
    DAYS_TAKEN = (
        "DAYS_TAKEN",
        ProblemShape.BUSY,
        "Orang ini terikat hal lain pada waktu yang baru.",
        "This person is committed elsewhere at the new time.",
    )
    NEARER_AVAILABLE = (
        "NEARER_AVAILABLE",
        ProblemShape.NEARER,
        "Masih ada relawan yang lebih dekat menurut urutan kabupaten, provinsi, nasional.",
        "Someone of a nearer tier (own kabupaten, own province, nation) can still be sent.",
    )
