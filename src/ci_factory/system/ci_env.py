"""The only place that reads CI variables and other process environment."""

import os
from collections.abc import Iterable, Mapping

_AGENT_BASICS = ("PATH", "LANG", "LC_ALL", "TZ", "TERM", "SSL_CERT_FILE", "SSL_CERT_DIR", "VIRTUAL_ENV")


def variable(name: str) -> str | None:
    """A variable by name, `None` when unset or empty."""
    return os.environ.get(name) or None


def allowed(names: Iterable[str], extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """An environment of basics, the named variables and `extra`; all others, credentials among them, are dropped."""
    wanted = (*_AGENT_BASICS, *names)
    return {name: os.environ[name] for name in wanted if name in os.environ} | dict(extra or {})
