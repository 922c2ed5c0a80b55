"""Branch names, titles and commit messages: derived by us, never taken from an agent. Pure."""

import re
import unicodedata

from ci_factory.model.attempt import Attempt
from ci_factory.model.gate import Score
from ci_factory.model.text import plain
from ci_factory.model.ticket import Ticket

BRANCH_PREFIX = "factory/"
_SLUG_LENGTH = 40
_TITLE_LENGTH = 200
_SUBJECT_LENGTH = 72
_TYPES = (
    ("fix", ("fix", "fixes", "bug", "crash", "error", "wrong", "broken", "fail")),
    ("docs", ("document", "docs", "docstring", "readme", "typo", "comment")),
    ("test", ("test", "tests", "coverage")),
    ("refactor", ("refactor", "rename", "move", "split", "extract", "clean", "unused", "remove", "sort")),
    ("perf", ("speed", "faster", "slow", "performance")),
)


def slug(text: str) -> str:
    """Lower-case ASCII words joined by dashes; never empty."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = re.findall(r"[a-z0-9]+", ascii_text.lower())
    return "-".join(words)[:_SLUG_LENGTH].strip("-") or "change"


def branch(ticket: Ticket) -> str:
    """`factory/<ticket-id>-<slug>`, SPEC 4."""
    return f"{BRANCH_PREFIX}{ticket.id}-{slug(ticket.title)}"


def commit_type(ticket: Ticket) -> str:
    """Type of a conventional commit, from the words of the title; `feat` when none fits."""
    words = set(re.findall(r"[a-z]+", ticket.title.lower()))
    return next((kind for kind, signs in _TYPES if words & set(signs)), "feat")


def subject(ticket: Ticket) -> str:
    """First line of the commit message: conventional, names the ticket, at most 72 characters."""
    prefix, suffix = f"{commit_type(ticket)}: ", f" (#{ticket.id})"
    room = _SUBJECT_LENGTH - len(prefix) - len(suffix)
    title = " ".join(re.sub(r"[\[\]]", "", plain(ticket.title, limit=_TITLE_LENGTH)).split())
    words = title if len(title) <= room else title[: room - 1].rstrip() + "…"
    return f"{prefix}{words}{suffix}"


def commit_message(ticket: Ticket, attempt: Attempt, score: Score) -> str:
    """The whole commit message with SPEC 4's trailers. Nothing an agent wrote is in it."""
    points = "unknown" if score.score is None else f"{score.score:g}"
    passed = [check.name for check in attempt.checkpoints if check.status == "passed"]
    trailers = (
        f"Agent: {attempt.agent}",
        f"Batch: {attempt.batch_id}",
        f"Generation-ID: {attempt.batch_id}/{attempt.ticket_id}",
        f"Checkpoint: {passed[-1] if passed else 'none'}",
        f"Quality-Score: {points} ({score.verdict})",
    )
    return f"{subject(ticket)}\n\n" + "\n".join(trailers) + "\n"
