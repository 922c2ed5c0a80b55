"""One call of git that is played, and the repository that it is about."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.soak.git_files import Entry, Objects, Unknown

NAME = re.compile(r"[0-9a-f]{40}")
BRANCH = re.compile(r"[A-Za-z0-9]+([/_-][A-Za-z0-9]+)*")
ZEROS = "0" * 40
Answer = tuple[int, str]
"""Exit status and output."""


@dataclass(frozen=True)
class Repository:
    """One repository, or a clone's own git folder."""

    folder: Path
    """Where its refs are."""
    objects: Objects
    checkout: Path | None

    @classmethod
    def at(cls, cwd: Path, env: Mapping[str, str]) -> "Repository":
        """The repository in which a command runs."""
        checkout: Path | None = cwd
        if "GIT_DIR" in env:
            folder, checkout = Path(env["GIT_DIR"]), Path(env["GIT_WORK_TREE"])
        elif (cwd / ".git" / "HEAD").is_file():
            folder = cwd / ".git"
        elif (cwd / "objects").is_dir():
            folder, checkout = cwd, None
        else:
            raise Unknown
        objects = env.get("GIT_OBJECT_DIRECTORY") or str((folder / "objects").absolute())
        return cls(folder, Objects(objects), checkout)

    def ref(self, name: str) -> str | None:
        """Where a ref is."""
        if not name.startswith("refs/") or ".." in name or (self.folder / "packed-refs").exists():
            raise Unknown
        path = self.folder / name
        return path.read_text(encoding="ascii").strip() if path.is_file() else None

    @property
    def branch(self) -> str | None:
        """The ref that is checked out."""
        head = (self.folder / "HEAD").read_text(encoding="ascii").strip()
        return head.removeprefix("ref: ") if head.startswith("ref: ") else None

    def resolve(self, revision: str) -> str:
        """An object's name.

        Raises:
            Unknown: git may know more.
        """
        name, caret, kind = revision.partition("^{")
        if NAME.fullmatch(name):
            found: str | None = name
        elif name == "HEAD":
            head = (self.folder / "HEAD").read_text(encoding="ascii").strip()
            found = self.ref(head[5:]) if head.startswith("ref: ") else head
        elif name.startswith("refs/"):
            found = self.ref(name)
        elif BRANCH.fullmatch(name):
            found = self.ref(f"refs/heads/{name}")
        else:
            raise Unknown
        if found is None or not self.objects.has(found):
            raise Unknown
        return self._peeled(found, kind.removesuffix("}")) if caret else found

    def _peeled(self, name: str, kind: str) -> str:
        real, _ = self.objects.read(name)
        if real == kind:
            return name
        if (real, kind) == ("commit", "tree"):
            return self.objects.commit(name).tree
        raise Unknown

    def files(self, revision: str) -> Mapping[bytes, Entry]:
        """Files of a commit or a tree."""
        name = self.resolve(revision)
        kind, _ = self.objects.read(name)
        return self.objects.files(self.objects.commit(name).tree if kind == "commit" else name)

    def ancestors(self, commit: str) -> dict[str, int]:
        """A commit and all before it, in the order in which they are reached."""
        found = {commit: 0}
        for place, name in enumerate(queue := [commit]):
            for parent in self.objects.commit(name).parents:
                if parent not in found:
                    found[parent] = place + 1
                    queue.append(parent)
        return found

    def merge_base(self, ours: str, theirs: str) -> str | None:
        """The one best common ancestor."""
        common = self.ancestors(ours).keys() & self.ancestors(theirs).keys()
        best = [
            each
            for each in common
            if not any(each != other and each in self.ancestors(other) for other in common)
        ]
        if len(best) > 1:
            raise Unknown
        return best[0] if best else None


@dataclass(frozen=True)
class Call:
    """One command."""

    repo: Repository
    words: list[str]
    env: Mapping[str, str]
    stdin: bytes
    worktree: str

    @property
    def index(self) -> Path:
        """The index that it works with."""
        return Path(self.env.get("GIT_INDEX_FILE") or self.repo.folder / "index")

    def only(self, *words: str) -> list[str]:
        """What is left of the arguments after these.

        Raises:
            Unknown: they do not begin like this.
        """
        if tuple(self.words[: len(words)]) != words:
            raise Unknown
        return self.words[len(words) :]
