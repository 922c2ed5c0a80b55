"""One thing that a detector saw, with the place where anybody can see it too."""

from dataclasses import dataclass

from ci_factory.model.attempt import Trigger
from ci_factory.model.text import plain

_SHOWN = 160


@dataclass(frozen=True)
class Signal:
    """Why a person is to be asked."""

    trigger: Trigger
    kind: str
    """Which case of the trigger; it chooses the options (`options.py`)."""
    what: str
    """In words that go on after “the change” or “the ticket”: “adds the dependency httpx”."""
    path: str = ""
    """Empty: it is said in the ticket, or in the plan's words."""
    line: int | None = None

    @property
    def where(self) -> str:
        """`file:line`, empty where there is no file."""
        return f"{plain(self.path, _SHOWN)}:{self.line}" if self.line else plain(self.path, _SHOWN)

    def __str__(self) -> str:
        said = plain(self.what, 2 * _SHOWN)
        return f"{said} ({self.where})" if self.path else said
