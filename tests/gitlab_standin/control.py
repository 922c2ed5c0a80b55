"""Start a GitLab stand-in, and do what only its administrator could.

    from tests.gitlab_standin.control import Fault, StandIn

    with StandIn.start(tmp_path / "gitlab") as server:
        token = server.user("factory-bot", bot=True)
        project = server.project("group/app", source=repository)
        server.member(project, "factory-bot", "developer")
        ... any GitLab client with server.url and token ...

`tests` is importable in tests because pytest imports them by their path from the project's root; other programs need
the root on their path. The server is its own process on loopback; it ends with `stop`, with the `with` block, and with
the process that started it.

Like GitLab, a new project protects its default branch (push and merge: maintainers); `protect` changes that.
"""

import http.client
import json
import secrets
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from tests.gitlab_standin.wire import Bridge, Fault, Job, Request, plain

__all__ = ["Bridge", "Fault", "Job", "Request", "StandIn"]
_ROOT = Path(__file__).parents[2]
_SECONDS = 30


@dataclass
class StandIn:
    """A running stand-in."""

    url: str
    folder: Path
    _key: str
    _process: "subprocess.Popen[str]"

    @classmethod
    def start(cls, folder: Path) -> "StandIn":
        """Start one that keeps its data in `folder`; what is there from an earlier start is still there.

        Raises:
            RuntimeError: it did not come up.
        """
        folder.mkdir(parents=True, exist_ok=True)
        key = secrets.token_urlsafe(16)
        with (folder / "server.log").open("a", encoding="utf-8") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.gitlab_standin", str(folder.resolve())],
                cwd=_ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        _write(process, f"{key}\n")
        url = process.stdout.readline().strip() if process.stdout else ""
        if not url:
            process.kill()
            process.wait()
            raise RuntimeError(f"the stand-in did not start: see {folder / 'server.log'}")
        return cls(url, folder, key, process)

    def stop(self) -> None:
        """End it; its data stays in the folder."""
        self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.stop()

    # People

    def user(self, name: str, *, bot: bool = False, admin: bool = False) -> str:
        """A user, who is made when new; returns a new token of theirs with scope `api`."""
        return str(self._do("user", name=name, bot=bot, admin=admin))

    def token(self, user: str, scopes: tuple[str, ...] = ("api",), expires: str | None = None) -> str:
        """One more token of a user; `expires` is a date (`2026-03-02`), the first day on which it is no good."""
        return str(self._do("token", user=user, scopes=list(scopes), expires=expires))

    def job_token(self, user: str, project: int) -> str:
        """The token of a CI job that a user started."""
        return str(self._do("job_token", user=user, project=project))

    def revoke(self, token: str) -> None:
        """Make a token worthless."""
        self._do("revoke", token=token)

    def member(self, project: int | str, user: str, role: str) -> None:
        """Give a user a role (guest, reporter, developer, maintainer, owner, none) in a project, or in a group by path."""
        self._do("member", project=project, user=user, role=role)

    # Projects

    def project(
        self,
        path: str,
        *,
        source: Path | None = None,
        default_branch: str = "main",
        archived: bool = False,
        visibility: str = "private",
    ) -> int:
        """A new project `group/name` with the branches and tags of `source`; returns its id."""
        return int(
            self._do(
                "project",
                path=path,
                source=str(source.resolve()) if source else None,
                default_branch=default_branch,
                archived=archived,
                visibility=visibility,
            )
        )

    def archive(self, project: int, *, archived: bool = True) -> None:
        """Make a project read-only, or writable again."""
        self._do("set_project", project=project, settings={"archived": archived})

    def configure(self, project: int, **settings: bool) -> None:
        """Set `pipeline_must_succeed`, `discussions_resolved`, `reset_approvals`, `remove_source_branch`."""
        self._do("set_project", project=project, settings=settings)

    def protect(self, project: int, branch: str, push: str = "maintainer", merge: str = "developer") -> None:
        """Protect a branch or pattern; the least roles that may push and merge, or `none` for nobody."""
        self._do("protect", project=project, branch=branch, push=push, merge=merge)

    def variable(self, project: int, key: str, value: str, *, protected: bool = False) -> None:
        """A CI variable of a project."""
        self._do("variable", project=project, key=key, value=value, protected=protected)

    def repository(self, project: int) -> Path:
        """A project's bare repository."""
        return self.folder / "repositories" / f"{project}.git"

    def pipeline(
        self,
        project: int,
        ref: str,
        *,
        sha: str | None = None,
        status: str = "success",
        source: str = "push",
        jobs: tuple[Job, ...] = (),
        bridges: tuple[Bridge, ...] = (),
    ) -> int:
        """A pipeline with its jobs and what triggers others; returns its id."""
        return int(
            self._do(
                "pipeline",
                project=project,
                ref=ref,
                sha=sha,
                status=status,
                source=source,
                jobs=[plain(job) for job in jobs],
                bridges=[plain(bridge) for bridge in bridges],
            )
        )

    def attach(self, pipeline: int, folder: Path) -> None:
        """Let a pipeline have the jobs that gitlab-ci-local runs, with their children and artifacts, as far as they are now.

        `folder` is its state folder, `.gitlab-ci-local`; what it prints has to be in `console.log` there.
        """
        self._do("attach", pipeline=pipeline, folder=str(folder.resolve()))

    def schedule(
        self,
        project: int,
        description: str,
        *,
        owner: str,
        cron: str = "17 18 * * *",
        ref: str = "main",
        active: bool = True,
    ) -> int:
        """A pipeline schedule; returns its id."""
        return int(
            self._do(
                "schedule",
                project=project,
                description=description,
                owner=owner,
                cron=cron,
                ref=ref,
                active=active,
            )
        )

    # Time, trouble, what was asked

    def clock(self, moment: datetime | None) -> None:
        """Stand at a moment until set again; `None` goes on with real time. Rate limits follow it too."""
        self._do("clock", moment_text=moment.isoformat() if moment else None)

    def fault(self, fault: Fault) -> None:
        """Let something go wrong from now on."""
        self._do("fault", **plain(fault))

    def clear_faults(self) -> None:
        """Let nothing go wrong any more."""
        self._do("clear_faults")

    def await_held(self, seconds: float = 10) -> bool:
        """Wait until a request is held by a fault; whether one is within so many seconds."""
        return bool(self._do("await_held", seconds=seconds))

    def release(self) -> None:
        """Let requests that are held go on."""
        self._do("release")

    def requests(self) -> list[Request]:
        """What was asked since the start or `forget_requests`, in order of arrival."""
        return [Request(**values) for values in self._do("requests")]

    def forget_requests(self) -> None:
        """Start the list of requests anew."""
        self._do("forget_requests")

    def limits(
        self,
        *,
        notes_per_minute: int | None = None,
        issues_per_minute: int | None = None,
        api_per_minute: int | None = None,
    ) -> None:
        """Limit what a user may do in a minute of the server's clock; what is left out has no limit."""
        self._do("limits", notes=notes_per_minute, issues=issues_per_minute, api=api_per_minute)

    def page_size(self, most: int | None) -> None:
        """Put at most so many items on a page, whatever is asked for; `None` for no such limit."""
        self._do("set", page_size=most)

    def edition(self, *, enterprise: bool, version: str = "18.11.0", graphql: bool = True) -> None:
        """Be another GitLab: Community or Enterprise Edition, older or newer."""
        self._do("set", enterprise=enterprise, version=version, graphql=graphql)

    def _do(self, name: str, /, **arguments: Any) -> Any:
        headers = {"X-Control-Key": self._key, "Content-Type": "application/json"}
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=_SECONDS)
        try:
            connection.request("POST", f"/-/stand-in/{name}", json.dumps(arguments), headers)
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        if response.status != http.HTTPStatus.OK:
            raise RuntimeError(f"the stand-in refused {name}: {body.decode()}")
        return json.loads(body)


def _write(process: "subprocess.Popen[str]", text: str) -> None:
    if process.stdin is not None:
        process.stdin.write(text)
        process.stdin.flush()
