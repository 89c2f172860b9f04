"""Passwords: hashed by argon2id, a few at a time, and away from the event loop."""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher

from api.values.problem import Unreadable

SHORTEST, LONGEST = 10, 200

# As OWASP recommends: 19 MiB, two passes, one lane.
_HASHER = PasswordHash((Argon2Hasher(time_cost=2, memory_cost=19 * 1024, parallelism=1),))
# Hashing is slow on purpose. More at the same time would take the cores from everybody else.
_THREADS = ThreadPoolExecutor(max(1, (os.cpu_count() or 1) // 2), thread_name_prefix="password")
# What the password of an account is compared with that has none, or is not there: it takes the same time.
_NOBODY = _HASHER.hash(os.urandom(16).hex())


def check_password(text: str) -> str:
    """The password as it is. Raises `Unreadable`."""
    if not SHORTEST <= len(text) <= LONGEST:
        raise Unreadable(
            f"Kata sandi terdiri atas {SHORTEST} sampai {LONGEST} karakter.",
            f"A password has {SHORTEST} to {LONGEST} characters.",
        )
    return text


async def hash_password(text: str) -> str:
    return await asyncio.get_running_loop().run_in_executor(_THREADS, _HASHER.hash, text)


async def verify_password(text: str, stored: str | None) -> bool:
    """Takes as long whether there is a password or not."""
    loop = asyncio.get_running_loop()
    is_same = await loop.run_in_executor(_THREADS, _verify, text[: LONGEST + 1], stored or _NOBODY)
    return is_same and stored is not None


def _verify(text: str, stored: str) -> bool:
    try:
        return _HASHER.verify(text, stored)
    except UnknownHashError:
        return False
