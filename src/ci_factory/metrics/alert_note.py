"""One alert over the last weeks as a note, which remembers since when it is on. Markdown; the same input gives the same bytes."""

from collections.abc import Iterator
from datetime import datetime

from pydantic import ValidationError

from ci_factory.metrics import words
from ci_factory.metrics.alert_report import named
from ci_factory.metrics.alerts import Alert
from ci_factory.metrics.markdown import say
from ci_factory.model import block
from ci_factory.model.base import Moment, Value

_KEY = "alert"
_LONG = 300


class State(Value):
    """Since when an alert was on, and until when."""

    since: Moment
    until: Moment | None = None
    """`None` while it is on."""

    @property
    def on(self) -> bool:
        """Whether it lasts."""
        return self.until is None


def note(alert: Alert, state: State) -> str:
    """The note's Markdown, hidden block included."""
    return "\n".join([*(_lasting(alert, state) if state.on else _over(alert, state)), "", _block(state)])


def state_of(body: str) -> State | None:
    """What a note of ours remembers; `None` when it is damaged. The note's author was checked before."""
    data = block.read(body, _KEY)
    try:
        return State.model_validate(data) if data is not None else None
    except ValidationError:
        return None


def _block(state: State) -> str:
    data = state.model_dump(mode="json")
    return block.write(_KEY, data)


def _lasting(alert: Alert, state: State) -> Iterator[str]:
    yield f"**Alert ({alert.severity.value}): {named(alert)}.**"
    yield ""
    yield f"- On since {_minute(state.since)}."
    yield f"- {alert.definition}"
    if alert.evidence:
        yield f"- The worst: {'; '.join(say(each, _LONG) for each in alert.evidence)}."
    yield f"- What to do: {alert.action}"


def _over(alert: Alert, state: State) -> Iterator[str]:
    yield f"**Over: {alert.name}.** It was an alert ({alert.severity.value}) from {_minute(state.since)} to {_minute(state.until)}."
    yield ""
    yield f"Then: {named(alert)}."


def _minute(at: datetime | None) -> str:
    return words.moment(at)
