"""Passwords and sessions."""

from datetime import UTC, datetime

import pytest

from lendery.auth import SESSION_LENGTH, Sessions, hash_password, verify_password
from lendery.errors import RefusedError

WORDS = "correct horse battery staple"
NOW = datetime(2025, 3, 1, 9, tzinfo=UTC)


def test_the_right_words_are_known_again() -> None:
    stored = hash_password(WORDS)
    assert verify_password(WORDS, stored)
    assert not verify_password("something else altogether", stored)


def test_equal_passwords_have_different_hashes() -> None:
    assert hash_password(WORDS) != hash_password(WORDS)


def test_a_short_password_is_refused() -> None:
    with pytest.raises(RefusedError, match="at least 12"):
        hash_password("short")


def test_a_session_ends() -> None:
    sessions = Sessions()
    session = sessions.sign_in("lena", WORDS, hash_password(WORDS), NOW)
    assert sessions.holder(session, NOW) == "lena"
    assert sessions.holder(session, NOW + SESSION_LENGTH) is None


def test_signing_out_ends_it_at_once() -> None:
    sessions = Sessions()
    session = sessions.sign_in("lena", WORDS, hash_password(WORDS), NOW)
    sessions.sign_out(session)
    assert sessions.holder(session, NOW) is None


def test_wrong_words_open_nothing() -> None:
    with pytest.raises(RefusedError, match="wrong name or password"):
        Sessions().sign_in("lena", "something else altogether", hash_password(WORDS), NOW)
