"""The same life on a GitLab server: the stand-in, asked over HTTP."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from ci_factory.model.ticket import Ticket
from tests.forge.conftest import GitLabWorld, ServerClock
from tests.gitlab_standin.control import StandIn
from tests.soak.life import START, Life
from tests.soak.people import People

_NUMBERS = count(1)
_TOKENS: dict[str, dict[str, str]] = {}


class Members(People):
    """People with accounts there."""

    @property
    def deeds(self) -> Sequence[Callable[[], None]]:
        """What the API lets them do."""
        return super().deeds[:-2]


@dataclass
class GitLabLife(Life):
    """A project on the stand-in."""

    server: StandIn | None = None

    @classmethod
    def on(
        cls, server: StandIn, seed: int, folder: Path, template: Path, orders: Sequence[str]
    ) -> "GitLabLife":
        """A life with these tickets on a server, whose clock it keeps."""
        return cls(seed, folder, template, orders=orders, clock=ServerClock(START, server), server=server)

    def _begun(self, tickets: Sequence[Ticket]) -> tuple[Any, People]:
        assert self.server is not None
        assert isinstance(self.clock, ServerClock)
        path = f"soak/life-{next(_NUMBERS)}"
        tokens = _TOKENS.setdefault(self.server.url, {})
        number = self.server.project(path, source=self.repo)
        world = GitLabWorld(self.server, path, number, self.git, self.clock, tokens)
        forge = world.as_user(self.user)
        for ticket in tickets:
            world.open_issue(ticket)
        self.world = world
        return forge, Members(forge, world.as_user, self.git, self.random, self.clock)

    @property
    def user(self) -> str:
        """A bot."""
        return "factory-bot"

    def branches(self) -> list[str]:
        """As the server lists them."""
        found = self.world.api("tess").get(
            f"/projects/{self.world.id}/repository/branches", search="^factory/"
        )
        return [str(each["name"]) for each in found]
