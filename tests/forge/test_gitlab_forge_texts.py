"""What GitLab's texts mean to us, and which of ours it would misread: no server is needed for these."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_factory.errors import ForgeError
from ci_factory.forge import ticket_text
from ci_factory.forge.gitlab import merge_requests, quick_actions
from ci_factory.forge.gitlab.tickets import to_issue
from ci_factory.model.base import Json
from ci_factory.model.forge import IssueState
from ci_factory.model.ticket import Ticket
from ci_factory.publishing import names


def node(**fields: Json) -> Json:
    """An issue as GraphQL gives it."""
    plain: Json = {
        "iid": "12",
        "title": "Title",
        "description": None,
        "state": "opened",
        "dueDate": None,
        "createdAt": "2026-03-02T18:00:00Z",
        "author": {"username": "ann"},
        "labels": {"nodes": []},
    }
    return plain | fields


def labelled(*titles: str) -> Json:
    return {"nodes": [{"title": title} for title in titles]}


def blocked_by(*references: tuple[str, str]) -> Json:
    blockers = [
        {"iid": reference.rpartition("#")[2], "reference": reference, "state": state}
        for reference, state in references
    ]
    return {"nodes": blockers}


# Issues


def test_labels_with_a_scope_are_fields() -> None:
    """Priority and complexity are read from their labels; words that we do not know leave the defaults."""
    told = to_issue(node(labels=labelled("priority::High", "complexity::large", "ui")), "acme/app").ticket
    assert (told.priority, told.complexity) == ("high", "large")
    assert told.labels == ("priority::High", "complexity::large", "ui")
    odd = to_issue(node(labels=labelled("priority::1", "complexity::?")), "acme/app").ticket
    assert (odd.priority, odd.complexity) == ("medium", None)


def test_a_body_is_read_by_its_sections() -> None:
    """Files, criteria and test cases come from the description, without characters that nobody sees."""
    body = "Do\u200b it.\r\n\r\n## Files\r\n- `a.py`: here\r\n\r\n## Acceptance criteria\r\n- [ ] Works\r\n"
    told = to_issue(node(description=body, dueDate="2026-03-09"), "acme/app").ticket
    assert (told.files, told.acceptance_criteria) == (("a.py",), ("Works",))
    assert told.body.startswith("Do it.\n")
    assert told.hidden == ("zero-width",)
    assert told.due is not None
    assert told.due.isoformat() == "2026-03-09T23:59:59+00:00"


def test_dependencies_come_from_words_and_links() -> None:
    """Each once, never on itself; an open blocker in another project is an id that no ticket here has."""
    links = blocked_by(
        ("acme/app#3", "opened"),
        ("acme/app#5", "closed"),
        ("acme/other#3", "opened"),
        ("acme/other#4", "closed"),
    )
    told = to_issue(node(description="Depends on #3, #4 and #12", blockedByIssues=links), "Acme/App").ticket
    assert told.depends_on == ("3", "4", "5", "acme-other-3")


@pytest.mark.parametrize(
    ("title", "body"),
    [
        ("\u200b\u200b", "text"),
        ("Title", "## Files\n" + "".join(f"- f{number}.py\n" for number in range(1_001))),
        ("Title", "half \ud800 a character"),
        ("\0", "\0"),
    ],
)
def test_a_strange_issue_does_not_hide_the_others(title: str, body: str) -> None:
    """What no ticket can hold is left out; the issue is still there, under its number, and can be read again."""
    ticket = to_issue(node(title=title, description=body, dueDate="soon"), "acme/app").ticket
    assert ticket.id == "12"
    assert Ticket.model_validate_json(ticket.model_dump_json()) == ticket


def test_a_state_or_author_that_is_missing() -> None:
    """Closed is closed; the author of an issue may be gone."""
    found = to_issue(node(state="closed", author=None), "acme/app")
    assert (found.state, found.ticket.author) == (IssueState.CLOSED, "")


@given(st.text(max_size=300), st.text(min_size=1, max_size=255), st.lists(st.text(max_size=30), max_size=5))
def test_any_issue_is_a_ticket(body: str, title: str, labels: list[str]) -> None:
    """Whatever people write, the ticket has the issue's number and survives being written to a file."""
    ticket = to_issue(node(title=title, description=body, labels=labelled(*labels)), "acme/app").ticket
    assert ticket.id == "12"
    assert Ticket.model_validate_json(ticket.model_dump_json()) == ticket


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("Depends on #12.", ("12",)),
        ("- depends on: #12, #13", ("12", "13")),
        ("**Depends on** #12", ("12",)),
        ("> Blocked by #7 and #8", ("7", "8")),
        ("## Dependencies\n\n- #4\n- see #5\n\n## Files\n- #6", ("4", "5")),
        ("### Depends on:\n#4 #4", ("4",)),
        ("This no longer depends on #12", ()),
        ("Depends on group/project#12, !3, a#4 and #0", ()),
        ("```\nDepends on #12\n```", ()),
        ("<!-- Depends on #12 -->", ()),
        ("See #12", ()),
    ],
)
def test_dependencies_are_read_from_words(body: str, found: tuple[str, ...]) -> None:
    """A line that starts with the words, or what stands below such a heading; references elsewhere are none."""
    assert ticket_text.dependencies(body) == found


# Merge requests


@given(st.integers(1, 10**9), st.text(min_size=1, max_size=80))
def test_a_branch_names_its_ticket(number: int, title: str) -> None:
    """The publisher's branch name leads back to the ticket, whatever its title."""
    branch = names.branch(Ticket.model_validate({"id": str(number), "title": title}))
    assert merge_requests.ticket_of(branch) == str(number)


@pytest.mark.parametrize(
    "branch", ["main", "factory/", "factory/12", "factory/x-1", "factory/0-x", "xfactory/1-a"]
)
def test_other_branches_are_no_tickets(branch: str) -> None:
    """Only `factory/<number>-<words>` is the factory's."""
    assert merge_requests.ticket_of(branch) is None


@given(
    st.lists(st.sampled_from(["Draft: ", "[draft]", "(DRAFT) ", "WIP:", "draft - "]), max_size=4),
    st.text(max_size=30),
)
def test_a_title_is_a_draft_by_its_first_word_only(prefixes: list[str], rest: str) -> None:
    """One prefix exactly when it is to be a draft, however many somebody wrote."""
    title = "".join(prefixes) + rest
    ready, draft = merge_requests.titled(title, draft=False), merge_requests.titled(title, draft=True)
    assert not re.match(r"(?i)\s*(\[draft\]|\(draft\)|draft:|wip:)", ready)
    assert draft == f"Draft: {ready}"


# Quick actions


@pytest.mark.parametrize(
    "text",
    [
        "/close",
        "text\n/label ~bug\nmore",
        "text\r\n/close\r\n",
        "  /merge",
        "```\ncode\n\n/close",
        "````\n```\n/close\n```\n````",
        "~~~\n/close\n~~~",
        "text\u2028/close",
        "/Approve now",
    ],
)
def test_a_quick_action_is_not_sent(text: str) -> None:
    """Whatever GitLab, in any version, could carry out is refused, with the name of the action."""
    with pytest.raises(ForgeError, match=r"quick action /\w+"):
        quick_actions.refused(text, "here")


@pytest.mark.parametrize(
    "text",
    [
        "see /close",
        "\\/close",
        "/usr/bin/env",
        "`/close`",
        "/",
        "```\n/close\n```",
        "    /close",
        "> /close",
        "//close",
    ],
)
def test_other_slashes_are_sent(text: str) -> None:
    """Paths, escaped slashes and code between three backticks are only text."""
    assert quick_actions.refused(text, "here") == text
