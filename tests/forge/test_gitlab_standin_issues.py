"""The stand-in's issues, labels, notes and quick actions, through python-gitlab."""

import json
from datetime import UTC, datetime

import pytest
from gitlab.exceptions import (
    GitlabCreateError,
    GitlabDeleteError,
    GitlabGetError,
    GitlabHttpError,
    GitlabUpdateError,
)

from tests.gitlab_standin.example import Example
from tests.gitlab_standin.fixtures import place, server, tokens

__all__ = ["place", "server", "tokens"]
AT = datetime(2026, 3, 2, 18, tzinfo=UTC)


def label_events(issue: object) -> list[tuple[str, str]]:
    found = issue.resourcelabelevents.list(get_all=True)  # type: ignore[attr-defined] # python-gitlab types no managers
    return [(event.action, event.label["name"]) for event in found]


def test_an_issue_comes_back_as_it_went_in(place: Example) -> None:
    """Title, text, labels, date, assignee and author are kept; the number counts up; the clock is the server's."""
    place.server.clock(AT)
    dora = place.client("dora").users.list(username="dora")[0]
    made = place.project().issues.create(
        {
            "title": "Broken",
            "description": "It is.",
            "labels": "b,a",
            "due_date": "2026-03-09",
            "assignee_ids": [dora.id],
        }
    )
    read = place.project("rita").issues.get(1)
    assert (made.iid, read.title, read.description, read.labels) == (1, "Broken", "It is.", ["a", "b"])
    assert (read.due_date, read.assignee["username"], read.author["username"]) == (
        "2026-03-09",
        "dora",
        "dora",
    )
    assert read.created_at == "2026-03-02T18:00:00.000Z"
    assert place.project().issues.create({"title": "Next"}).iid == 2


def test_only_an_owner_chooses_the_number(place: Example) -> None:
    """`iid` is taken from an owner, refused when taken, and ignored from others."""
    assert place.project("olga").issues.create({"title": "x", "iid": 42}).iid == 42
    assert place.project("dora").issues.create({"title": "x", "iid": 7}).iid == 43
    with pytest.raises(GitlabCreateError) as caught:
        place.project("olga").issues.create({"title": "x", "iid": 42})
    assert caught.value.response_code == 409


def test_a_title_is_needed(place: Example) -> None:
    """Missing and blank titles are refused in GitLab's two forms."""
    with pytest.raises(GitlabHttpError) as missing:
        place.client("dora").http_post(f"/projects/{place.id}/issues", post_data={"labels": "a"})
    assert (missing.value.response_code, missing.value.error_message) == (400, "title is missing")
    with pytest.raises(GitlabCreateError) as blank:
        place.project().issues.create({"title": " "})
    assert blank.value.response_code == 400
    assert json.loads(blank.value.response_body or b"") == {"message": {"title": ["can't be blank"]}}


def test_issues_are_listed_by_all_of_their_labels(place: Example) -> None:
    """Several labels mean all; `not`, None and Any work; state and order too."""
    project = place.project()
    for title, labels in (("one", "x,y"), ("two", "x"), ("three", "")):
        project.issues.create({"title": title, "labels": labels})

    def titles(**query: object) -> list[str]:
        ordered = {"order_by": "created_at", "sort": "asc"} | query
        found = project.issues.list(get_all=True, query_parameters=ordered)
        return [issue.title for issue in found]

    assert titles(labels="x,y") == ["one"]
    assert titles(labels="x") == ["one", "two"]
    assert titles(labels="None") == ["three"]
    assert titles(labels="Any") == ["one", "two"]
    assert titles(**{"labels": "x", "not[labels]": "y"}) == ["two"]
    project.issues.update(2, {"state_event": "close"})
    assert titles(state="opened") == ["one", "three"]
    assert titles(state="closed") == ["two"]
    assert titles(search="THRE") == ["three"]


def test_scoped_labels_exclude_each_other(place: Example) -> None:
    """Adding `a::2` takes `a::1` away, with an event each: what is added first, as GitLab writes them."""
    issue = place.project().issues.create({"title": "x", "labels": "a::1,b,c::d::1"})
    place.project().issues.update(1, {"add_labels": "a::2,c::d::2,c::e"})
    assert place.project().issues.get(1).labels == ["a::2", "b", "c::d::2", "c::e"]
    assert label_events(issue)[3:] == [
        ("add", "a::2"),
        ("add", "c::d::2"),
        ("add", "c::e"),
        ("remove", "a::1"),
        ("remove", "c::d::1"),
    ]


def test_what_changes_nothing_leaves_no_trace(place: Example) -> None:
    """Adding a label that is there and removing one that is not makes no event and no new time."""
    place.server.clock(AT)
    issue = place.project().issues.create({"title": "x", "labels": "a"})
    place.server.clock(AT.replace(hour=19))
    place.project().issues.update(1, {"add_labels": "a", "remove_labels": "b", "title": "x"})
    again = place.project().issues.get(1)
    assert again.updated_at == issue.updated_at
    assert label_events(issue) == [("add", "a")]


def test_closing_and_reopening_leave_events(place: Example) -> None:
    """State events tell closed and reopened, not the first opening."""
    issue = place.project().issues.create({"title": "x"})
    for event in ("close", "close", "reopen"):
        place.project().issues.update(1, {"state_event": event})
    events = issue.resourcestateevents.list(get_all=True)
    assert [event.state for event in events] == ["closed", "reopened"]
    assert place.project().issues.get(1).closed_at is None


def test_links_block(place: Example) -> None:
    """A link has two ends, each with its own word; GraphQL knows the blockers; twice is 409."""
    project = place.project()
    for title in ("one", "two"):
        project.issues.create({"title": title})
    two = project.issues.get(2)
    two.links.create({"target_project_id": place.id, "target_issue_iid": 1, "link_type": "is_blocked_by"})
    assert [(each.iid, each.link_type) for each in two.links.list()] == [(1, "is_blocked_by")]
    assert [(each.iid, each.link_type) for each in project.issues.get(1).links.list()] == [(2, "blocks")]
    with pytest.raises(GitlabCreateError) as caught:
        two.links.create({"target_project_id": place.id, "target_issue_iid": 1, "link_type": "relates_to"})
    assert caught.value.response_code == 409
    two.links.delete(two.links.list()[0].issue_link_id)
    assert project.issues.get(1).links.list() == []


def test_time_spent_adds_up(place: Example) -> None:
    """Durations are words; a day has eight hours."""
    issue = place.project().issues.create({"title": "x"})
    issue.time_estimate("2d")
    issue.add_spent_time("1h 30m")
    issue.add_spent_time("-30m")
    stats = place.project().issues.get(1).time_stats()
    assert (stats["time_estimate"], stats["total_time_spent"]) == (57_600, 3600)
    assert (stats["human_time_estimate"], stats["human_total_time_spent"]) == ("2d", "1h")


def test_labels_are_a_resource(place: Example) -> None:
    """Made, read by name, renamed, refused twice, deleted from everything."""
    project = place.project()
    project.labels.create({"name": "risk::high", "color": "#ff0000"})
    with pytest.raises(GitlabCreateError) as twice:
        project.labels.create({"name": "risk::high", "color": "#ff0000"})
    assert twice.value.response_code == 409
    project.issues.create({"title": "x", "labels": "risk::high"})
    assert project.labels.get("risk::high").color == "#ff0000"
    project.labels.delete("risk::high")
    assert project.issues.get(1).labels == []


def test_a_deletion_can_be_bound_to_a_time(place: Example) -> None:
    """If-Unmodified-Since before the last change is 412, and nothing is gone."""
    place.server.clock(AT)
    note = place.project().issues.create({"title": "x"}).notes.create({"body": "kept"})
    header = {"If-Unmodified-Since": "Mon, 02 Mar 2026 17:00:00 GMT"}
    with pytest.raises(GitlabHttpError) as caught:
        place.client("dora").http_delete(
            f"/projects/{place.id}/issues/1/notes/{note.id}", extra_headers=header
        )
    assert caught.value.response_code == 412
    assert len(place.project().issues.get(1).notes.list()) == 1


# Notes


def test_notes_are_kept_in_order(place: Example) -> None:
    """Newest first by default; an update keeps the time of creation; others may not touch them."""
    issue = place.project().issues.create({"title": "x"})
    for body in ("one", "two"):
        issue.notes.create({"body": body})
    assert [note.body for note in issue.notes.list()] == ["two", "one"]
    first = issue.notes.list(sort="asc")[0]
    with pytest.raises(GitlabUpdateError) as caught:
        place.project("rita").issues.get(1).notes.update(first.id, {"body": "forged"})
    assert caught.value.response_code == 403
    issue.notes.update(first.id, {"body": "uno"})
    assert issue.notes.get(first.id).body == "uno"
    with pytest.raises(GitlabDeleteError):
        place.project("rita").issues.get(1).notes.delete(first.id)
    issue.notes.delete(first.id)
    with pytest.raises(GitlabGetError) as gone:
        issue.notes.get(first.id)
    assert (gone.value.response_code, gone.value.error_message) == (404, "404 Not found")


COMMANDS = (
    "/close",
    "text\n/close",
    "text\r\n/close",
    "text\r/close",
    "text\u2028/close",
    "~~~\n/close\n~~~",
    "```\n/close",
    "<details>\n/close\n</details>",
    "  /close  ",
    "/CLOSE",
)
HARMLESS = ("```\n/close\n```", "> /close", "see /close", "\\/close", "/unknown", "/usr/bin/close")


def say(place: Example, how: str, body: str) -> int:
    """Bring a text to a new issue; its iid."""
    client, issues = place.client("dora"), f"/projects/{place.id}/issues"
    issue = place.project().issues.create({"title": "x", "description": "old"})
    if how == "description":
        client.http_put(f"{issues}/{issue.iid}", post_data={"description": body})
    elif how == "create":
        client.http_post(f"{issues}/{issue.iid}/notes", post_data={"body": body})
    else:
        note = issue.notes.create({"body": "harmless"})
        client.http_put(f"{issues}/{issue.iid}/notes/{note.id}", post_data={"body": body})
    return int(issue.iid)


@pytest.mark.parametrize("how", ["create", "update", "description"])
def test_commands_are_carried_out_whoever_sent_them(place: Example, how: str) -> None:
    """A line that begins with a command closes the issue: in new and edited notes and in descriptions."""
    said = {body: say(place, how, body) for body in COMMANDS}
    still_open = [body for body, iid in said.items() if place.project().issues.get(iid).state == "opened"]
    assert still_open == []


def test_other_text_is_no_command(place: Example) -> None:
    """Fenced, quoted, escaped, mid-line and unknown words stay text."""
    for body in HARMLESS:
        issue = place.project().issues.get(say(place, "create", body))
        assert (issue.state, issue.notes.list()[0].body) == ("opened", body)


def test_texts_are_stored_as_gitlab_does(place: Example) -> None:
    """Carriage returns and white space at the end go; white space at the start stays."""
    issue = place.project().issues.create({"title": " x ", "description": "a\r\nb \n\n"})
    note = issue.notes.create({"body": "  one\r\ntwo\n\n"})
    assert (issue.title, issue.description, note.body) == ("x", "a\nb", "  one\ntwo")


def test_a_note_of_commands_alone_is_none(place: Example) -> None:
    """Creating one answers 202 and stores nothing; updating to one deletes the note."""
    issue = place.project().issues.create({"title": "x", "labels": "old"})
    client, path = place.client("dora"), f"/projects/{place.id}/issues/1/notes"
    answer = client.http_request("post", path, post_data={"body": "/unlabel ~old\n/due 2026-05-01"})
    assert (answer.status_code, answer.json()["commands_changes"]) == (
        202,
        {"unlabel": "~old", "due": "2026-05-01"},
    )
    assert issue.notes.list(activity_filter="only_comments") == []
    note = issue.notes.create({"body": "words"})
    client.http_put(f"{path}/{note.id}", post_data={"body": "/close"})
    assert issue.notes.list(activity_filter="only_comments") == []
    read = place.project().issues.get(1)
    assert (read.state, read.labels, read.due_date) == ("closed", [], "2026-05-01")


def test_a_command_needs_the_role(place: Example) -> None:
    """A guest's command is taken out of the text and does nothing."""
    place.project().issues.create({"title": "x"})
    note = place.project("gus").issues.get(1).notes.create({"body": "hello\n/close"})
    assert (note.body, place.project().issues.get(1).state) == ("hello", "opened")


def test_system_notes_tell_what_happened(place: Example) -> None:
    """A changed title leaves a system note that nobody can edit."""
    issue = place.project().issues.create({"title": "x"})
    place.project().issues.update(1, {"title": "y"})
    note = issue.notes.list()[0]
    assert (note.system, note.body) == (True, "changed title from **x** to **y**")
    with pytest.raises(GitlabUpdateError):
        place.project("max").issues.get(1).notes.update(note.id, {"body": "z"})
