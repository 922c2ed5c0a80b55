"""What every value and every artifact has in common."""

from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Json = Any
"""A value as `json.loads` gives it."""


def _as_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC)


Moment = Annotated[datetime, AfterValidator(_as_utc)]
"""A point in time; naive input is read as UTC, and everything is kept in UTC."""

TicketId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
"""Safe as a folder name, as a part of a branch name and in YAML."""

Sha = Annotated[str, Field(pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})$")]
"""A git object name, whole."""


class Value(BaseModel):
    """Frozen data; a key it does not know is an error, not a surprise."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Artifact(Value):
    """A file that crosses a border between stages."""

    schema_version: Literal[1] = 1


class Ranked(StrEnum):
    """Words with an order: that of their definition."""

    @property
    def rank(self) -> int:
        """Place in the definition, from 0."""
        return _places(type(self))[self]


@cache
def _places(kind: type[Ranked]) -> dict[Ranked, int]:
    return {word: place for place, word in enumerate(kind)}
