"""One project on a GitLab server, and who we are there; asked for once, then remembered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from ci_factory.config import Labels
from ci_factory.forge.gitlab.api import Api
from ci_factory.forge.gitlab.errors import NotFound, QueryError, Refused
from ci_factory.forge.gitlab.rest import facts as told_by_rest
from ci_factory.model.base import Json
from ci_factory.model.forge import NoteTarget
from ci_factory.system.clock import Clock

FACTS = "currentUser { id username } project(fullPath: $path) { id archived repository { rootRef } %s }"
"""What every query about a project asks for as well; `%s` is the rest of it."""

_KINDS = {NoteTarget.ISSUE: "issues", NoteTarget.MERGE_REQUEST: "merge_requests"}


@dataclass(frozen=True)
class Facts:
    """What does not change during a run."""

    id: int
    user: str
    user_id: int
    default_branch: str | None
    archived: bool


@dataclass
class Project:
    """A project by its path, and what is remembered of it."""

    api: Api
    path: str
    names: Labels
    clock: Clock
    _facts: Facts | None = None
    rest_only: bool = False
    """Whether GraphQL was tried in vain."""
    users: dict[str, Json] = field(default_factory=dict)
    """What GitLab said about people, by question."""

    @property
    def facts(self) -> Facts:
        """Who we are, and where.

        Raises:
            NotFound: there is no such project, or we may not see it.
            Refused: the token is nobody's.
        """
        if self._facts is None:
            query = "query($path: ID!) { " + FACTS % "" + " }"
            data = self.query(query, {"path": self.path})
            return self.learn(told_by_rest(self.api, self.path) if data is None else data)
        return self._facts

    def query(self, text: str, variables: Mapping[str, Json]) -> dict[str, Json] | None:
        """The answer of a GraphQL query; `None` from a server without GraphQL, or that does not know this query.

        REST tells the same with more requests, and is asked alone from then on.
        """
        if self.rest_only:
            return None
        try:
            return self.api.graphql(text, variables)
        except (NotFound, QueryError):
            self.rest_only = True
            return None

    def learn(self, data: Mapping[str, Json]) -> Facts:
        """Remember the facts in the answer to a query with `FACTS`."""
        user, project = data.get("currentUser"), data.get("project")
        if user is None:
            raise Refused(
                "GitLab does not know the token's user",
                where=self.api.url,
                fix="make a new token with the scope `api`",
                status=401,
            )
        if project is None:
            raise NotFound(
                f"there is no project {self.path!r} for {user['username']}",
                where=self.api.url,
                fix="check forge.project, and that the token's user is a member",
            )
        root = (project.get("repository") or {}).get("rootRef")
        self._facts = Facts(
            _number(project["id"]), user["username"], _number(user["id"]), root, bool(project.get("archived"))
        )
        return self._facts

    def at(self, *parts: object) -> str:
        """A REST path below the project, every part encoded."""
        encoded = "/".join(quote(str(part), safe="") for part in parts)
        return f"/projects/{quote(self.path, safe='')}" + (f"/{encoded}" if encoded else "")

    def of(self, target: NoteTarget, target_id: object, *parts: object) -> str:
        """A REST path below an issue or a merge request."""
        return self.at(_KINDS[target], target_id, *parts)


def _number(global_id: str) -> int:
    """7 of `gid://gitlab/Project/7`."""
    return int(global_id.rsplit("/", 1)[-1])
