"""One project on a forge, and several processes of the factory that want to publish the same tickets there."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any, cast

import pytest

from ci_factory.config import Config
from ci_factory.errors import Conflict
from ci_factory.forge.gitlab.api import Api
from ci_factory.forge.gitlab.forge import GitLabForge
from ci_factory.forge.local import LocalForge
from ci_factory.forge.protocol import Forge
from ci_factory.model.batch import Batch
from ci_factory.model.forge import MergeRequest, NoteTarget, Publication
from ci_factory.model.forge_settings import Rates
from ci_factory.publishing import names
from ci_factory.publishing.leases import Leases
from ci_factory.publishing.note import NOTE_KEY
from ci_factory.publishing.publisher import Publisher
from ci_factory.system.git import Git, Person
from tests.forge.conftest import (
    GitLabWorld,
    World,
    clock,
    gitlab,
    gitlab_world,
    local,
    local_world,
    repo,
    standin,
)
from tests.workflow.conftest import desk, gitlab_server
from tests.workflow.ready_changes import Ready, ready_changes, tickets

__all__ = [
    "clock", "desk", "gitlab", "gitlab_server", "gitlab_world", "local", "local_world", "repo", "standin",
]  # fmt: skip # fixtures, by being here
BOT = Person("Factory", "factory@example.com")
MOST = 24
"""Tickets of a batch: one for each moment at which something is tried."""
CALLS = frozenset(
    {"push", "ensure_merge_request", "ensure_note", "change_labels", "merge_requests", "merge_request", "branch",
     "notes", "leases", "swap_leases", "issue"}
)  # fmt: skip
EVERY_STEP = pytest.mark.parametrize(
    "empty_ground", ["local", pytest.param("gitlab", marks=pytest.mark.long)], indirect=True
)
"""A whole publication for each of its steps: on GitLab that takes long."""
Then = Callable[[], object]


@dataclass
class Paused:
    """A real forge, on which something happens right after the n-th call, or before those that `before` knows."""

    forge: Forge
    after: int
    then: Then = lambda: None
    before: Callable[[str, tuple[Any, ...]], object] = lambda _name, _args: None
    calls: list[str] = field(default_factory=list)

    @property
    def happened(self) -> bool:
        """Whether there were so many calls."""
        return len(self.calls) >= self.after

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.forge, name)
        if name not in CALLS:
            return found

        def call(*args: Any, **kwargs: Any) -> object:
            self.before(name, args)
            answer = found(*args, **kwargs)
            self.calls.append(name)
            if len(self.calls) == self.after:
                self.then()
            return answer

        return call


@dataclass(frozen=True)
class Rival:
    """A process of the factory that publishes one batch."""

    publisher: Publisher
    leases: Leases
    batch: Batch
    changes: dict[str, Ready]

    def claim(self, *ticket_ids: str) -> dict[str, str]:
        """Take tickets for the batch, as its plan does."""
        return self.leases.claim(self.batch.id, ticket_ids)

    def resume(self, *ticket_ids: str) -> dict[str, str]:
        """Take tickets up that another process of the batch began."""
        return self.leases.resume(self.batch.id, ticket_ids)

    def publish(self, ticket_id: str) -> Publication:
        """Bring a ticket to the forge, or tell its people why not."""
        change = self.changes[ticket_id]
        try:
            return self.publisher.publish(change.judged, self.batch, change.folder)
        except Conflict as moved:
            return self.publisher.refuse(change.judged.attempt, moved)

    def paused(self, after: int, then: Then) -> tuple["Rival", Paused]:
        """The same process on a forge where something happens after the n-th call."""
        return self.on(Paused(self.publisher.forge, after, then))

    def on(self, forge: Paused) -> tuple["Rival", Paused]:
        """The same process on another view of the forge."""
        leases = replace(self.leases, forge=cast("Forge", forge))
        publisher = replace(self.publisher, forge=cast("Forge", forge), leases=leases)
        return replace(self, publisher=publisher, leases=leases), forge

    def tree(self, ticket_id: str) -> str:
        """What the gates judged."""
        score = self.changes[ticket_id].judged.score
        assert score is not None
        assert score.tree is not None
        return score.tree


@dataclass
class Ground:
    """The project."""

    world: World
    new_forge: Callable[[], Forge]
    folder: Path
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    def open(self, count: int) -> None:
        """So many tickets that wait."""
        for ticket in tickets(count):
            self.world.open_issue(ticket)

    def batch(self, batch_id: str, name: str, count: int = 3) -> tuple[Batch, dict[str, Ready]]:
        """A batch of so many tickets with changes of its own, worked and judged."""
        folder = self.folder / f"batch-{next(self._numbers)}"
        batch, made = ready_changes(self.world.git, folder, count, batch_id=batch_id, name=name)
        return batch, {each.judged.planned.id: each for each in made}

    def rival(self, worked: tuple[Batch, dict[str, Ready]], line: str) -> Rival:
        """A process that publishes a batch; another one for each call."""
        forge, moment = self.new_forge(), self.world.clock
        leases = Leases(forge, moment, line)
        publisher = Publisher(forge, self.world.git, Config(), BOT, clock=moment, leases=leases)
        return Rival(publisher, leases, *worked)

    def branch(self, ticket_id: str) -> str:
        """Where a ticket's change goes."""
        return next(names.branch(each) for each in tickets(MOST) if each.id == ticket_id)

    def only_merge_request(self, ticket_id: str) -> MergeRequest:
        """The one that there is for a ticket, whatever its state."""
        (found,) = self.world.forge.merge_requests(state=None, source_branch=self.branch(ticket_id))
        return found

    def tree(self, ticket_id: str) -> str:
        """What the ticket's branch holds."""
        head = self.world.forge.branch(self.branch(ticket_id))
        assert head is not None
        return self.world.git.tree_of(head)

    def score_notes(self, ticket_id: str) -> list[str]:
        """Ours beside the merge request."""
        iid = str(self.only_merge_request(ticket_id).iid)
        found = self.world.forge.notes(NoteTarget.MERGE_REQUEST, iid)
        return [note.body for note in found if note.body.rstrip().endswith(f"note:{NOTE_KEY} -->")]

    def ticket_notes(self, ticket_id: str) -> list[str]:
        """Ours on the ticket."""
        return [note.body for note in self.world.forge.notes(NoteTarget.ISSUE, ticket_id)]

    def check_published(self, ticket_id: str, by: Rival) -> None:
        """One branch, one merge request, one note, one label, and all of them speak of what one batch judged."""
        merge_request, (note,) = self.only_merge_request(ticket_id), self.score_notes(ticket_id)
        assert self.tree(ticket_id) == self.world.git.tree_of(merge_request.head) == by.tree(ticket_id)
        assert by.tree(ticket_id) in note
        assert not merge_request.draft
        (told,) = self.ticket_notes(ticket_id)
        assert f"!{merge_request.iid}" in told
        labels = self.world.forge.issue(ticket_id).ticket.labels
        assert [each for each in labels if each.startswith("factory::")] == ["factory::review"]


@pytest.fixture
def local_ground(local_world: World, tmp_path: Path) -> Ground:
    """On the embedded forge."""

    def new_forge() -> Forge:
        return LocalForge.open(Git(local_world.git.folder), user="ci-factory", clock=local_world.clock)

    return Ground(local_world, new_forge, tmp_path)


@pytest.fixture
def gitlab_ground(gitlab_world: World, gitlab: GitLabWorld, tmp_path: Path) -> Ground:
    """On GitLab; every process has a connection of its own."""
    rates = Rates(notes_per_minute=None, issues_per_minute=None, requests_per_minute=None)

    def new_forge() -> Forge:
        api = Api.open(gitlab.server.url, gitlab.token("factory-bot"), rates=rates, clock=gitlab.clock)
        transfer = api.transfer(gitlab.git, gitlab.path)
        return GitLabForge.open(api, transfer, gitlab.path, clock=gitlab.clock, git=gitlab.git)

    return Ground(gitlab_world, new_forge, tmp_path)


@pytest.fixture(params=["local", "gitlab"])
def empty_ground(request: pytest.FixtureRequest) -> Ground:
    """On every forge, without a ticket."""
    made: Ground = request.getfixturevalue(f"{request.param}_ground")
    return made


@pytest.fixture
def ground(empty_ground: Ground) -> Ground:
    """On every forge, with three open tickets."""
    empty_ground.open(3)
    return empty_ground
