"""Branch names, titles and commit messages: derived by us, never taken from an agent. Pure."""

import re
import unicodedata
from collections.abc import Iterable

from ci_factory.errors import ArtifactError
from ci_factory.model import trailers
from ci_factory.model.attempt import Attempt
from ci_factory.model.gate import Score
from ci_factory.model.ticket import Ticket
from ci_factory.publishing import sanitise

BRANCH_PREFIX = "factory/"
_SLUG_LENGTH = 40
_SUBJECT_LENGTH = 72
_GENERATION = f"{trailers.GENERATION}: "
_BRANCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_ALWAYS_PROTECTED = frozenset({"head", "main", "master", "trunk", "develop"})
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


def safe_branch(name: str, *, protected: Iterable[str]) -> str:
    """The name, if it is one that git takes word for word, reads as no option, and nobody protects.

    Raises:
        ArtifactError: it is not.
    """
    sound = _BRANCH.fullmatch(name) and not re.search(r"\.\.|\.lock(?:/|$)|\.(?:/|$)", name)
    # Case is ignored: so do file systems on which a branch is a file.
    taken = {each.lower() for each in protected} | _ALWAYS_PROTECTED
    if not sound or name.lower() in taken:
        why = "is protected" if sound else "is not a branch name"
        raise ArtifactError(f"the branch {name!a} {why}", fix="give the ticket another id or title")
    return name


def commit_type(ticket: Ticket) -> str:
    """Type of a conventional commit, from the words of the title; `feat` when none fits."""
    words = set(re.findall(r"[a-z]+", ticket.title.lower()))
    return next((kind for kind, signs in _TYPES if words & set(signs)), "feat")


def subject(ticket: Ticket) -> str:
    """First line of the commit message: conventional, names the ticket, at most 72 characters."""
    prefix, suffix = f"{commit_type(ticket)}: ", f" (#{ticket.id})"
    room = _SUBJECT_LENGTH - len(prefix) - len(suffix)
    title = sanitise.commit_line(ticket.title)
    words = title if len(title) <= room else title[: room - 1].rstrip() + "…"
    return f"{prefix}{words}{suffix}"


def commit_message(ticket: Ticket, attempt: Attempt, score: Score) -> str:
    """The whole commit message with SPEC 4's trailers. Nothing an agent wrote is in it."""
    points = "unknown" if score.score is None else f"{score.score:g}"
    passed = [check.name for check in attempt.checkpoints if check.status == "passed"]
    generation = f"{attempt.batch_id}/{attempt.ticket_id}"
    lines = [
        f"{trailers.AGENT}: {sanitise.commit_line(attempt.agent)}",
        f"{trailers.BATCH}: {sanitise.commit_line(attempt.batch_id)}",
        f"{_GENERATION}{sanitise.commit_line(generation)}",
        *_prompt(attempt),
        f"Checkpoint: {passed[-1] if passed else 'none'}",
        f"Quality-Score: {points} ({score.verdict})",
    ]
    return f"{subject(ticket)}\n\n" + "\n".join(lines) + "\n"


def _prompt(attempt: Attempt) -> list[str]:
    """Version of the prompt's templates and the beginning of its hash, by which the audit finds it."""
    version, _, digits = (attempt.prompt_hash or "").rpartition(":")
    return [f"{trailers.PROMPT}: {sanitise.commit_line(f'{version}:{digits[:12]}')}"] if version else []


def is_of_ticket(message: str, ticket_id: str) -> bool:
    """Whether a commit message is one that `commit_message` wrote for this ticket, in whatever batch."""
    named = [line for line in message.splitlines() if line.startswith(_GENERATION)]
    return len(named) == 1 and named[0].rpartition("/")[2] == ticket_id
