"""A project with people on a running stand-in, for tests of the stand-in itself."""

import itertools
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gitlab

from tests.gitlab_standin.control import StandIn

ROLES = {"gus": "guest", "rita": "reporter", "dora": "developer", "max": "maintainer", "olga": "owner"}
_NAMES = itertools.count(1)


@dataclass
class Example:
    """One project; `dora` is its developer, and so on by first letter; `nemo` is nobody in it."""

    server: StandIn
    tokens: dict[str, str]
    id: int
    path: str
    folder: Path
    _clients: list[gitlab.Gitlab] = field(default_factory=list)

    def client(self, user: str) -> gitlab.Gitlab:
        """python-gitlab as a user."""
        return self.with_token(self.tokens[user])

    def with_token(self, token: str) -> gitlab.Gitlab:
        """python-gitlab with a token."""
        made = gitlab.Gitlab(self.server.url, private_token=token)
        self._clients.append(made)
        return made

    def project(self, user: str = "dora") -> Any:
        """The project as a user sees it."""
        return self.client(user).projects.get(self.id)

    def close(self) -> None:
        """Close every connection."""
        for each in self._clients:
            each.session.close()

    # Git

    def url(self, user: str = "dora") -> str:
        """For git, with the token."""
        scheme, _, rest = self.server.url.partition("://")
        return f"{scheme}://any:{self.tokens[user]}@{rest}/{self.path}.git"

    def git(self, *args: str) -> str:
        """Git in the clone."""
        done = subprocess.run(["git", *args], cwd=self.folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise PushRefused(done.stderr)
        return done.stdout.strip()

    def commit(self, name: str, text: str, message: str = "change") -> str:
        """Commit one file on the branch that is checked out."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        self.git("add", "--", name)
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD")

    def push(self, branch: str, files: dict[str, str], *, base: str = "main", user: str = "dora") -> str:
        """Commit on a branch and push it; returns the commit."""
        self.git("switch", "--quiet", "--force-create", branch, base)
        head = ""
        for name, text in files.items():
            head = self.commit(name, text)
        self.git("push", "--quiet", "--force", self.url(user), f"HEAD:refs/heads/{branch}")
        return head

    def merge_request(
        self, branch: str = "change", files: dict[str, str] | None = None, **fields: Any
    ) -> Any:
        """A pushed branch with an open merge request by dora."""
        self.push(branch, files or {f"{branch}.txt": "new\n"})
        values = {"source_branch": branch, "target_branch": "main", "title": f"Change on {branch}"}
        return self.project().mergerequests.create(values | fields)


class PushRefused(Exception):
    """Git failed; the text says why."""


def people(server: StandIn) -> dict[str, str]:
    """Tokens of everybody, by name."""
    return {name: server.user(name) for name in (*ROLES, "nemo")}


def example(server: StandIn, tokens: dict[str, str], folder: Path) -> Example:
    """A new project on a server, with a clone in `folder`."""
    folder.mkdir(parents=True)
    path = f"group/app-{next(_NAMES)}"
    made = Example(server, tokens, 0, path, folder)
    made.git("init", "--quiet", "--initial-branch", "main")
    made.commit("app.py", "one = 1\ntwo = 2\nthree = 3\n", "first")
    made.id = server.project(path, source=folder)
    for name, role in ROLES.items():
        server.member(made.id, name, role)
    return made
