"""What a test turns on: limits, short pages, an older or smaller GitLab."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Settings:
    """Of the whole server, changed through `control`."""

    url: str = ""
    control_key: str = ""
    version: str = "18.11.0"
    enterprise: bool = True
    """`False` is a Community Edition server: no blocked-by links, no approval rules."""
    graphql: bool = True
    """`False` is a server that knows REST only."""
    page_size: int | None = None
    """Most items on one page, whatever is asked for: pages get short before the last one."""
    limits: dict[str, int] = field(default_factory=dict)
    """Requests a user and minute: `notes`, `issues`, `api`."""
    attached: dict[int, Path] = field(default_factory=dict)
    """Pipelines whose jobs a runner works on now, and the runner's folders."""

    def at_least(self, major: int, minor: int = 0) -> bool:
        """Whether the server says that it is this version or newer."""
        own = tuple(int(part) for part in self.version.split(".")[:2])
        return own >= (major, minor)
