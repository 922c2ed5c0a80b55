"""Passwords and sessions of the staff."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from lendery.errors import RefusedError

SESSION_LENGTH = timedelta(hours=8)
MIN_PASSWORD_LENGTH = 12
_SALT_BYTES = 16
_SCRYPT_COST = 2**14


def hash_password(password: str, salt: bytes | None = None) -> str:
    """A salted scrypt hash, `salt$hash` in hexadecimal.

    Raises:
        RefusedError: the password is too short.
    """
    if len(password) < MIN_PASSWORD_LENGTH:
        raise RefusedError(f"a password needs at least {MIN_PASSWORD_LENGTH} characters")
    salt = salt or secrets.token_bytes(_SALT_BYTES)
    return f"{salt.hex()}${_digest(password, salt).hex()}"


def verify_password(password: str, stored: str) -> bool:
    """Whether the password belongs to the stored hash; takes the same time either way."""
    salt, _, expected = stored.partition("$")
    return hmac.compare_digest(_digest(password, bytes.fromhex(salt)).hex(), expected)


def _digest(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=_SCRYPT_COST, r=8, p=1)


@dataclass
class Sessions:
    """Who is signed in, and until when; kept in memory, so a restart signs everybody out."""

    _open: dict[str, tuple[str, datetime]] = field(default_factory=dict)

    def sign_in(self, name: str, password: str, stored: str, now: datetime) -> str:
        """Open a session and return its name, which only the holder knows.

        Raises:
            RefusedError: the password is wrong.
        """
        if not verify_password(password, stored):
            raise RefusedError("wrong name or password")
        session = secrets.token_urlsafe(32)
        self._open[session] = (name, now + SESSION_LENGTH)
        return session

    def holder(self, session: str, now: datetime) -> str | None:
        """The name of who holds the session, `None` when it is unknown or has ended."""
        name, ends = self._open.get(session, ("", now))
        return name if now < ends else None

    def sign_out(self, session: str) -> None:
        """End a session; one that is unknown is left alone."""
        self._open.pop(session, None)
