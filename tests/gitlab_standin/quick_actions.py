"""Quick actions: commands at the start of a line of a note or description, taken out of the text and carried out."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.gitlab_standin import actions, auth, mr_actions
from tests.gitlab_standin.actions import Refused
from tests.gitlab_standin.issuables import Kind, Target

_FENCE = "```"
_COMMAND = re.compile(r" {0,3}/(?P<name>[a-z_]+)(?:[ \t]+(?P<argument>.*))?\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Action:
    """One command."""

    name: str
    argument: str


@dataclass
class Outcome:
    """What commands did, in GitLab's words."""

    summary: list[str] = field(default_factory=list)
    changes: dict[str, object] = field(default_factory=dict)


def extract(text: str, kind: Kind) -> tuple[str, list[Action]]:
    """Text without its commands, carriage returns and white space at its end; and the commands.

    At least as eager as any version of GitLab: a line ends at every sign that ends one in some reading of Unicode,
    and only a closed fence of backticks or a quote protects what is in it.
    """
    kept: list[str] = []
    found: list[Action] = []
    lines = text.splitlines(keepends=True)
    fences = [number for number, line in enumerate(lines) if line.lstrip().startswith(_FENCE)]
    pairs = list(zip(fences[::2], fences[1::2], strict=False))
    for number, line in enumerate(lines):
        match = _COMMAND.fullmatch(line)
        fenced = any(first <= number <= last for first, last in pairs)
        if match is None or fenced or match["name"].lower() not in COMMANDS[kind]:
            kept.append(line)
        else:
            found.append(Action(match["name"].lower(), (match["argument"] or "").strip()))
    return "".join(kept).replace("\r", "").rstrip(), found


def run(target: Target, found: list[Action]) -> Outcome:
    """Carry out commands, each on what the ones before it left; one that is not allowed does nothing."""
    outcome = Outcome()
    for action in found:
        command, least = COMMANDS[target.kind][action.name]
        fresh = target.again()
        if auth.my_level(fresh.project) < least:
            outcome.summary.append(f"Could not apply {action.name} command.")
            continue
        try:
            outcome.summary.append(command(fresh, action.argument))
            outcome.changes[action.name] = action.argument or True
        except Refused as refusal:
            outcome.summary.append(str(refusal))
    return outcome


Command = Callable[[Target, str], str]
_ANYBODY, _REPORTER, _DEVELOPER = auth.GUEST, auth.REPORTER, auth.DEVELOPER
_BOTH: dict[str, tuple[Command, int]] = {
    "close": (actions.close, _REPORTER),
    "reopen": (actions.reopen, _REPORTER),
    "title": (actions.title, _REPORTER),
    "label": (actions.label, _REPORTER),
    "labels": (actions.label, _REPORTER),
    "unlabel": (actions.unlabel, _REPORTER),
    "remove_label": (actions.unlabel, _REPORTER),
    "relabel": (actions.relabel, _REPORTER),
    "assign": (actions.assign, _REPORTER),
    "unassign": (actions.unassign, _REPORTER),
    "reassign": (actions.reassign, _REPORTER),
    "estimate": (actions.estimate, _REPORTER),
    "spend": (actions.spend, _REPORTER),
    "spent": (actions.spend, _REPORTER),
    "spend_time": (actions.spend, _REPORTER),
    "lock": (actions.lock, _REPORTER),
    "unlock": (actions.unlock, _REPORTER),
    "todo": (actions.nothing, _ANYBODY),
    "done": (actions.nothing, _ANYBODY),
    "subscribe": (actions.nothing, _ANYBODY),
    "unsubscribe": (actions.nothing, _ANYBODY),
    "cc": (actions.nothing, _ANYBODY),
    "award": (actions.nothing, _ANYBODY),
    "react": (actions.nothing, _ANYBODY),
    "milestone": (actions.nothing, _REPORTER),
}
_ISSUE: dict[str, tuple[Command, int]] = {
    "due": (actions.due, _REPORTER),
    "remove_due_date": (actions.remove_due, _REPORTER),
    "confidential": (actions.confidential, _REPORTER),
    "weight": (actions.weight, _REPORTER),
    "duplicate": (actions.duplicate, _REPORTER),
    "relate": (actions.relate, _REPORTER),
    "blocks": (actions.blocks, _REPORTER),
    "blocked_by": (actions.blocked_by, _REPORTER),
    "unlink": (actions.unlink, _REPORTER),
    "type": (actions.issue_type, _REPORTER),
}
_MERGE_REQUEST: dict[str, tuple[Command, int]] = {
    "approve": (mr_actions.approve, _DEVELOPER),
    "unapprove": (mr_actions.unapprove, _DEVELOPER),
    "merge": (mr_actions.merge, _DEVELOPER),
    "draft": (mr_actions.draft, _DEVELOPER),
    "wip": (mr_actions.draft, _DEVELOPER),
    "ready": (mr_actions.ready, _DEVELOPER),
    "request_changes": (mr_actions.request_changes, _DEVELOPER),
    "submit_review": (mr_actions.submit_review, _DEVELOPER),
    "request_review": (mr_actions.assign_reviewer, _DEVELOPER),
    "reviewer": (mr_actions.assign_reviewer, _DEVELOPER),
    "assign_reviewer": (mr_actions.assign_reviewer, _DEVELOPER),
    "unassign_reviewer": (mr_actions.unassign_reviewer, _DEVELOPER),
    "remove_reviewer": (mr_actions.unassign_reviewer, _DEVELOPER),
    "target_branch": (mr_actions.target_branch, _DEVELOPER),
    "rebase": (actions.nothing, _DEVELOPER),
}
COMMANDS: dict[Kind, dict[str, tuple[Command, int]]] = {
    "Issue": _BOTH | _ISSUE,
    "MergeRequest": _BOTH | _MERGE_REQUEST,
}
"""Name of each command, what it does, and the least role that may."""
