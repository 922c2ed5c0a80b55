"""One small tree of errors; the command line maps it to exit codes."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a process says to the shell and to GitLab's `allow_failure:exit_codes`."""

    OK = 0
    JUDGED_FAILED = 1
    USAGE = 2
    FACTORY = 3
    INCONCLUSIVE = 4
    INTERRUPTED = 130
    UNREAD = 141
    """Whoever read what we print has gone; nobody takes that for a verdict."""


class FactoryError(Exception):
    """Something went wrong that we can name: what, where, and how to fix it."""

    exit_code = ExitCode.FACTORY

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        """Take one sentence for each of what, where (file, key, ticket) and fix."""
        super().__init__(what)
        self.what, self.where, self.fix = what, where, fix

    def __str__(self) -> str:
        where = f"{self.where}: " if self.where else ""
        fix = f"\n  fix: {self.fix}" if self.fix else ""
        return f"{where}{self.what}{fix}"


class UsageError(FactoryError):
    """The caller asked for something that can't be: bad input or configuration."""

    exit_code = ExitCode.USAGE


class ConfigError(UsageError):
    """`.ci-factory.yml` is wrong."""


class TicketError(UsageError):
    """A ticket can't be read."""


class RepositoryError(UsageError):
    """The repository is missing, dirty or not what was expected."""


class ToolMissing(FactoryError):
    """A program that was asked for is not installed."""


class ArtifactError(FactoryError):
    """A file that crosses a border is malformed, too large or of another change."""


class ForgeError(FactoryError):
    """The forge refused or failed."""


class Conflict(ForgeError):
    """The forge is fine, but the thing moved: a head, a state, a merge that does not apply."""


class Superseded(FactoryError):
    """Another batch has taken the ticket over: what this one still has to say about it is not written."""


class Interrupted(FactoryError):
    """A person stopped us; everything done so far is kept."""

    exit_code = ExitCode.INTERRUPTED
