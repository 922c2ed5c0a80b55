"""What a running call has used so far, on disk for those who watch; at most every few seconds, so it costs nothing."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from ci_factory.model.attempt import Usage
from ci_factory.model.pulse import Meter
from ci_factory.system import records
from ci_factory.work.agents.protocol import Phase

_EVERY = timedelta(seconds=5)


@dataclass
class CallMeter:
    """Of one call. Told from the gateway's threads; of two at once either may be written, both are true."""

    path: Path
    phase: Phase
    number: int
    iteration: int
    now: Callable[[], datetime]
    _written: datetime | None = field(default=None)

    def tell(self, usage: Usage) -> None:
        """Write the usage down, unless that was done a moment ago. A full disk must not end the agent's call."""
        now = self.now()
        if self._written is not None and now - self._written < _EVERY:
            return
        self._written = now
        meter = Meter(phase=self.phase, number=self.number, iteration=self.iteration, at=now, usage=usage)
        try:
            records.write_model(self.path, meter)
        except OSError:
            return
