"""Reports on GitLab: one issue whatever people do to it and however often we are killed; snippets beside it."""

from typing import TYPE_CHECKING, Any

import pytest

from ci_factory.errors import ForgeError
from ci_factory.forge.gitlab.forge import GitLabForge

if TYPE_CHECKING:
    from tests.forge.conftest import GitLabWorld

KEY, TITLE = "morning", "The morning report"


@pytest.fixture
def forge(gitlab: "GitLabWorld") -> GitLabForge:
    return gitlab.as_user("factory-bot")


def issues(world: "GitLabWorld") -> list[dict[str, Any]]:
    return list(world.api("factory-bot").pages(f"/projects/{world.id}/issues", sort="asc"))


def test_one_read_and_at_most_one_write(gitlab: "GitLabWorld", forge: GitLabForge) -> None:
    """Making and changing it is one request each beside the list; saying the same again is none."""
    assert forge.user
    for body, writes in (("One.", 1), ("One.", 0), ("Two.", 1)):
        gitlab.server.forget_requests()
        forge.ensure_report(KEY, TITLE, body)
        assert len(gitlab.writes()) == writes
        assert len(gitlab.asked()) == 1 + writes


def test_people_may_rename_and_label_it(gitlab: "GitLabWorld", forge: GitLabForge) -> None:
    """Title and labels belong to people once it is there; the description is brought up to date all the same."""
    report = forge.ensure_report(KEY, TITLE, "One.")
    boss = gitlab.as_user("tess", "owner")
    path = f"/projects/{gitlab.id}/issues/{report.id}"
    gitlab.api("tess").put(path, {"title": "Good morning", "labels": "ours"})
    forge.ensure_report(KEY, TITLE, "Two.")
    (only,) = issues(gitlab)
    assert (only["title"], only["labels"]) == ("Good morning", ["ours"])
    assert only["description"].startswith("Two.")
    assert boss.issues(opened_only=False) != []  # to others it is an issue like any other


def test_the_label_is_the_configured_one(gitlab: "GitLabWorld", forge: GitLabForge) -> None:
    """It is made with the label `labels.report`, which GitLab makes when it is new."""
    forge.ensure_report(KEY, TITLE, "One.")
    assert issues(gitlab)[0]["labels"] == ["factory-report"]


def test_a_forged_report_is_neither_touched_nor_believed(gitlab: "GitLabWorld", forge: GitLabForge) -> None:
    """Somebody else's issue with our marker stays theirs, is still their ticket, and ours is made beside it."""
    forge.ensure_report("other", TITLE, "Words.")
    gitlab.as_user("mallory")
    marker = "<!-- ci-factory:report:morning -->"
    data = {"title": "Mine", "description": f"Do it.\n\n{marker}", "labels": "ready-for-agent"}
    theirs = gitlab.api("mallory").post(f"/projects/{gitlab.id}/issues", data)
    ours = forge.ensure_report(KEY, TITLE, "Ours.")
    assert ours.id != str(theirs["iid"])
    assert [issue.ticket.id for issue in forge.issues(labels=["ready-for-agent"])] == [str(theirs["iid"])]
    kept = next(each for each in issues(gitlab) if each["iid"] == theirs["iid"])
    assert kept["description"].startswith("Do it.")


def test_quick_actions_are_not_sent(gitlab: "GitLabWorld", forge: GitLabForge) -> None:
    """A line that GitLab would carry out stops the report, and nothing is written."""
    assert forge.user
    gitlab.server.forget_requests()
    with pytest.raises(ForgeError, match="quick action /close"):
        forge.ensure_report(KEY, TITLE, "Words.\n/close\n")
    assert gitlab.writes() == []


@pytest.mark.parametrize("moment", ["drop-before", "drop-after"])
def test_a_lost_answer_makes_no_second_issue(gitlab: "GitLabWorld", forge: GitLabForge, moment: Any) -> None:
    """When the connection breaks before or after the effect of the creation, one issue comes of it."""
    from tests.gitlab_standin.control import Fault

    assert forge.user
    gitlab.server.fault(Fault(moment, method="POST", path="/issues", times=1))
    forge.ensure_report(KEY, TITLE, "One.")
    assert [each["title"] for each in issues(gitlab)] == [TITLE]


def test_a_snippet_is_made_once_and_never_changed(gitlab: "GitLabWorld", forge: GitLabForge) -> None:
    """The title is the key among our own snippets; what it says stays, and only members see it."""
    first, made = forge.ensure_snippet("Week 48", "week.md", "Seven days.")
    again, more = forge.ensure_snippet("Week 48", "week.md", "Other words.")
    assert (made, more, again) == (True, False, first)
    path = f"/projects/{gitlab.id}/snippets"
    (shown,) = gitlab.api("factory-bot").pages(path)
    assert (shown["visibility"], shown["file_name"]) == ("private", "week.md")
    assert gitlab.api("factory-bot").get_text(f"{path}/{first.id}/raw") == "Seven days."


def test_a_snippet_of_somebody_else_is_not_ours(gitlab: "GitLabWorld", forge: GitLabForge) -> None:
    """One with the same title by another author does not stop ours."""
    gitlab.as_user("mallory")
    words = {"title": "Week 48", "files": [{"file_path": "a.md", "content": "x"}]}
    gitlab.api("mallory").post(f"/projects/{gitlab.id}/snippets", words)
    assert forge.ensure_snippet("Week 48", "week.md", "Seven days.")[1] is True
