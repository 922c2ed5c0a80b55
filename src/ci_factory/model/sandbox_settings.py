"""Settings of the sandbox that agents run in."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from ci_factory.model import modes
from ci_factory.model.base import Value

Network = Literal["none", "allowlist", "open"]
"""What an agent reaches: nothing, the named hosts alone, or whatever this machine reaches."""

Host = Annotated[
    str,
    Field(pattern=r"^(\*\.)?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[1-9][0-9]{0,4})?$", max_length=260),
]
"""`name` (port 443), `name:port`, or `*.name`, which means the hosts below it and not itself."""


class SandboxConfig(Value):
    """How far agents are confined."""

    mode: Annotated[Literal["auto", "required", "off"], BeforeValidator(modes.off)] = "auto"
    """`auto`: bubblewrap where it works, else none, which is said. `required`: no agent starts without one."""
    network: Network = "open"
    hosts: tuple[Host, ...] = Field(default=(), max_length=200)
    """For `allowlist`."""
    read: tuple[str, ...] = Field(default=(), max_length=100)
    """More files and folders that agents may read, such as that of a tool; `~/` is the home folder."""
    write: tuple[str, ...] = Field(default=(), max_length=100)
    """Folders that agents may write to beside their own, such as a cache; all tickets share them."""
    processes: int = Field(default=1024, ge=16, le=100_000)
    """Of one agent, at the same time."""
    open_files: int = Field(default=8192, ge=64)
    """Of one process."""
    file_mb: int = Field(default=1024, ge=1)
    """Of one file that an agent writes."""
    disk_mb: int = Field(default=4096, ge=1)
    """That one agent adds to its worktree, home and temporary folder together."""
    output_mb: int = Field(default=64, ge=1)
    """That one call prints, and that it leaves in its folder of documents."""
    memory_mb: int | None = Field(default=None, ge=64)
    """Address space of one process; `null` is no limit."""


SandboxSetting = Annotated[
    SandboxConfig,
    BeforeValidator(modes.alone, json_schema_input_type=Literal["auto", "required"] | SandboxConfig),
]
"""A mode, or the whole mapping."""
