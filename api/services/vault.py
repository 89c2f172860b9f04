"""Identity numbers: encrypted at rest, found only through a keyed blind index."""

import hashlib
import hmac
import os
import re
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
KEY_BYTES = 64

# PPKKCC DDMMYY SSSS; the day of birth counts 40 more for women.
NIK = re.compile(r"[1-9]\d{5}(?:[04][1-9]|[1256]\d|[37][01])(?:0[1-9]|1[0-2])\d{2}(?!0000)\d{4}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Vault:
    """The two keys: one that encrypts, one that indexes."""

    encryption: bytes
    index: bytes

    @classmethod
    def of(cls, key: bytes) -> "Vault":
        assert len(key) == KEY_BYTES
        return cls(key[:32], key[32:])

    def encrypt(self, text: str) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + AESGCM(self.encryption).encrypt(nonce, text.encode(), None)

    def decrypt(self, encrypt: bytes) -> str:
        return AESGCM(self.encryption).decrypt(encrypt[:NONCE_BYTES], encrypt[NONCE_BYTES:], None).decode()

    def blind_index(self, content: str | bytes) -> bytes:
        """The same for the same content, and of no use without the key (HMAC-SHA256)."""
        raw = content.encode() if isinstance(content, str) else content
        return hmac.new(self.index, raw, hashlib.sha256).digest()


def is_nik(text: str) -> bool:
    """Whether the 16 digits can be a NIK: region, day and month of birth, serial."""
    return NIK.fullmatch(text) is not None
