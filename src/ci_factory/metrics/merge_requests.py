"""What the hidden score blocks in our notes on merge requests say. Pure."""

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ci_factory.model import block
from ci_factory.model.forge import Note
from ci_factory.model.gate import Component, ComponentScore, GateStatus, Verdict
from ci_factory.model.ticket import RiskLevel, Size


class ScoreBlock(BaseModel):
    """The part of the `score` block that metrics need; what it lacks is unknown."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    ticket: str
    batch: str | None = None
    agent: str | None = None
    model: str | None = None
    score: float | None = Field(default=None, ge=0, le=100)
    verdict: Verdict | None = None
    threshold: float | None = Field(default=None, ge=0, le=100)
    tree: str | None = None
    components: dict[Component, ComponentScore] = {}
    gates: dict[str, GateStatus] = {}
    size: Size | None = None
    risk: RiskLevel | None = None
    added: int | None = Field(default=None, ge=0)
    removed: int | None = Field(default=None, ge=0)
    files: int | None = Field(default=None, ge=0)


def score_block(notes: Iterable[Note], *, author: str, ticket_id: str) -> tuple[ScoreBlock | None, str]:
    """The newest score that `author` wrote for this ticket, and what is wrong with it when it can't be believed."""
    data = None
    for note in sorted(notes, key=lambda note: note.id):
        if note.author == author:
            data = block.read(note.body, "score") or data
    if data is None:
        return None, ""
    try:
        told = ScoreBlock.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        return None, f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return (told, "") if told.ticket == ticket_id else (None, "belongs to another ticket")
