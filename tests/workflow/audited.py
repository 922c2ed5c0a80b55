"""A project on either forge with a change of the factory that people asked for, approved and merged."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ci_factory.cli import main
from ci_factory.model import block
from ci_factory.model.forge import MergeRequest, NoteTarget
from ci_factory.model.ticket import Ticket
from ci_factory.system.git import Person
from tests.forge.conftest import World

BATCH = "2026-03-01T18-00"
TICKET = "7"
PROMPT = f"v3.00112233:{'5' * 64}"
BOT = Person("Factory", "factory@example.com")
FILES = {"app.py": "x = 1\ny = 2\n"}


@dataclass
class Audited:
    """The project, its change, and the command line."""

    world: World
    out: Path
    capsys: pytest.CaptureFixture[str]
    request: MergeRequest | None = None

    def trailers(self, batch: str = BATCH, ticket: str = TICKET) -> str:
        """As the factory ends a commit message."""
        return (
            f"Agent: otter\nBatch: {batch}\nGeneration-ID: {batch}/{ticket}\nPrompt: v3.00112233:{'5' * 12}"
        )

    def commit(self, files: dict[str, str], message: str, by: Person = BOT) -> str:
        """A commit on the default branch's head that no branch has."""
        git, drafted = self.world.git, self.world.commit(files)
        parents = (git.resolve(f"{drafted}^"),)
        now = self.world.clock.now()
        return git.commit_tree(
            git.tree_of(drafted), parents=parents, message=message, author=by, committer=by, when=now
        )

    def deliver(self, title: str = "Say y", *, squash: bool = False) -> MergeRequest:
        """Asked for by tess, given to the factory by dana, made by otter, approved by ada, merged by tess."""
        world = self.world
        world.open_issue(Ticket(id=TICKET, title=title, author="tess"))
        world.as_user("dana").change_labels(TICKET, add=["ready-for-agent"])
        head = self.commit(FILES, f"feat: say y (#{TICKET})\n\n{self.trailers()}\n")
        spec = world.spec(TICKET, title=title)
        world.forge.push(spec.source_branch, head, expected=None)
        made = world.forge.ensure_merge_request(spec)
        world.forge.ensure_note(NoteTarget.MERGE_REQUEST, str(made.iid), "score", self._note(head))
        world.clock.sleep(3600)
        world.as_user("ada").approve(made.iid, head=head)
        world.clock.sleep(60)
        if squash:
            forge: Any = world.as_user("tess")
            path = forge.project.of(NoteTarget.MERGE_REQUEST, made.iid, "merge")
            forge.project.api.put(path, {"sha": head, "squash": True})
        else:
            world.as_user("tess").merge(made.iid, head=head)
        self.pull()
        self.request = world.forge.merge_request(made.iid)
        return self.request

    def _note(self, head: str) -> str:
        """Our note, as short as it can be."""
        tree, now = self.world.git.tree_of(head), self.world.clock.now().isoformat()
        score = {
            "ticket": TICKET, "batch": BATCH, "agent": "otter", "model": "m-1", "score": 91.5, "verdict": "pass",
            "threshold": 80, "tree": tree, "gates": {"tests": "pass", "types": "fail"}, "size": "small",
            "added": 1, "removed": 0, "files": 1,
        }  # fmt: skip
        return f"Passed.\n\n{block.write('score', score)}\n{self.attempt(now, head=head, tree=tree)}"

    def attempt(self, now: str, **more: object) -> str:
        """The hidden record of an attempt."""
        told = {
            "batch": BATCH, "ticket": TICKET, "agent": "otter", "model": "m-1", "lane": 0, "started_at": now,
            "finished_at": now, "ending": "completed", "reason": "Done.", "attempts": 1, "iterations": 1,
            "agent_seconds": 60, "size": "small", "prompt_hash": PROMPT, "prompt_version": "v3.00112233", **more,
        }  # fmt: skip
        return block.write("attempts", {"attempts": [told]})

    def pull(self) -> str:
        """Bring the checkout up to the forge's default branch; returns its head."""
        head = self.world.forge.branch("main")
        assert head is not None
        self.world.git.text("merge", "--quiet", "--ff-only", head)
        return head

    def by_hand(self, files: dict[str, str], message: str) -> str:
        """A commit by a person on the checkout, which the forge need not know."""
        for name, text in files.items():
            (self.world.git.folder / name).write_text(text, encoding="utf-8")
        self.world.git.text("add", "--all")
        self.world.git.text("commit", "--quiet", "--message", message)
        return self.world.git.resolve("HEAD")

    def run(self, *words: str) -> tuple[int, str, str]:
        """`ci-factory WORDS`: exit code, output, errors."""
        self.capsys.readouterr()
        code = main.run([*words, "--repo", str(self.world.git.folder), "--out", str(self.out)])
        told = self.capsys.readouterr()
        return code, told.out, told.err

    def tell(self, *words: str) -> Any:
        """The story that `ci-factory audit WORDS` tells."""
        code, out, err = self.run("audit", *words, "--json")
        assert code == 0, err
        return json.loads(out)


Make = Callable[[Path, pytest.FixtureRequest], Any]


def made(
    make: Make, request: pytest.FixtureRequest, repo: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Audited]:
    """The project on the forge that `make` makes, and a job's environment when that has a server."""
    world, _, _ = make(repo, request)
    project = getattr(world.forge, "project", None)
    if project is not None:
        from tests.workflow.conftest import _TOKENS

        monkeypatch.setenv("CI_SERVER_URL", project.api.url)
        monkeypatch.setenv("CI_PROJECT_PATH", project.path)
        monkeypatch.setenv("CI_COMMIT_REF_PROTECTED", "true")
        monkeypatch.setenv("CI_FACTORY_TOKEN", _TOKENS[project.api.url]["factory-bot"])
    yield Audited(world, out, request.getfixturevalue("capsys"))
