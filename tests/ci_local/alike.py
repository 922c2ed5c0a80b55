"""What two nights with the same tickets have in common, without what two runs never share.

Commits have their moment in them, merge requests get numbers in the order in which agents end, and who reviews depends on who
has more to read by then. Trees, texts, verdicts, scores, labels, targets, figures are the same or the nights differ.
"""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

_BATCH = re.compile(r"\d{8}(?:&#8203;|\u200b)?-\d{6}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:\+00:00|Z| UTC)?")
_NUMBER = re.compile(r"!\d+\b")
_SPAN = re.compile(r"\b\d+(?:\.\d+)? (?:s|min|h)\b")
_BASE = re.compile(r"on base `[0-9a-f]{12}`")
_JOB = re.compile(r',?"job":\d+')
"""Whose artifacts keep a change; on one machine there is none."""
_COMMIT = re.compile(r'"(base|head)":"[0-9a-f]{40}"')
_SECONDS = re.compile(r'"((?:agent_)?seconds)":\d+(?:\.\d+)?(?:e-?\d+)?')
_REQUEST = re.compile(r'"merge_request":\d+')
_TAG = re.compile(r"<(style|script|title)\b.*?</\1>|<[^>]+>", re.DOTALL)
_CLOCK = re.compile(r"\d\d:\d\d(?::\d\d)?")
_LOAD = re.compile(r"waits? for them$")
_SPEED = re.compile(
    r"(Agent utilisation\n(?:Time that [^\n]*\n)?(?:not enough [^\n]*\n)?)\d+ %(?:\n[✓✕] \w+ target)?"
)
_ITEM = (
    *(
        "tier",
        "ticket_id",
        "title",
        "priority",
        "verdict",
        "score",
        "security_findings",
        "risk",
        "size",
        "lines",
    ),
    "expected_minutes",
)


def state(found: Mapping[str, Any], trees: Mapping[str, str], path: str) -> dict[str, Any]:
    """What a night left on the forge: `GitLabLine.state`, with a branch's tree in place of its commit."""
    requests = {
        branch: {name: value for name, value in each.items() if name != "sha"}
        for branch, each in found["merge requests"].items()
    }
    left = {"merge requests": requests, "count": found["count"], "issues": found["issues"]}
    return {name: _each(value, path) for name, value in left.items()} | {"trees": dict(trees)}


def _each(value: Any, path: str) -> Any:
    if isinstance(value, str):
        return words(value, path)
    if isinstance(value, Mapping):
        return {key: _each(each, path) for key, each in value.items()}
    return [_each(each, path) for each in value] if isinstance(value, list) else value


def words(text: str, path: str) -> str:
    """A text without moments, numbers, batches and commits."""
    for pattern, name in ((_BATCH, "BATCH"), (_MOMENT, "MOMENT"), (_NUMBER, "!N"), (_SPAN, "SPAN")):
        text = pattern.sub(name, text)
    text = _REQUEST.sub('"merge_request":"N"', text)
    text = _SECONDS.sub(r'"\1":"SECONDS"', _JOB.sub("", text))
    text = _COMMIT.sub(r'"\1":"COMMIT"', _BASE.sub("on base COMMIT", text))
    escaped = path.replace("/", "\\u002f")  # as in a hidden record
    return text.replace(path, "PROJECT").replace(escaped, "PROJECT")


def queue(review: Mapping[str, Any]) -> tuple[list[str], dict[str, Any]]:
    """A review queue: the order of its tiers, and its items by ticket. Within a tier who came first is first."""
    items = {each["ticket_id"]: {name: each[name] for name in _ITEM} for each in review["items"]}
    return [each["tier"] for each in review["items"]], items


def page(html: str, path: str, people: tuple[str, ...]) -> Counter[str]:
    """The words of a dashboard, line by line, in whatever order; utilisation tells how fast the machine was."""
    lines = [line.strip() for line in _TAG.sub("\n", html).splitlines() if line.strip()]
    text = _SPEED.sub(r"\1", "\n".join(lines))
    kept = [words(line, path) for line in text.splitlines() if not _CLOCK.fullmatch(line)]
    return Counter(line for line in kept if line not in people and not _LOAD.search(line))
