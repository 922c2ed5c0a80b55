"""The note of ours that is kept up to date: a hidden last line carries its key. Pure.

Nobody may believe a marker without looking at the note's author first.
"""

import re

from ci_factory.errors import ForgeError

MAX_LENGTH = 1_000_000
"""Characters of a note, as on GitLab."""

KEY = r"[a-z0-9][a-z0-9-]{0,63}"


def marker(key: str, kind: str = "note") -> str:
    """The hidden last line of a kept text.

    Raises:
        ForgeError: the key is not lower-case letters, digits and dashes.
    """
    if not re.fullmatch(KEY, key):
        raise ForgeError(f"{key!r} can't be a {kind}'s key", fix="use lower-case letters, digits and dashes")
    return f"<!-- ci-factory:{kind}:{key} -->"


def marked(key: str, body: str, kind: str = "note") -> str:
    """The body with its marker below, as it is sent.

    Raises:
        ForgeError: it says nothing or too much, or the key can't be one.
    """
    return checked(f"{body.rstrip()}\n\n{marker(key, kind)}")


def carries(body: str, key: str) -> bool:
    """Whether a note's last line is the marker of this key; text quoted further up may carry anything."""
    return body.rstrip().rpartition("\n")[2] == marker(key)


def checked(body: str) -> str:
    """The body as it can be kept.

    Raises:
        ForgeError: it says nothing, or too much.
    """
    if not body.strip():
        raise ForgeError("a note must say something")
    if len(body) > MAX_LENGTH:
        raise ForgeError(
            f"a note has at most {MAX_LENGTH} characters, this one {len(body)}", fix="shorten it"
        )
    return storable(body)


def storable(text: str) -> str:
    """The text as a database can keep it: no NUL, and halves of characters replaced."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
