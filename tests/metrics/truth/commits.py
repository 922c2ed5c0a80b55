"""Every commit of a made history, straight into a bare repository by `git fast-import`."""

import subprocess
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from ci_factory.publishing import names
from tests.gitlab_standin.repo import environment
from tests.metrics.truth import papers
from tests.metrics.truth.world import BOT, Act, Life

EMAIL = "{}@noreply.example.com"


def content(life: Life, changed: Counter[int]) -> str:
    """The file that a life adds; lines that were changed later say how often."""
    return "".join(f"t{life.key}_{line} = {line}{'  #' * changed[line]}\n" for line in range(life.added))


def old_content(life: Life, kept: int) -> str:
    """The file that it takes lines from."""
    return "".join(f"old{life.key}_{line} = {line}\n" for line in range(kept))


@dataclass
class Change:
    """Where one life's change is in the repository."""

    base: str
    head: str
    changed: Counter[int] = field(default_factory=Counter)
    merge: str = ""


def files_of(life: Life, change: Change) -> dict[str, str | None]:
    """Everything that its change writes, as it is now."""
    files: dict[str, str | None] = {life.path: content(life, change.changed)}
    if life.removed:
        files[life.old] = old_content(life, 10 - life.removed)
    return files


class Commits:
    """Writes commits one after the other; each has its name at once."""

    def __init__(self, repository: Path) -> None:
        self.repository = repository
        self.of: dict[tuple[int, int], str] = {}
        """(life, number of the act) -> the commit that it made."""
        self.changes: dict[int, Change] = {}
        self.first: dict[int, tuple[str, str]] = {}
        """Life -> base and first head."""
        self._tips: list[tuple[datetime, str]] = []
        self._parents: dict[str, str] = {}
        """Commit on main -> the one before it there."""
        self._marks: dict[str, int] = {}
        self._process = subprocess.Popen(
            ["git", "--git-dir", str(repository), "fast-import", "--quiet", "--force", "--cat-blob-fd=1"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        code = self._process.wait()
        self._process.stdout.close()
        assert code == 0 or error is not None, "git fast-import failed"

    @property
    def tip(self) -> str:
        """Where main is."""
        return self._tips[-1][1]

    @property
    def first_tip(self) -> str:
        """The first commit of main."""
        return self._tips[0][1]

    def tip_at(self, at: datetime) -> str:
        """Where main was."""
        return self._tips[max(0, bisect_right(self._tips, at, key=lambda each: each[0]) - 1)][1]

    def start(self, all_lives: tuple[Life, ...], at: datetime) -> None:
        """The first commit on main, with the files that lives take lines from."""
        files = {life.old: old_content(life, 10) for life in all_lives if life.removed}
        self._main(self._commit("ada", at, "First.\n", [], {"README.md": "warehouse\n", **files}), at)

    def publish(self, act: Act, life: Life) -> tuple[str, str]:
        """The branch with the change as the agent left it: base and head."""
        base = self.tip_at(life.started)
        self.changes[life.key] = change = Change(base, "")
        ticket = papers.planned(life).candidate.ticket
        message = names.commit_message(
            ticket, papers.attempt(life, base, None), papers.score(life, base, base, life.score)
        )
        change.head = self._remember(
            act, life, self._commit(BOT, act.at, message, [base], files_of(life, self.changes[life.key]))
        )
        self.first[life.key] = (base, change.head)
        return base, change.head

    def push(self, act: Act, life: Life) -> str:
        """One more commit on the branch, which changes `count` of its lines."""
        change = self.changes[life.key]
        change.changed.update(range(act.count))
        text = {life.path: content(life, change.changed)}
        change.head = self._remember(
            act, life, self._commit(BOT, act.at, "As the review asks.\n", [change.head], text)
        )
        return change.head

    def rebase(self, act: Act, life: Life) -> str:
        """The same patch on where main is now."""
        change = self.changes[life.key]
        change.base = self.tip
        made = self._commit(
            BOT, act.at, f"{life.title}, rebased\n", [change.base], files_of(life, self.changes[life.key])
        )
        change.head = self._remember(act, life, made)
        return change.head

    def merge(self, act: Act, life: Life, message: str) -> str:
        """A merge commit on main."""
        change = self.changes[life.key]
        made = self._commit(
            act.who, act.at, message, [self.tip, change.head], files_of(life, self.changes[life.key])
        )
        change.merge = self._remember(act, life, made)
        self._main(made, act.at)
        return made

    def revert(self, act: Act, life: Life) -> str:
        """Takes the merge back, in git's own words."""
        change, gone = self.changes[life.key], dict[str, str | None]({life.path: None})
        if life.removed:
            gone[life.old] = old_content(life, 10)
        title = f"Merge branch '{life.branch}' into 'main'"
        message = f'Revert "{title}"\n\nThis reverts commit {change.merge}, reversing\nchanges made to {self._parents[change.merge]}.\n'
        return self._on_main(act, life, message, gone)

    def edit(self, act: Act, life: Life) -> str:
        """A person changes the last `count` lines that the change brought."""
        change = self.changes[life.key]
        change.changed.update(range(life.added - act.count, life.added))
        return self._on_main(act, life, "Tidy up.\n", {life.path: content(life, change.changed)})

    def keep_branches(self, heads: dict[str, str], gone: Iterable[str]) -> None:
        """Refs as they are now, with all commits so far, for whoever reads the repository."""
        for ref, head in heads.items():
            self._say(f"reset {ref}\nfrom {self._name(head)}\n\n")
        for ref in gone:
            self._say(f"reset {ref}\nfrom {'0' * 40}\n\n")
        self._say("checkpoint\n\n")
        self._asked("get-mark :1\n")

    def _on_main(self, act: Act, life: Life, message: str, files: dict[str, str | None]) -> str:
        made = self._remember(act, life, self._commit(act.who, act.at, message, [self.tip], files))
        self._main(made, act.at)
        return made

    def _remember(self, act: Act, life: Life, commit: str) -> str:
        self.of[life.key, act.number] = commit
        return commit

    def _main(self, commit: str, at: datetime) -> None:
        self._parents[commit] = self._tips[-1][1] if self._tips else ""
        self._tips.append((at, commit))

    def _name(self, commit: str) -> str:
        return f":{self._marks[commit]}"

    def _commit(
        self,
        who: str,
        at: datetime,
        message: str,
        parents: list[str],
        files: "dict[str, str | None] | dict[str, str]",
    ) -> str:
        mark = len(self._marks) + 1
        person = f"{who.replace('-', ' ').title()} <{EMAIL.format(who)}> {int(at.timestamp())} +0000"
        data = message.encode()
        lines = [
            f"commit refs/made/{mark}\nmark :{mark}\nauthor {person}\ncommitter {person}\ndata {len(data)}\n".encode(),
            data,
        ]
        for place, parent in enumerate(parents):
            lines.append(f"\n{'merge' if place else 'from'} {self._name(parent)}".encode())
        lines.append(b"\n")
        for path, text in files.items():
            lines.append(_file(path, text))
        lines.append(b"\n")
        self._write(b"".join(lines))
        found = self._asked(f"get-mark :{mark}\n")
        self._marks[found] = mark
        self._say(f"reset refs/made/{mark}\nfrom {'0' * 40}\n\n")
        return found

    def _asked(self, text: str) -> str:
        self._say(text)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.flush()
        return self._process.stdout.readline().decode().strip()

    def _say(self, text: str) -> None:
        self._write(text.encode())

    def _write(self, data: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(data)


def _file(path: str, text: str | None) -> bytes:
    if text is None:
        return f"D {path}\n".encode()
    data = text.encode()
    return b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(data), data)
