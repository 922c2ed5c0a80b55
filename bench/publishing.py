"""Publishing 100 tickets to the GitLab stand-in, against a short script that does the bare requests and pushes.

    python bench/publishing.py [--tickets N]

Both publish the same changes, in turn, to projects of their own on one server without rate limits. The bare script pushes,
opens a merge request, writes its note, takes the draft away, writes the issue's note and sets its labels: what a
publication leaves behind, with no look at what is there, so that a second run or a kill would double it. The bound is 1.3.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import requests
from figures import Figure, told

from ci_factory.config import Config
from ci_factory.forge.gitlab.api import Api
from ci_factory.forge.gitlab.forge import GitLabForge
from ci_factory.model.batch import Batch
from ci_factory.model.forge_settings import Rates
from ci_factory.publishing.leases import Leases
from ci_factory.publishing.publisher import Publisher
from ci_factory.system.clock import SystemClock
from ci_factory.system.git import Git, Person
from ci_factory.workflow.delivery import in_turn
from ci_factory.workflow.switch import Switch
from tests.gitlab_standin.control import StandIn
from tests.workflow.gitlab_line import GitLabLine
from tests.workflow.ready_changes import Ready, ready_changes, tickets

BOUND = 1.3
PARALLEL = Config().publishing.parallel
UNLIMITED = Rates(notes_per_minute=None, issues_per_minute=None, requests_per_minute=None)
TEXT = "What a reviewer should know.\n" * 40


def main() -> int:
    """Measure, print; the process's exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tickets", type=int, default=100)
    count = parser.parse_args().tickets
    with tempfile.TemporaryDirectory() as name, StandIn.start(Path(name) / "gitlab") as server:
        root, tokens = Path(name), dict[str, str]()
        repo = repository(root / "repo")
        batch, changes = ready_changes(repo, root, count)
        lines = {}
        for who in ("warm", "bare", "ours"):
            lines[who] = GitLabLine.make(server, f"bench/{who}", repo.folder, root / "out", tokens)
            lines[who].open_issues(tickets(count))
        bare(lines["warm"], repo, changes[: count // 10])
        server.forget_requests()
        seconds = {}
        for who in ("bare", "ours"):
            started = time.monotonic()
            if who == "bare":
                bare(lines[who], repo, changes)
            else:
                ours(lines[who], repo, changes, batch)
            seconds[who] = time.monotonic() - started
            tell(who, seconds[who], count, server)
    ratio = seconds["ours"] / seconds["bare"]
    return told(Figure(f"publishing {count} tickets / the bare requests and pushes", ratio, BOUND))


def repository(folder: Path) -> Git:
    """A repository with one commit."""
    folder.mkdir()
    (folder / "README.md").write_text("many\n", encoding="utf-8")
    person = "-c user.name=bench -c user.email=bench@example.org"
    for command in (
        "git init --quiet --initial-branch=main",
        "git add --all",
        f"git {person} commit --quiet -m first",
    ):
        subprocess.run(command.split(), cwd=folder, check=True)
    return Git(folder)


def bare(line: GitLabLine, repo: Git, changes: list[Ready]) -> None:
    """The short script."""
    session = requests.Session()
    session.headers["PRIVATE-TOKEN"] = line.token
    api = f"{line.server.url}/api/v4/projects/{line.id}"
    url = line.server.url.replace("://", f"://bot:{line.token}@") + f"/{line.path}.git"
    for change in changes:
        ticket = change.judged.planned.candidate.ticket
        head, branch = repo.unbundle(change.folder.bundle), f"factory/{ticket.id}-bare"
        subprocess.run(
            ["git", "push", "--quiet", url, f"{head}:refs/heads/{branch}"],
            cwd=repo.folder,
            check=True,
            capture_output=True,
        )
        spec = {"source_branch": branch, "target_branch": "main", "title": f"Draft: {ticket.title}"}
        made = session.post(f"{api}/merge_requests", json={**spec, "description": TEXT}).json()
        here = f"{api}/merge_requests/{made['iid']}"
        session.post(f"{here}/notes", json={"body": TEXT}).raise_for_status()
        session.put(here, json={"title": ticket.title}).raise_for_status()
        session.post(f"{api}/issues/{ticket.id}/notes", json={"body": TEXT}).raise_for_status()
        labels = {"add_labels": "factory::review", "remove_labels": "ready-for-agent"}
        session.put(f"{api}/issues/{ticket.id}", json=labels).raise_for_status()


def ours(line: GitLabLine, repo: Git, changes: list[Ready], batch: Batch) -> None:
    """The publisher, with the kill switch and leases."""
    clock, config = SystemClock(), Config()
    api = Api.open(line.server.url, line.token, clock=clock, rates=UNLIMITED)
    forge = GitLabForge.open(api, api.transfer(repo, line.path), line.path, clock=clock, git=repo)
    switch, leases = Switch(forge, config, clock), Leases(forge, clock, "bench")
    publisher = Publisher(forge, repo, config, Person("Factory", "f@example.org"), switch.halt, clock, leases)
    folders = {change.judged.planned.id: change.folder for change in changes}
    assert leases.resume(batch.id, folders) == {}
    judged = [change.judged for change in changes]
    published = in_turn(
        judged, lambda each: publisher.publish(each, batch, folders[each.planned.id]), PARALLEL
    )
    assert {publication.outcome for publication in published} == {"merge-request"}
    leases.release(folders)


def tell(who: str, seconds: float, count: int, server: StandIn) -> None:
    """What was asked for each ticket."""
    asked = Counter(
        "git" if ".git/" in each.path else "writes" if each.effect else "reads" for each in server.requests()
    )
    server.forget_requests()
    each = ", ".join(f"{asked[kind] / count:.1f} {kind}" for kind in ("git", "reads", "writes"))
    print(f"{who:<5} {seconds:6.1f} s, for each ticket {1000 * seconds / count:5.0f} ms and requests: {each}")


if __name__ == "__main__":
    sys.exit(main())
