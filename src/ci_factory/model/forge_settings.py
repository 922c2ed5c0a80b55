"""How patient and how polite we are with a forge, as frozen data."""

from pydantic import Field

from ci_factory.model.base import Value


class Rates(Value):
    """What we send to a GitLab server at most, and how long we wait for it.

    The defaults are GitLab.com's limits for one user (docs.gitlab.com, "GitLab.com-specific rate limits"); `None` is
    no limit. Only creations of notes and issues are counted there, as GitLab does.
    """

    notes_per_minute: int | None = Field(default=60, ge=1)
    issues_per_minute: int | None = Field(default=200, ge=1)
    requests_per_minute: int | None = Field(default=2000, ge=1)
    longest_wait_minutes: float = Field(default=15, ge=0)
    """The longest single pause that a 429 may ask for."""
    total_wait_minutes: float = Field(default=60, ge=0)
    """All pauses after 429 together."""
    outage_minutes: float = Field(default=15, ge=0)
    """How long a server may fail without one good answer before we give up."""
    outage_failures: int = Field(default=5, ge=1)
    """So many failures in a row are an outage: then one probe at a time asks whether it is over."""
    tries: int = Field(default=10, ge=1, le=20)
    """How often one request is sent when it meets 5xx or a lost connection."""
    connect_seconds: float = Field(default=10, gt=0)
    read_seconds: float = Field(default=60, gt=0)
    """Longest silence of the server within an answer; GitLab itself ends a request after 60 s."""
    answer_seconds: float = Field(default=300, gt=0)
    """For one answer as a whole, whose bytes may come slowly."""
    git_seconds: float = Field(default=900, gt=0)
    """For one push or fetch."""
