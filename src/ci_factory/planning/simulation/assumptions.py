"""What a simulation takes for granted, each with its source. Nothing here was measured on the project itself."""

from typing import Any

import yaml
from pydantic import Field, ValidationError, model_validator

from ci_factory.errors import UsageError
from ci_factory.model import plain_yaml
from ci_factory.model.base import Value
from ci_factory.model.effort import REVIEW_MINUTES
from ci_factory.model.ticket import Priority, Size

MAX_BYTES = 64 * 1024
_ROUNDING = 1e-6
STATED = "stated"
"""Source of a figure that nobody measured here."""


class Class(Value):
    """What is assumed about the tickets of one size."""

    share: float = Field(ge=0, le=1)
    """Of made-up queues; the four shares make 1."""
    files: int = Field(ge=1, le=50)
    """That a change touches, in made-up queues."""
    minutes_median: float = Field(default=10, gt=0)
    """Of one agent call: lognormal."""
    minutes_sigma: float = Field(default=0.9, ge=0, le=3)
    """Standard deviation of the logarithm."""
    failure: float = Field(default=0.3, ge=0, le=1)
    """Chance that an agent call brings no change."""
    acceptance: float = Field(ge=0, le=1)
    """Chance that a reviewer merges the change."""
    review_minutes: float = Field(gt=0)
    """Of one reviewer."""
    tokens: float | None = Field(default=4_200_000, ge=0)
    """Of one agent call, mean; in proportion to its minutes. `null`: unknown."""
    usd: float | None = Field(default=None, ge=0)
    """Of one agent call, mean; `null`: the tokens at `usd_per_million_tokens`."""
    source: str = Field(default=STATED, max_length=200)
    """Where minutes, failure, acceptance and cost come from."""


def _classes() -> dict[Size, Class]:
    rows = {
        Size.TRIVIAL: (0.25, 1, 0.80),
        Size.SMALL: (0.40, 2, 0.70),
        Size.MEDIUM: (0.25, 3, 0.55),
        Size.LARGE: (0.10, 6, 0.35),
    }
    return {
        size: Class(
            share=share, files=files, acceptance=acceptance, review_minutes=float(REVIEW_MINUTES[size])
        )
        for size, (share, files, acceptance) in rows.items()
    }


class Assumptions(Value):
    """The distributions that tickets, agents and people are drawn from."""

    classes: dict[Size, Class] = Field(default_factory=_classes)
    priorities: dict[Priority, float] = Field(
        default_factory=lambda: {
            Priority.LOW: 0.25,
            Priority.MEDIUM: 0.5,
            Priority.HIGH: 0.2,
            Priority.CRITICAL: 0.05,
        }
    )
    """Shares in made-up queues; they make 1."""
    due_days: dict[Priority, float] = Field(
        default_factory=lambda: {
            Priority.LOW: 14.0,
            Priority.MEDIUM: 7.0,
            Priority.HIGH: 2.0,
            Priority.CRITICAL: 1.0,
        }
    )
    """From creation to the due date, in made-up queues."""
    minutes_cap: float = Field(default=60, gt=0)
    """No agent call takes longer."""
    overhead_minutes: float = Field(default=4, ge=0)
    """Of each agent call: clone, set-up, gates."""
    retries: int = Field(default=1, ge=0, le=3)
    """Fresh starts after a failed agent call."""
    retry_delay_minutes: float = Field(default=1, ge=0)
    pair_conflict: float = Field(default=0.28, ge=0, lt=1)
    """Chance that the changes of two tickets of a made-up queue touch the same file, which is counted as a conflict."""
    clash: float = Field(default=1.0, gt=0, le=1)
    """Chance that two changes of the same file conflict; files are shared more often than that, so that pairs conflict as stated."""
    popularity: float = Field(default=0.0, ge=0, le=3)
    """Exponent of Zipf's law that says how often a file is touched; 0: all files alike."""
    recall: float = Field(default=0.8, gt=0, le=1)
    """Share of the files that a change will touch that planning foresees."""
    precision: float = Field(default=0.7, gt=0, le=1)
    """Share of the foreseen files that the change really touches."""
    usd_per_million_tokens: float | None = Field(default=0.6, ge=0)
    """`null`: cost is unknown."""

    @model_validator(mode="after")
    def _shares(self) -> "Assumptions":
        if set(self.classes) != set(Size) or not (
            set(self.priorities) == set(self.due_days) == set(Priority)
        ):
            msg = "every size and every priority needs its line"
            raise ValueError(msg)
        for shares in ([each.share for each in self.classes.values()], list(self.priorities.values())):
            if abs(sum(shares) - 1) > _ROUNDING or min(shares) < 0:
                msg = "shares must be at least 0 and make 1"
                raise ValueError(msg)
        return self


def call_usd(of: Class, assumptions: Assumptions) -> float | None:
    """Mean cost of an agent call, `None` when it is unknown."""
    price = assumptions.usd_per_million_tokens
    if of.usd is not None:
        return of.usd
    return None if price is None or of.tokens is None else of.tokens * price / 1e6


SOURCES = {
    "minutes": "lognormal, median 10, sigma 0.9, at most 60: stated; wide on purpose, as agents' run times are",
    "overhead_minutes": "stated: clone, set-up and gates of one agent call",
    "failure": "stated: three calls of ten bring no change, one fresh start",
    "acceptance": "stated: 35 to 80 %, the span reported for merge requests by agents, falling with size",
    "review_minutes": "expected minutes of the review queue (docs/review-queue.md)",
    "tokens": "stated: 4.2 million an agent call, in proportion to its minutes",
    "usd_per_million_tokens": "stated: mostly input read from a cache; set your own price",
    "pair_conflict": "stated: 28 % of all pairs",
    "popularity": "all files of a made-up project alike; changelogs and lock files, which merge mechanically, are not in the model",
    "recall, precision": "stated; `ci-factory report` shows those measured",
    "due_days": "stated: a day, two days, a week, two weeks, as a nightly line can keep them",
    "share, files, priorities": "stated, for made-up queues only",
}
"""Where the figures come from, printed with every result."""


def parse(text: str, source: str) -> Assumptions:
    """Assumptions of a YAML file: what it leaves out is as stated, class by class.

    Raises:
        UsageError: it is not YAML, too long, or a key or value is wrong.
    """
    if len(text) > MAX_BYTES:
        raise UsageError(f"is longer than {MAX_BYTES} characters", where=source, fix="shorten it")
    try:
        given = plain_yaml.load(text) or {}
    except yaml.YAMLError as error:
        raise UsageError("is not valid YAML", where=source, fix="mend its syntax") from error
    if not isinstance(given, dict):
        raise UsageError("must be a mapping of keys", where=source, fix="write `key: value` lines")
    try:
        return Assumptions.model_validate(_completed(given))
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        key = ".".join(map(str, first["loc"])) or "the whole file"
        raise UsageError(f"{key}: {first['msg']}", where=source, fix="see docs/simulation.md") from error


def _completed(given: dict[Any, Any]) -> dict[Any, Any]:
    """What a file says on top of what is stated, so that one figure of one size can be changed."""
    stated = Assumptions().model_dump(mode="json")
    for key in ("classes", "priorities", "due_days"):
        said = given.get(key)
        if isinstance(said, dict):
            merged = {**stated[key], **said}
            if key == "classes":
                merged = {
                    size: {**stated[key].get(size, {}), **each} if isinstance(each, dict) else each
                    for size, each in merged.items()
                }
            given = {**given, key: merged}
    return given
