"""What a GitLab server answers; anything may stand in its place."""

from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast

from ci_factory.config import Labels
from ci_factory.forge.gitlab import errors, rates
from ci_factory.forge.gitlab.api import Api
from ci_factory.forge.gitlab.forge import GitLabForge
from ci_factory.forge.gitlab.line import Line
from ci_factory.forge.gitlab.project import Project
from ci_factory.forge.gitlab.repository import Repository
from ci_factory.forge.gitlab.token import Token
from ci_factory.forge.gitlab.wire import Answer, Request
from ci_factory.model.collecting import Wanted
from ci_factory.model.forge import NoteTarget
from ci_factory.system.clock import ManualClock
from tests.fuzz.target import CUT, Target, pieces, text

_URL = "https://gitlab.example.com"
_FACTS = {
    "currentUser": {"id": "gid://gitlab/User/7", "username": "factory"},
    "project": {"id": "gid://gitlab/Project/1", "archived": False, "repository": {"rootRef": "main"}},
}
_JSON = (
    "[",
    "{",
    '{"data":{"project":{',
    '{"nodes":[',
    '"iid":',
    "null",
    "1",
    '"a"',
    '"2026-01-01T00:00:00Z"',
    "1e999",
    "\\ud800",
    "true",
    '"pageInfo":{"hasNextPage":true}',
)
_MOST = 40
"""Requests of one call that are answered; those after it find nothing."""


class _Server:
    """The way to a server that gives each request the next body, and the last one again and again."""

    def __init__(self, status: int, bodies: list[bytes]) -> None:
        self._status, self._bodies = status, bodies
        self.wire = SimpleNamespace(sent=0)

    def once(self, _request: Request) -> Answer:
        self.wire.sent += 1
        if self.wire.sent > _MOST:
            return Answer(404, {}, b"{}")
        body = self._bodies.pop(0) if len(self._bodies) > 1 else self._bodies[0]
        return Answer(self._status, {"x-next-page": "2"} if self.wire.sent == 1 else {}, body)

    def repeat(self, request: Request, _where: str) -> tuple[Answer, int]:
        return self.once(request), 1


def _forge(bodies: list[bytes]) -> GitLabForge:
    api = Api(_URL, Token("glpat-aaaaaaaaaaaaaaaaaaaa"), cast("Line", _Server(200, bodies)))
    project = Project(api, "group/name", Labels(), ManualClock(datetime(2026, 1, 1, tzinfo=UTC)))
    project.learn(_FACTS)
    return GitLabForge(project, cast("Repository", None))


_CALLS: dict[str, Callable[[GitLabForge], object]] = {
    "issues": lambda forge: forge.issues(labels=("ready-for-agent",)),
    "issue": lambda forge: forge.issue("1"),
    "notes": lambda forge: forge.notes(NoteTarget.ISSUE, "1"),
    "notes-of-many": lambda forge: forge.notes_of(("1", "2")),
    "merge-requests": lambda forge: list(forge.merge_requests()),
    "merge-request": lambda forge: forge.merge_request(1),
    "discussions": lambda forge: forge.discussions(1),
    "events": lambda forge: forge.events(NoteTarget.ISSUE, "1"),
    "pipelines": lambda forge: forge.pipelines("a" * 40),
    "jobs": lambda forge: forge.jobs(1),
    "glimpses": lambda forge: forge.glimpse(Wanted(target=NoteTarget.ISSUE)),
    "issue-records": lambda forge: list(forge.issue_records(("1",))),
    "merge-request-records": lambda forge: list(forge.merge_request_records((1,))),
    "role": lambda forge: (forge.role_of("alice"), forge.is_bot("alice")),
    "report": lambda forge: forge.report("weekly"),
    "time-spent": lambda forge: forge.time_spent("1"),
    "health": lambda forge: forge.examine(),
}

_LEADS = {
    "issues": ("forge.gitlab.tickets",),
    "events": ("forge.gitlab.events",),
    "health": ("forge.gitlab.health",),
    "merge-request-records": ("forge.gitlab.records",),
}


def _answers(name: str) -> Callable[[bytes], object]:
    return lambda data: _CALLS[name](_forge(data.split(CUT)))


def _refusal(data: bytes) -> None:
    status, body = pieces(data, 2)
    for code in (401, 403, 404, 409, 422, 302):
        str(errors.refusal(Answer(code + len(status) % 2, {}, body), "GET /projects")).encode()


def _headers(data: bytes) -> None:
    named = ("date", "retry-after", "ratelimit-reset")
    told = rates.told_wait(dict(zip(named, map(text, pieces(data, 3)), strict=True)), 1_700_000_000.0)
    assert told is None or 0 <= told < float("inf")


TARGETS = (
    *(
        Target(f"gitlab-{name}", _answers(name), ("forge.gitlab.api", *_LEADS.get(name, ())), _JSON, grows=300_000)
        for name in _CALLS
    ),
    Target("gitlab-refusal", _refusal, ("forge.gitlab.errors",), ('{"message":', '{"error":', "<a>", *_JSON)),
    Target("gitlab-headers", _headers, ("forge.gitlab.rates",), ("9", ".", "Wed, 21 Oct 2015 07:28:00 GMT", "+", "-0000")),
)  # fmt: skip
