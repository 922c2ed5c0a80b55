"""What each quick action on issues, or on both, does, and the sentence that GitLab answers."""

import re
import sqlite3

from tests.gitlab_standin import issuables, linking, spending
from tests.gitlab_standin.context import call, db
from tests.gitlab_standin.issuables import Target


class Refused(Exception):
    """A command that was not carried out; the words say so."""


def nothing(_target: Target, _argument: str) -> str:
    """For commands that touch only what no client reads here."""
    return "Done."


def close(target: Target, _argument: str) -> str:
    """/close."""
    applied(issuables.set_state(target, "closed"), "close")
    return f"Closed this {_noun(target)}."


def reopen(target: Target, _argument: str) -> str:
    """/reopen."""
    if target.row["state"] != "closed":
        raise Refused("Could not apply reopen command.")
    issuables.set_state(target, "reopened")
    return f"Reopened this {_noun(target)}."


def title(target: Target, argument: str) -> str:
    """/title."""
    if not argument:
        raise Refused("Could not apply title command.")
    target.edit(title=argument)
    return f'Changed the title to "{argument}".'


def label(target: Target, argument: str) -> str:
    """/label: only labels that exist; a command makes none."""
    names = [name for name in _names(argument) if _known(target, name)]
    applied(bool(names), "label")
    issuables.change_labels(target, add=names)
    return _told("Added", names)


def unlabel(target: Target, argument: str) -> str:
    """/unlabel: these, or all."""
    present = [row["name"] for row in issuables.labels_of(target.kind, target.id)]
    names = [name for name in _names(argument) if name in present] if argument else present
    issuables.change_labels(target, remove=names)
    return _told("Removed", names) if argument else "Removed all labels."


def relabel(target: Target, argument: str) -> str:
    """/relabel."""
    names = [name for name in _names(argument) if _known(target, name)]
    applied(bool(names), "relabel")
    issuables.set_labels(target, names)
    return "Replaced all labels with " + _told("", names).strip()


def assign(target: Target, argument: str) -> str:
    """/assign."""
    people = people_in(argument)
    applied(bool(people), "assign")
    now = [row["id"] for row in issuables.assignees_of(target.kind, target.id)]
    issuables.assign(target, [*now, *people])
    return f"Assigned {argument}."


def unassign(target: Target, argument: str) -> str:
    """/unassign: these, or everybody."""
    gone = people_in(argument)
    now = [row["id"] for row in issuables.assignees_of(target.kind, target.id)]
    issuables.assign(target, [each for each in now if gone and each not in gone])
    return f"Removed assignee {argument}."


def reassign(target: Target, argument: str) -> str:
    """/reassign."""
    issuables.assign(target, people_in(argument))
    return f"Changed assignees to {argument}."


def estimate(target: Target, argument: str) -> str:
    """/estimate."""
    seconds = spending.seconds(argument)
    applied(seconds is not None, "estimate")
    target.edit(time_estimate=seconds)
    return f"Set time estimate to {argument}."


def spend(target: Target, argument: str) -> str:
    """/spend."""
    seconds = spending.seconds(argument.partition(" 20")[0])
    if seconds is None:
        raise Refused("Could not apply spend command.")
    spending.add(target, seconds, None)
    return f"Added {argument} spent time."


def lock(target: Target, _argument: str) -> str:
    """/lock."""
    target.edit(locked=1)
    return "Locked the discussion."


def unlock(target: Target, _argument: str) -> str:
    """/unlock."""
    target.edit(locked=0)
    return "Unlocked the discussion."


# Issues


def due(target: Target, argument: str) -> str:
    """/due, for a date in figures."""
    applied(bool(re.fullmatch(r"\d{4}-\d{2}-\d{2}", argument)), "due")
    target.edit(due_date=argument)
    return f"Set the due date to {argument}."


def remove_due(target: Target, _argument: str) -> str:
    """/remove_due_date."""
    target.edit(due_date=None)
    return "Removed the due date."


def confidential(target: Target, _argument: str) -> str:
    """/confidential."""
    target.edit(confidential=1)
    return "Made this issue confidential."


def weight(target: Target, argument: str) -> str:
    """/weight."""
    applied(argument.isdigit(), "weight")
    target.edit(weight=int(argument))
    return f"Set weight to {argument}."


def issue_type(target: Target, argument: str) -> str:
    """/type."""
    target.edit(issue_type=argument.lower())
    return "Type changed successfully."


def duplicate(target: Target, argument: str) -> str:
    """/duplicate: related, and closed."""
    relate(target, argument)
    issuables.set_state(target, "closed")
    return f"Closed this issue. Marked as related to, and a duplicate of, {argument}."


def relate(target: Target, argument: str) -> str:
    """/relate."""
    _link(target, argument, "relates_to")
    return f"Added {argument} as a linked item related to this issue."


def blocks(target: Target, argument: str) -> str:
    """/blocks."""
    _link(target, argument, "blocks")
    return f"Added {argument} as a linked item blocked by this issue."


def blocked_by(target: Target, argument: str) -> str:
    """/blocked_by."""
    _link(target, argument, "is_blocked_by")
    return f"Added {argument} as a linked item blocking this issue."


def unlink(target: Target, argument: str) -> str:
    """/unlink."""
    for other in _issues(target, argument):
        linking.unlink(target.row, other)
    return f"Removed linked item {argument}."


# Helpers


def applied(happened: bool, name: str) -> None:
    """Refuse a command that did nothing."""
    if not happened:
        raise Refused(f"Could not apply {name} command.")


def _noun(target: Target) -> str:
    return "issue" if target.kind == "Issue" else "merge request"


def _names(argument: str) -> list[str]:
    return [quoted or plain for quoted, plain in re.findall(r'~"([^"]+)"|~?([^\s~"]+)', argument)]


def _known(target: Target, name: str) -> sqlite3.Row | None:
    return db().one("SELECT 1 FROM label WHERE project_id = ? AND name = ?", target.project["id"], name)


def _told(verb: str, names: list[str]) -> str:
    shown = " ".join(f'~"{name}"' for name in names)
    return f"{verb} {shown} {'labels' if len(names) > 1 else 'label'}."


def people_in(argument: str) -> list[int]:
    """Ids of the users named in an argument."""
    names = re.findall(r"@([\w.-]+)", argument)
    if re.search(r"(^|\s)me(\s|$)", argument):
        names.append(call().me["username"])
    rows = [db().one("SELECT id FROM user WHERE username = ?", name) for name in names]
    return [row["id"] for row in rows if row is not None]


def _issues(target: Target, argument: str) -> list[sqlite3.Row]:
    rows = [
        db().one("SELECT * FROM issue WHERE project_id = ? AND iid = ?", target.project["id"], int(iid))
        for iid in re.findall(r"#(\d+)", argument)
    ]
    return [row for row in rows if row is not None]


def _link(target: Target, argument: str, link_type: str) -> None:
    others = _issues(target, argument)
    applied(bool(others), "relate")
    for other in others:
        linking.link(target.row, other, link_type)
