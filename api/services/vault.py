"""Identity numbers: encrypted at rest, found only through a keyed blind index."""

import hashlib
import hmac
import os
from dataclasses import dataclass
from typing import Any

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
KEY_BYTES = 64


@dataclass(frozen=True, slots=True)
class Vault:
    """The two keys: one that encrypts, one that indexes."""

    encryption: bytes
    index: bytes

    @classmethod
    def of(cls, key: bytes) -> "Vault":
        assert len(key) == KEY_BYTES
        return cls(key[:32], key[32:])

    @property
    def fingerprint(self) -> bytes:
        """By which the key is recognized, and of no other use."""
        return hashlib.sha256(b"sigap vault key\0" + self.encryption + self.index).digest()

    def encrypt(self, text: str) -> bytes:
        return self.encrypt_bytes(text.encode())

    def decrypt(self, encrypted: bytes) -> str:
        return self.decrypt_bytes(encrypted).decode()

    def encrypt_bytes(self, content: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + AESGCM(self.encryption).encrypt(nonce, content, None)

    def decrypt_bytes(self, encrypted: bytes) -> bytes:
        return AESGCM(self.encryption).decrypt(encrypted[:NONCE_BYTES], encrypted[NONCE_BYTES:], None)

    def encrypt_json(self, value: Any) -> bytes:
        return self.encrypt(orjson.dumps(value).decode())

    def decrypt_json(self, encrypted: bytes) -> Any:
        return orjson.loads(self.decrypt(encrypted))

    def blind_index(self, content: str | bytes) -> bytes:
        """The same for the same content, and of no use without the key (HMAC-SHA256)."""
        raw = content.encode() if isinstance(content, str) else content
        return hmac.new(self.index, raw, hashlib.sha256).digest()
