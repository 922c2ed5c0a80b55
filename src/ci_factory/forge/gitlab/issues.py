"""Changes to issues: labels and state, each in one request that can be repeated."""

from collections.abc import Iterable

from ci_factory.forge import managed_labels
from ci_factory.forge.gitlab.project import Project
from ci_factory.model.base import Json
from ci_factory.model.forge import NoteTarget


def change_labels(
    project: Project, ticket_id: str, add: Iterable[str], remove: Iterable[str]
) -> tuple[str, ...]:
    """Remove, then add; returns the labels now. GitLab itself makes no event where nothing changes."""
    wanted = managed_labels.changed((), add, ())
    unwanted = managed_labels.changed((), (name for name in remove if name not in wanted), ())
    edits = {"add_labels": ",".join(wanted), "remove_labels": ",".join(unwanted)}
    return _edit(project, ticket_id, {name: text for name, text in edits.items() if text})


def close(project: Project, ticket_id: str) -> None:
    """Close an issue; a closed one stays closed, without another event."""
    _edit(project, ticket_id, {"state_event": "close"})


def time_spent(project: Project, ticket_id: str) -> int | None:
    """Seconds that people logged; GitLab says 0 when nobody logged any, which is unknown."""
    told = project.api.get(project.of(NoteTarget.ISSUE, ticket_id, "time_stats"))
    return int(told["total_time_spent"]) or None


def move_state(project: Project, ticket_id: str, state: str, *, close: bool) -> None:
    """Replace the state label, whichever it is, and close the issue when asked to: one request."""
    wanted = project.names.state(state)
    others = [name for name in project.names.states if name != wanted]
    edits = {"add_labels": wanted, "remove_labels": ",".join(others)}
    _edit(project, ticket_id, {**edits, "state_event": "close"} if close else edits)


def labels_of(project: Project, ticket_id: str) -> tuple[str, ...]:
    """The labels of an issue now."""
    return _edit(project, ticket_id, {})


def _edit(project: Project, ticket_id: str, edits: dict[str, Json]) -> tuple[str, ...]:
    path = project.of(NoteTarget.ISSUE, ticket_id)
    raw = project.api.put(path, edits) if edits else project.api.get(path)
    return tuple(raw["labels"])
