"""What an agent is told. The ticket is quoted data: nothing in it can end its quotation."""

import functools
import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ci_factory.model import unseen
from ci_factory.model.ticket import Candidate, Size, Ticket
from ci_factory.work.agents.protocol import Phase

if TYPE_CHECKING:
    import jinja2

TEMPLATE_VERSION = "3"
"""Counted up with every change of meaning in work/templates."""

_TEMPLATES = Path(__file__).parent / "templates"
_BACKTICKS = re.compile(r"`+")


@dataclass(frozen=True)
class Prompt:
    """A rendered prompt."""

    text: str

    @property
    def hash(self) -> str:
        """Version of the templates and SHA-256 of the text, for the audit."""
        return f"{version()}:{hashlib.sha256(self.text.encode('utf-8', 'replace')).hexdigest()}"


@functools.cache
def version() -> str:
    """Version of the templates, such as `v3.1f2e3d4c`: what people count, and what all of their files hash to."""
    digest = hashlib.sha256()
    for file in sorted(_TEMPLATES.glob("*.j2")):
        text = file.read_bytes()
        digest.update(f"{file.name}:{len(text)}\n".encode() + text)
    return f"v{TEMPLATE_VERSION}.{digest.hexdigest()[:8]}"


def prompt(  # noqa: PLR0913 - each is a part of the text
    phase: Phase,
    candidate: Candidate,
    size: Size,
    *,
    instructions: str = "",
    feedback: Sequence[str] = (),
    answer: str | None = None,
    earlier: str | None = None,
    history: str = "",
    handoff: str = "",
    change: str = "",
) -> Prompt:
    """The Markdown for one call of an agent.

    `earlier`: a change for the same ticket that no longer merges. `history`: what an attempt did that this one goes on from.
    `handoff`: what the role before hands over. `change`: the diff that is to be reviewed.
    """
    template = _environment().get_template(f"{phase}.md.j2")
    return Prompt(
        template.render(
            ticket=quoted(ticket_text(candidate.ticket)),
            size=size.value,
            needs_plan=size.rank >= Size.MEDIUM.rank,
            risk=candidate.risk.level.value,
            needs_risks=candidate.risk.level.rank > 0,
            instructions=quoted(instructions) if instructions.strip() else "",
            feedback=quoted("\n".join(feedback)) if feedback else "",
            answer=quoted(answer) if answer else "",
            earlier=quoted(earlier) if earlier else "",
            history=quoted(history) if history else "",
            handoff=quoted(handoff) if handoff else "",
            change=quoted(change) if change else "",
        )
    )


def ticket_text(ticket: Ticket) -> str:
    """Everything the ticket says, as text for people and models."""
    parts = [f"Title: {ticket.title}", as_seen(ticket).body]
    parts += _listing("Acceptance criteria", ticket.acceptance_criteria)
    parts += _listing("Test cases", ticket.test_cases)
    parts += _listing("Files", ticket.files)
    return "\n\n".join(part.strip() for part in parts if part.strip())


def as_seen(ticket: Ticket) -> Ticket:
    """The ticket as its readers see it: HTML comments and the like are not for agents either."""
    return ticket.model_copy(update={"body": unseen.shown(ticket.body)[0]})


def quoted(text: str) -> str:
    """A fenced block that shows `text` and that nothing in it can close; invisible characters are taken out."""
    shown = visible(text)
    longest = max((len(run) for run in _BACKTICKS.findall(shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{shown}\n{fence}"


def visible(text: str) -> str:
    """Text without control and format characters, which people do not see and models read; line breaks stay."""
    unified = re.sub("\r\n?|[\u2028\u2029\x85]", "\n", text)
    return "".join(
        character
        for character in unified
        if character in "\n\t" or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn"}
    )


def _listing(title: str, rows: Sequence[str]) -> list[str]:
    return (
        [f"{title}:\n" + "\n".join(f"{number}. {row}" for number, row in enumerate(rows, 1))] if rows else []
    )


@functools.cache
def _environment() -> "jinja2.Environment":
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 - Markdown for a model, not HTML; whatever is untrusted comes fenced by `quoted`
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
