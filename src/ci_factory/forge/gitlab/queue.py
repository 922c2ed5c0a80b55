"""The queue: one GraphQL query for a hundred issues, with their labels, links and authors.

The first page also tells who we are and where, so that a small batch is read with one request.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ci_factory.errors import ForgeError
from ci_factory.forge import kept_reports
from ci_factory.forge.gitlab import reports, rest
from ci_factory.forge.gitlab.api import Api
from ci_factory.forge.gitlab.errors import NotFound, QueryError
from ci_factory.forge.gitlab.project import FACTS, Project
from ci_factory.forge.gitlab.tickets import to_issue
from ci_factory.model.base import Json
from ci_factory.model.forge import Issue

PAGE = 100
"""Issues in one answer: the most that GitLab gives."""
_BLOCKED_BY = "blockedByIssues { nodes { iid state reference(full: true) } }"
_ISSUES = """
issues(%s) {
  pageInfo { hasNextPage endCursor }
  nodes {
    iid title description state dueDate createdAt reference(full: true)
    author { username } labels { nodes { title } } %s
  }
}"""
_TYPES = {"path": "ID!", "labels": "[String]", "any": "[String!]", "iids": "[String!]", "after": "String"}
_ARGUMENTS = {
    "labels": "labelName: $labels",
    "any": "or: { labelNames: $any }",
    "iids": "iids: $iids",
    "after": "after: $after",
}


@dataclass(frozen=True)
class Wanted:
    """Which issues."""

    labels: tuple[str, ...] = ()
    """All of them."""
    any_label: tuple[str, ...] = ()
    """One of them, if there are any."""
    opened_only: bool = True
    iids: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, labels: Iterable[str], any_label: Iterable[str], ids: Iterable[str] = (), *, opened_only: bool
    ) -> "Wanted":
        """The same with each label and id once, and without ids that no issue can have."""
        iids = (each for each in ids if each.isascii() and each.isdigit())
        every, some = tuple(dict.fromkeys(labels)), tuple(dict.fromkeys(any_label))
        return cls(every, some, opened_only, tuple(dict.fromkeys(iids)))

    def variables(self) -> dict[str, Json]:
        """Only those that restrict something."""
        given = {"labels": self.labels, "any": self.any_label, "iids": self.iids}
        return {name: list(values) for name, values in given.items() if values}


def issues(project: Project, wanted: Wanted) -> list[Issue]:
    """Issues of a project in order of creation, which is the server's, all pages; our reports are none."""
    found = None if project.rest_only else _pages(project, wanted)
    if found is None:
        nodes = rest.issues(project.api, project.at("issues"), wanted)
    else:
        for data in found:
            project.learn(data)
        nodes = [node for data in found for node in data["project"]["issues"]["nodes"]]
    return [to_issue(node, project.path) for node in nodes if not _is_report(project, node)]


def _is_report(project: Project, node: Json) -> bool:
    author = (node.get("author") or {}).get("username") or ""
    return reports.is_ours(project, node.get("description"), author)


def _pages(project: Project, wanted: Wanted) -> list[dict[str, Json]] | None:
    """All answers to the query; `None` where REST has to tell (see `Project.query`)."""
    try:
        return list(_answers(project.api, FACTS, project.path, wanted))
    except (NotFound, QueryError):
        project.rest_only = True
        return None


def issue(project: Project, ticket_id: str) -> Issue:
    """One issue.

    Raises:
        ForgeError: there is none.
    """
    known = ticket_id.isascii() and ticket_id.isdigit()
    found = issues(project, Wanted(opened_only=False, iids=(ticket_id,))) if known else []
    if not found:
        raise ForgeError(
            f"there is no ticket {ticket_id!r}", where=project.path, fix="name an issue's number"
        )
    return found[0]


def of_group(api: Api, group: str, wanted: Wanted) -> list[tuple[str, Issue]]:
    """Issues of all projects of a group and its subgroups, each with its project's path, in order of creation.

    Raises:
        NotFound: there is no such group, or we may not see it.
    """
    nodes = []
    for data in _answers(api, "group(fullPath: $path) { %s }", group, wanted, "includeSubgroups: true"):
        if data.get("group") is None:
            raise NotFound(f"there is no group {group!r}", where=api.url, fix="check the group's path")
        nodes += data["group"]["issues"]["nodes"]
    tickets = (node for node in nodes if not kept_reports.is_report(node.get("description") or ""))
    found = ((node["reference"].rpartition("#")[0], node) for node in tickets)
    return [(path, to_issue(node, path)) for path, node in found]


def _answers(api: Api, around: str, path: str, wanted: Wanted, *more: str) -> Iterator[dict[str, Json]]:
    """All pages. A server without links between issues (they are not in every edition) is asked without them."""
    variables: dict[str, Json] = {"path": path} | wanted.variables()
    links = _BLOCKED_BY
    while True:
        try:
            data = api.graphql(_query(around, wanted, links, variables, more), variables)
        except QueryError as error:
            if not links or not any("blockedByIssues" in message for message in error.messages):
                raise
            links = ""
            continue
        yield data
        inner = data.get("project") or data.get("group")
        page = inner["issues"]["pageInfo"] if inner else {"hasNextPage": False}
        if not page["hasNextPage"]:
            return
        variables["after"] = page["endCursor"]


def _query(around: str, wanted: Wanted, links: str, variables: dict[str, Json], more: tuple[str, ...]) -> str:
    declared = ", ".join(f"${name}: {_TYPES[name]}" for name in variables)
    state = "opened" if wanted.opened_only else "all"
    used = (_ARGUMENTS[name] for name in variables if name in _ARGUMENTS)
    arguments = ", ".join([f"first: {PAGE}, sort: CREATED_ASC, state: {state}", *more, *used])
    return f"query({declared}) {{ {around % (_ISSUES % (arguments, links))} }}"
