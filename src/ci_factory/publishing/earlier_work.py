"""What the next attempt needs of this one, as a hidden line of the note that asks people. Pure.

A folder of artifacts may be gone when the answer comes; the note is there as long as the ticket.
"""

from collections.abc import Sequence

from ci_factory.model import block
from ci_factory.model.attempt import Attempt
from ci_factory.model.base import Json
from ci_factory.model.forge import Note
from ci_factory.model.work_state import Earlier

KEY = "earlier"
MAX_CHARACTERS = 60_000
"""Of the line; documents that are longer are left out, and are asked for again."""
_QUESTION = 10_000
_REASON = 2_000


def of(attempt: Attempt, *, job: int | None = None, refused: str = "") -> Earlier:
    """What an attempt leaves to the next one; `job` is the CI job whose artifacts keep its change.

    `refused`: why a change that was made is not published, where that is what people were asked about.
    """
    return Earlier(
        batch_id=attempt.batch_id,
        agent=attempt.agent,
        base=attempt.base,
        head=attempt.head,
        reason=(f"its change was not published: {refused}" if refused else attempt.reason)[:_REASON],
        question=_question(attempt)[:_QUESTION],
        rounds=sum(run.phase == "implement" for run in attempt.runs),
        checkpoints=attempt.checkpoints[:8],
        job=job,
    )


def line(attempt: Attempt, *, job: int | None = None, refused: str = "") -> str:
    """The hidden line; known forms of secrets are taken out."""
    work = of(attempt, job=job, refused=refused)
    for each in (work, work.model_copy(update={"checkpoints": ()})):
        written = inert(block.write(KEY, each.model_dump(mode="json", exclude_defaults=True)))
        if len(written) <= MAX_CHARACTERS:
            return written
    return ""


def read(notes: Sequence[Note], *, ours: str) -> dict[str, Json] | None:
    """The data of our newest note that has such a line; nobody else's is believed. Not parsed yet."""
    mine = (block.read(note.body, KEY) for note in reversed(notes) if note.author == ours)
    return next((data for data in mine if data is not None), None)


def _question(attempt: Attempt) -> str:
    asked = attempt.escalation
    if asked is None:
        return ""
    options = [f"{number}. {each.title}" for number, each in enumerate(asked.options, 1)]
    return "\n".join([asked.summary, asked.why, *asked.questions, *options])


def inert(written: str) -> str:
    """The same data without a mention, a reference, an address or a quick action in it, also for who reads the source."""
    opening, brace, data = written.partition("{")
    for character in "@#!~$%/":
        data = data.replace(character, f"\\u{ord(character):04x}")
    return f"{opening}{brace}{data}"
