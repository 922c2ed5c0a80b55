"""Looks at what a running agent uses up."""

from collections.abc import Callable

from ci_factory.model.sandbox_settings import SandboxConfig
from ci_factory.system import process
from ci_factory.system.sandbox import Inside
from ci_factory.work.workspace import Workspace

_MEGABYTE = 1024 * 1024
_LEAST_WAIT = 20
"""Looking at the disk takes at most one part in so many of the time."""


class Watch:
    """Of one process; `why_end` is one more reason, such as what it spends on its model."""

    def __init__(
        self,
        settings: SandboxConfig,
        space: Workspace,
        inner: Inside | None,
        why_end: Callable[[], str],
    ) -> None:
        self._settings, self._space, self._inner = settings, space, inner
        self._why_end = why_end
        self._clock = process.Stopwatch()
        self._not_before = 0.0

    def look(self, written: int) -> str:
        """Why it has to end, in words; empty: it may go on. `written` is bytes of output."""
        settings = self._settings
        if written > settings.output_mb * _MEGABYTE:
            return f"the agent printed more than {settings.output_mb} MB (sandbox.output_mb)"
        if self._inner is not None and self._inner.count() > settings.processes:
            return f"the agent ran more than {settings.processes} processes (sandbox.processes)"
        return self._why_end() or self._disk()

    def _disk(self) -> str:
        started = self._clock.seconds()
        if started < self._not_before:
            return ""
        why = self._space.overfull()
        ended = self._clock.seconds()
        self._not_before = ended + _LEAST_WAIT * (ended - started)
        return why
