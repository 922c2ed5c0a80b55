"""Settings of metrics: what counts as a defect, when a cohort is old enough, how long what is kept."""

from pydantic import Field, model_validator

from ci_factory.model.base import Value
from ci_factory.model.ticket import Size


class HandHours(Value):
    """Hours that a change of one size would have taken a person, at least and at most: an assumption, never a measurement."""

    low: float = Field(ge=0, le=1000)
    high: float = Field(ge=0, le=1000)

    @model_validator(mode="after")
    def _in_order(self) -> "HandHours":
        if self.high < self.low:
            msg = "`high` must not be below `low`"
            raise ValueError(msg)
        return self


class MetricsConfig(Value):
    """What figures assume, and what the store keeps."""

    bug_labels: tuple[str, ...] = Field(default=("bug",), max_length=50)
    """An issue with one of these that names a change, its merge request or its ticket is a defect of it."""
    defect_days: int = Field(default=30, ge=1, le=3650)
    """A merged change counts for the share of defects once it was observed that long."""
    churn_days: int = Field(default=21, ge=1, le=3650)
    """After that time it is counted how much of a change is left."""
    maturity_days: int = Field(default=14, ge=0, le=3650)
    """A merge request counts for the acceptance rate once it is that old, as it stood at that age."""
    bad_change_cost: float = Field(default=2, gt=0, le=1000)
    """What a bad change let through costs, counted in good changes held back; calibration weighs thresholds by it."""
    session_gap_minutes: float = Field(default=30, gt=0, le=1440)
    """What one person does on a merge request with no longer pause between is one session of review."""
    session_minutes: float = Field(default=5, gt=0, le=1440)
    """What a session takes before its first trace."""
    by_hand_hours: dict[Size, HandHours] = {
        Size.TRIVIAL: HandHours(low=0.2, high=1),
        Size.SMALL: HandHours(low=0.5, high=4),
        Size.MEDIUM: HandHours(low=2, high=16),
        Size.LARGE: HandHours(low=8, high=40),
    }
    """Assumed for the range of hours saved."""
    prompt_days: int = Field(default=90, ge=0, le=36500)
    """Prompts are kept that long, after that their hash only."""
    record_days: int = Field(default=1096, ge=1, le=36500)
    """Records are kept that long: three years."""
