"""The kill switch: what people can stop the factory with while it runs, asked before every write."""

import threading
from dataclasses import dataclass, field

from ci_factory import config as configuration
from ci_factory.config import Config
from ci_factory.errors import ConfigError
from ci_factory.forge.protocol import Forge
from ci_factory.system.clock import Clock

_FRESH_SECONDS = 5.0
"""How long an answer is believed. Between the question and a write there is always a moment; this bounds it."""


@dataclass
class Switch:
    """Reads `enabled` from the configuration on the default branch, and the label `hold` of a ticket."""

    forge: Forge
    config: Config
    clock: Clock
    _told: dict[str, tuple[float, str | None]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def halt(self, ticket_id: str) -> str | None:
        """Why nothing more may be written about a ticket; `None` when nobody stopped it."""
        return self._fresh("", "") or self._fresh("ticket", ticket_id)

    def off(self) -> str | None:
        """Why the whole factory is stopped; `None` when it is not."""
        return self._fresh("", "")

    def _fresh(self, kind: str, ticket_id: str) -> str | None:
        now, key = self.clock.monotonic(), f"{kind}:{ticket_id}"
        with self._lock:
            known = self._told.get(key)
        if known is not None and now - known[0] < _FRESH_SECONDS:
            return known[1]
        answer = self._held(ticket_id) if ticket_id else self._disabled()
        with self._lock:
            self._told[key] = now, answer
        return answer

    def _held(self, ticket_id: str) -> str | None:
        hold = self.config.labels.hold
        held = hold in self.forge.issue(ticket_id).ticket.labels
        return f"the ticket has the label {hold}" if held else None

    def _disabled(self) -> str | None:
        """A configuration that can't be read stops as well: nobody knows what it would say."""
        text = self.forge.read_file(configuration.FILE_NAME, "HEAD")  # of the default branch
        try:
            enabled = configuration.parse(text).enabled if text is not None else True
        except ConfigError as error:
            return f"{configuration.FILE_NAME} on the default branch can't be read: {error.what}"
        return None if enabled else f"{configuration.FILE_NAME} on the default branch says enabled: false"
