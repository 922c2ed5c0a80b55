"""What texts name: commits that they take back or mend, merge requests, tickets. Pure.

Words are claims by whoever wrote them. They make a link that is shown with its source, and nothing else.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

MOST = 50
"""References of one kind that are read out of one text."""
_TEXT = 100_000
_SHA = r"[0-9a-fA-F]{7,64}"
_PATH = r"[\w.-]{1,255}(?:/[\w.-]{1,255}){1,20}"
_START = r"(?<![\w/!.-])"
"""No reference begins within a word or path, so that each is looked at once."""
_REQUEST = rf"(?:(?P<path>{_PATH}))?!(?P<iid>[1-9]\d{{0,9}})(?!\w)"
_REVERTS = re.compile(rf"\bThis reverts commit (?P<sha>{_SHA})\b")
_REVERTS_REQUEST = re.compile(rf"\bThis reverts merge request {_REQUEST}")
_REVERT_TITLE = re.compile(r'Revert "(?P<subject>.{1,500})"(?: \([#!]\w{1,64}\))?\s*(?:\n|$)')
_MENDS = re.compile(rf"^Fixes:\s+(?P<sha>{_SHA})\b", re.MULTILINE | re.IGNORECASE)
_SQUASHED = re.compile(r"(?:(?:fixup|squash|amend)! )+(?P<subject>.{1,500})")
_FOLLOWS = r"\bfollow[- ]?ups? (?:to|of|for) "
_FOLLOWS_REQUEST = re.compile(_FOLLOWS + _REQUEST, re.IGNORECASE)
_FOLLOWS_TICKET = re.compile(_FOLLOWS + r"#(?P<id>[A-Za-z0-9][\w.-]{0,63})", re.IGNORECASE)
_TRAILER = re.compile(
    r"^(?:Fixes|Fixes-Generation|Follow-up|Follow-up-to):\s+(?P<id>[\w.:-]+/[\w.-]+)\s*$",
    re.MULTILINE | re.IGNORECASE,
)
_CLOSES = re.compile(
    r"\b(?:clos(?:e[sd]?|ing)|fix(?:e[sd]|ing)?|resolv(?:e[sd]?|ing))\b:?\s{1,9}#(?P<id>[A-Za-z0-9][\w.-]{0,63})",
    re.IGNORECASE,
)
_NAMED_REQUEST = re.compile(_START + _REQUEST)
_NAMED_TICKET = re.compile(rf"(?:(?<![\w/&#])|{_START}(?P<path>{_PATH}))#(?P<id>[A-Za-z0-9][\w.-]{{0,63}})")
_ADDRESS = re.compile(
    r"https?://(?P<host>[^\s/]{1,255})/(?P<path>[\w.-]{1,255}(?:/[\w.-]{1,255}){0,20}?)(?:/-)?/"
    r"(?P<kind>merge_requests|issues|work_items)/(?P<id>[1-9]\d{0,9})(?!\w)"
)
_NAMED_COMMIT = re.compile(rf"(?<![\w-])(?=[0-9a-fA-F]*\d){_SHA}(?![\w-])")


class Named(NamedTuple):
    """What one text refers to."""

    commits: frozenset[str] = frozenset()
    """Names or beginnings of names."""
    requests: frozenset[int] = frozenset()
    tickets: frozenset[str] = frozenset()
    subjects: frozenset[str] = frozenset()
    """First lines of commits."""
    generations: frozenset[str] = frozenset()


def reverts(message: str, project: str = "") -> Named:
    """What a commit says that it takes back: `git revert`'s and GitLab's words; where only a title is left, by that."""
    text = message[:_TEXT]
    found = Named(_words(_REVERTS, "sha", text), _own(_REVERTS_REQUEST, text, project))
    title = None if any(found) else _REVERT_TITLE.match(text)
    return found._replace(subjects=frozenset({title["subject"]})) if title else found


def mends(message: str, project: str = "") -> Named:
    """What a commit says that it mends: `Fixes: <commit>`, `fixup!`, "follow-up to !7", a trailer with a generation."""
    text = message[:_TEXT]
    squashed = _SQUASHED.match(text)
    subject = squashed["subject"].strip() if squashed else ""
    return Named(
        _words(_MENDS, "sha", text) | ({subject} if re.fullmatch(_SHA, subject) else frozenset()),
        _own(_FOLLOWS_REQUEST, text, project),
        _ids(_FOLLOWS_TICKET, text),
        frozenset({subject}) if subject else frozenset(),
        _words(_TRAILER, "id", text),
    )


def closes(message: str) -> frozenset[str]:
    """Tickets that a commit says it closes."""
    return _ids(_CLOSES, message[:_TEXT])


def mentions(text: str, project: str = "", host: str = "") -> Named:
    """What an issue's text names anywhere: `!7`, `#12`, their addresses, commits.

    Of references with a path, and of addresses, only those to `project` (on `host`) count.
    """
    cut = text[:_TEXT]
    found = [each for each in _first(_ADDRESS, cut) if _is_here(each, project, host)]
    bare = _ADDRESS.sub(" ", cut)
    requests = {int(each["id"]) for each in found if each["kind"] == "merge_requests"}
    tickets = {each["id"] for each in found if each["kind"] != "merge_requests"}
    return Named(
        _words(_NAMED_COMMIT, 0, bare),
        _own(_NAMED_REQUEST, bare, project) | requests,
        _ids(_NAMED_TICKET, bare, project) | tickets,
    )


def _is_here(found: re.Match[str], project: str, host: str) -> bool:
    there = found["path"].removesuffix("/-").casefold() == project.casefold()
    return bool(project) and there and host.casefold() in {"", found["host"].casefold()}


def _first(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    for count, found in enumerate(pattern.finditer(text)):
        if count == MOST:
            return
        yield found


def _words(pattern: re.Pattern[str], group: str | int, text: str) -> frozenset[str]:
    return frozenset(found[group] for found in _first(pattern, text))


def _own(pattern: re.Pattern[str], text: str, project: str) -> frozenset[int]:
    """Merge requests of this project; a path says of which one they are."""
    return frozenset(int(found["iid"]) for found in _first(pattern, text) if _is_own(found["path"], project))


def _ids(pattern: re.Pattern[str], text: str, project: str = "") -> frozenset[str]:
    """Tickets of this project; a sentence's end is no part of an id."""
    return frozenset(
        found["id"].rstrip(".-")
        for found in _first(pattern, text)
        if _is_own(found.groupdict().get("path"), project)
    )


def _is_own(path: str | None, project: str) -> bool:
    return not path or path.casefold() == project.casefold()
