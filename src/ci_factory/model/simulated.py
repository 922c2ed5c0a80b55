"""What many simulated runs say together."""

from ci_factory.model.base import Moment, Value
from ci_factory.model.forecast import Spread
from ci_factory.model.review_settings import TimeZone


class Result(Value):
    """The figures of all runs of one way to work."""

    name: str
    runs: int
    figures: dict[str, Spread | None]
    """`None`: unknown."""
    fan: tuple[Spread, ...]
    """Merge requests ready by evenly spaced moments of the first night, from its start to its deadline."""
    ready: tuple[float, ...]
    """Merge requests ready by the deadline, of each run."""


class Simulated(Value):
    """All that a page tells of."""

    heading: str
    start: Moment
    deadline: Moment
    zone: TimeZone = "UTC"
    """Of the clock that is shown."""
    results: tuple[Result, ...]
    definitions: dict[str, tuple[str, str]]
    """Figure -> title and what it is."""
    sources: dict[str, str]
    """Assumption -> where it comes from."""
