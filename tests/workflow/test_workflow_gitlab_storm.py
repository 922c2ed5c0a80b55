"""Publishing while GitLab fails again and again."""

import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from ci_factory.config import Config
from ci_factory.forge.gitlab.api import Api
from ci_factory.forge.gitlab.forge import GitLabForge
from ci_factory.model.forge_settings import Rates
from ci_factory.publishing.publisher import Publisher
from ci_factory.system.clock import ManualClock
from ci_factory.system.git import Git, Person
from tests.gitlab_standin.control import Fault, StandIn
from tests.workflow.gitlab_line import GitLabLine
from tests.workflow.ready_changes import NOW, ready_changes, tickets

_COUNT = 50
_UNHURRIED = Rates(
    notes_per_minute=None,
    issues_per_minute=None,
    requests_per_minute=None,
    total_wait_minutes=10_000,
    outage_minutes=1_000,
    tries=20,
)


@pytest.fixture
def storm(gitlab_server: StandIn) -> Iterator[StandIn]:
    """Of all calls 30 % answer 429 or 5xx, and 5 % lose their answer after the effect."""
    shares = {429: 0.1, 500: 0.06, 502: 0.08, 503: 0.1}  # 1 - 0.9 * 0.94 * 0.92 * 0.9 = 0.3
    for seed, (status, share) in enumerate(shares.items()):
        gitlab_server.fault(Fault("status", path="/api/", status=status, probability=share, seed=seed))
    gitlab_server.fault(Fault("drop-after", path="/api/", probability=0.05, seed=9))
    yield gitlab_server
    gitlab_server.clear_faults()


@pytest.mark.long
@pytest.mark.slow
def test_fifty_tickets_are_published_once_each_in_a_storm(
    gitlab_server: StandIn, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Every ticket has one branch, one merge request of one version and one note on either side; none is lost."""
    repo = Git(tmp_path / "repo")
    repo.folder.mkdir()
    (repo.folder / "README.md").write_text("many\n", encoding="utf-8")
    for command in ("git init --quiet", "git add --all", "git commit --quiet --message first"):
        subprocess.run(command.split(), cwd=repo.folder, check=True)
    batch, changes = ready_changes(repo, tmp_path, _COUNT)
    line = GitLabLine.make(gitlab_server, "storm/many", repo.folder, tmp_path / "out", {})
    line.open_issues(tickets(_COUNT))
    clock = ManualClock(NOW)
    api = Api.open(gitlab_server.url, line.token, clock=clock, rates=_UNHURRIED, seed=1)
    forge = GitLabForge.open(api, api.transfer(repo, line.path), line.path, clock=clock, git=repo)
    publisher = Publisher(forge, repo, Config(), Person("Factory", "f@example.com"), clock=clock)
    gitlab_server.forget_requests()
    request.getfixturevalue("storm")
    outcomes = [publisher.publish(each.judged, batch, each.folder).outcome for each in changes]
    hit = Counter(each.fault for each in gitlab_server.requests() if "/api/" in each.path)
    gitlab_server.clear_faults()
    assert outcomes == ["merge-request"] * _COUNT
    assert sum(count for fault, count in hit.items() if "status" in fault) / hit.total() > 0.25
    assert sum(count for fault, count in hit.items() if "drop-after" in fault) / hit.total() > 0.03
    state = line.state()
    assert state["count"] == _COUNT
    assert len(state["branches"]) == _COUNT + 1
    found = state["merge requests"].values()
    assert {(len(each["notes"]), each["versions"], each["draft"]) for each in found} == {(1, 1, False)}
    assert {len(each["notes"]) for each in state["issues"].values()} == {1}
    assert {label for each in state["issues"].values() for label in each["labels"] if "::" in label} == {
        "factory::review",
        "priority::medium",
    }
