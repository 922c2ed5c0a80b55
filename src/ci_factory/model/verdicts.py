"""verdicts.json: the merge requests that the project's own gates are to judge, and the very commits that they judge."""

from typing import Self

from pydantic import Field, model_validator

from ci_factory.model.base import Artifact, Sha, Value

MOST_VERDICTS = 200
"""Of one pipeline: each is a job."""


class PlannedVerdict(Value):
    """One merge request as it was when it was looked at. Nothing that anybody wrote is in it."""

    iid: int = Field(ge=1)
    head: Sha
    tree: Sha
    """Of the head."""
    base: Sha
    """Where the change begins, as GitLab shows it."""


class VerdictPlan(Artifact):
    """What one pipeline judges."""

    verdicts: tuple[PlannedVerdict, ...] = Field(default=(), max_length=MOST_VERDICTS)

    @model_validator(mode="after")
    def _once_each(self) -> Self:
        if len({each.iid for each in self.verdicts}) != len(self.verdicts):
            msg = "a merge request is there twice"
            raise ValueError(msg)
        return self
