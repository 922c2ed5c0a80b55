"""Project snippets of ours: written once under their title, for members of the project."""

from dataclasses import dataclass

from ci_factory.forge import kept_notes, kept_reports
from ci_factory.forge.gitlab.project import Project
from ci_factory.model.base import Json


@dataclass(frozen=True)
class Snippet:
    """A snippet as it is on GitLab."""

    id: int
    title: str
    url: str


def ensure(project: Project, title: str, file_name: str, content: str) -> tuple[Snippet, bool]:
    """The snippet of ours with this title, and whether it was made now; one that is there is left as it is.

    Raises:
        NotFound, Refused: snippets are switched off in the project, or not for our role.
    """
    wanted, text = kept_reports.titled(title), kept_notes.checked(content)
    if (found := _find(project, wanted)) is not None:
        return _to_snippet(found), False
    data: dict[str, Json] = {
        "title": wanted,
        "visibility": "private",
        "files": [{"file_path": file_name, "content": text}],
    }
    made = project.api.post(project.at("snippets"), data, done=lambda: _find(project, wanted))
    return _to_snippet(made), True


def _find(project: Project, title: str) -> Json | None:
    mine = project.facts.user_id
    ours = (each for each in project.api.pages(project.at("snippets")) if each["author"]["id"] == mine)
    return min((each for each in ours if each["title"] == title), key=lambda each: each["id"], default=None)


def _to_snippet(raw: Json) -> Snippet:
    return Snippet(int(raw["id"]), raw["title"], raw.get("web_url") or "")
