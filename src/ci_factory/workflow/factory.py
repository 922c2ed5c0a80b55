"""What every stage needs: one project with its configuration and its output folder, and for some stages its forge."""

import hashlib
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout

from ci_factory.config import AgentConfig, Config
from ci_factory.errors import FactoryError, ForgeError, UsageError
from ci_factory.forge.protocol import Forge
from ci_factory.model.base import Json
from ci_factory.model.event import Event
from ci_factory.publishing.leases import Leases
from ci_factory.publishing.publisher import Publisher
from ci_factory.system import ci_env
from ci_factory.system.clock import Clock
from ci_factory.system.git import Git, Person
from ci_factory.system.layout import Layout, forge_database
from ci_factory.system.records import EventLog
from ci_factory.work import workspace
from ci_factory.workflow.switch import Switch


class Progress(Protocol):
    """Somebody who watches."""

    def stage(self, name: str, detail: str = "") -> None:
        """A stage begins, or says something."""

    def waiting(self, tickets: Mapping[str, str]) -> None:
        """Tickets of the night, by id with their titles, none of them started yet."""

    def ticket(self, ticket_id: str, state: str, detail: str = "") -> None:
        """A ticket moved."""


class Silence:
    """Nobody watches."""

    def stage(self, name: str, detail: str = "") -> None:
        """Say nothing."""

    def waiting(self, tickets: Mapping[str, str]) -> None:
        """Say nothing."""

    def ticket(self, ticket_id: str, state: str, detail: str = "") -> None:
        """Say nothing."""


@dataclass(frozen=True)
class Workshop:
    """One project without its forge: what the stages between intake and publication work with, from files to files."""

    git: Git
    layout: Layout
    config: Config
    config_folder: Path
    agents: tuple[AgentConfig, ...]
    """Those that this run may use."""
    clock: Clock
    progress: Progress

    @property
    def project(self) -> str:
        """The project's name."""
        return project_name(self.git, self.config)

    def off(self) -> str | None:
        """Why the whole factory is switched off; `None` when it is not."""
        return None if self.config.enabled else "enabled: false"

    def halt(self, ticket_id: str) -> str | None:
        """Why the work on a ticket has to stop; `None` when it may go on. Whoever has no forge learns nothing here."""
        del ticket_id
        return None

    @property
    def log(self) -> EventLog:
        """The audit log."""
        return EventLog(self.layout.events)

    @property
    def hub(self) -> Git:
        """The repository that worktrees hang off; `prepare` makes it."""
        return Git(self.layout.hub)

    def event(self, stage: str, kind: str, batch_id: str = "", ticket_id: str = "", **data: Json) -> None:
        """Write one audit event; its key holds what makes it that event, so a repetition is the same one."""
        now = self.clock.now()
        key = "/".join(
            part for part in (batch_id or f"{now:%Y%m%dT%H%M%S.%f}", ticket_id, stage, kind) if part
        )
        self.log.append(
            Event(
                key=key,
                at=now,
                stage=stage,
                kind=kind,
                batch_id=batch_id or None,
                ticket_id=ticket_id or None,
                data=data,
            )
        )

    def prepare(self) -> None:
        """Make the output folder and the hub, unless they are there, and sweep up after a run that was killed."""
        self.layout.prepare()
        workspace.remove(self.layout.worktrees)
        if (self.layout.hub / "objects" / "info" / "alternates").is_file():
            self.hub.borrow_from(self.git)
        else:
            self.hub.init_hub(self.git)
        self.hub.text("worktree", "prune")

    @contextmanager
    def exclusively(self) -> Iterator[None]:
        """Hold the project's lock: one run at a time, so that what else looks busy is left over from a killed run.

        Raises:
            FactoryError: another run is at work.
            UsageError: the configuration switches the factory off.
        """
        if why := self.off():
            raise UsageError(
                f"the factory is switched off: {why}",
                where="enabled",
                fix="set enabled: true in the configuration",
            )
        path = forge_database(self.git.common_dir()).with_name("run.lock")
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(path, timeout=0):
                self.prepare()
                yield
        except Timeout as error:
            raise FactoryError(
                "another run is at work on this repository", where=str(path), fix="wait for it"
            ) from error


@dataclass(frozen=True, kw_only=True)
class Factory(Workshop):
    """One project on one forge, wired."""

    forge: Forge
    person: Person | None
    """Author and committer of our commits; `None`: as the forge knows us."""
    target: str = ""
    """Branch that changes are merged into; empty: the project's default branch."""

    @cached_property
    def target_branch(self) -> str:
        """Branch that changes are merged into."""
        return self.target or self.forge.default_branch

    @cached_property
    def identity(self) -> Person:
        """Who we commit as.

        Raises:
            UsageError: nobody is named.
        """
        who = self.person or self.forge.person
        if who is None:
            raise nobody()
        return who

    @property
    def publisher(self) -> Publisher:
        """The only writer to the forge."""
        return Publisher(
            self.forge,
            self.git,
            self.config,
            self.identity,
            halt=self.switch.halt,
            clock=self.clock,
            leases=self.leases,
        )

    @cached_property
    def leases(self) -> Leases | None:
        """What this process holds of the tickets on the forge; `None` when the configuration does without."""
        line = line_of(self.git)
        return Leases(self.forge, self.clock, line) if self.config.publishing.leases else None

    @cached_property
    def switch(self) -> Switch:
        """What people can stop the factory with."""
        return Switch(self.forge, self.config, self.clock)

    def off(self) -> str | None:
        """Why the whole factory is switched off, here or on the default branch."""
        return super().off() or self.switch.off()

    def halt(self, ticket_id: str) -> str | None:
        """Why the work on a ticket has to stop: people said so on the forge."""
        return self.switch.halt(ticket_id)

    def tip(self) -> str:
        """The newest commit of the target branch, in the local repository.

        Raises:
            ForgeError: there is no such branch.
        """
        commit = self.forge.fetch([self.target_branch]).get(self.target_branch)
        if commit is None:
            raise ForgeError(
                f"there is no branch {self.target_branch}", fix="check the project's default branch"
            )
        return commit


def line_of(git: Git) -> str:
    """Whose batches follow each other: those that one job plans (it has a resource group), or one repository on one machine."""
    job = ci_env.variable("CI_JOB_NAME") if ci_env.in_job() else None
    if job is not None:
        return f"ci/{job}"[:200]
    place = f"{platform.node()}\n{git.common_dir()}"
    return f"local/{hashlib.sha256(place.encode('utf-8', 'surrogateescape')).hexdigest()[:16]}"


def project_name(git: Git, config: Config) -> str:
    """The same in every job of a project's pipelines: its path on the server, else the folder's name."""
    return config.forge.project or ci_env.variable("CI_PROJECT_PATH") or git.folder.name


def nobody() -> UsageError:
    """Says that nobody is named as author of our commits."""
    return UsageError(
        "nobody is named as author of the factory's commits",
        where="git identity",
        fix="git config user.name NAME and user.email MAIL, or set identity.name and identity.email in .ci-factory.yml",
    )
