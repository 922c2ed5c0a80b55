"""The stand-in's troubles on order: late, refused, unanswered, stale; its limits; its record of requests."""

import time
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from gitlab.exceptions import GitlabHttpError

from tests.gitlab_standin.control import Fault
from tests.gitlab_standin.example import Example, PushRefused
from tests.gitlab_standin.fixtures import place, server, tokens

__all__ = ["place", "server", "tokens"]


def post_issue(place: Example, title: str = "x") -> Any:
    return place.client("dora").http_post(f"/projects/{place.id}/issues", post_data={"title": title})


def titles(place: Example) -> list[str]:
    return [issue.title for issue in place.project().issues.list(get_all=True, sort="asc")]


@pytest.mark.parametrize(("what", "left"), [("drop-before", []), ("drop-after", ["x"])])
def test_a_dropped_request_is_not_answered(place: Example, what: Any, left: list[str]) -> None:
    """The connection is lost before or after the effect; the record tells which."""
    place.server.fault(Fault(what, "POST", r"/issues$", times=1))
    place.server.forget_requests()
    with pytest.raises(requests.ConnectionError):
        post_issue(place)
    record = place.server.requests()[-1]
    assert (record.method, record.fault, record.effect) == ("POST", what, bool(left))
    assert record.status == (201 if left else None)
    assert titles(place) == left
    post_issue(place, "after")
    assert titles(place) == [*left, "after"]


def test_a_dropped_push_has_arrived(place: Example) -> None:
    """git's POST is done, its answer lost."""
    place.server.fault(Fault("drop-after", "POST", "git-receive-pack", times=1))
    with pytest.raises(PushRefused):
        place.push("change", {"a.txt": "1"})
    assert place.project().branches.get("change").commit["id"] == place.git("rev-parse", "HEAD")


def test_a_status_on_order(place: Example) -> None:
    """The answer has the status and headers asked for; nothing is done; `skip` and `times` count matches."""
    place.server.fault(Fault("status", "POST", status=429, headers={"Retry-After": "7"}, skip=1, times=1))
    post_issue(place, "one")
    with pytest.raises(GitlabHttpError) as caught:
        place.client("dora").http_post(
            f"/projects/{place.id}/issues", post_data={"title": "two"}, obey_rate_limit=False, max_retries=0
        )
    assert caught.value.response_code == 429
    post_issue(place, "three")
    assert titles(place) == ["one", "three"]


def test_latency(place: Example) -> None:
    """The answer comes later, and is right."""
    place.server.fault(Fault("latency", seconds=0.3, path="/version", times=1))
    client = place.client("dora")
    start = time.monotonic()
    assert client.version()[0].startswith("18")
    assert time.monotonic() - start >= 0.3


def test_chance_is_repeatable(place: Example) -> None:
    """The same seed hits the same requests, about as many as its probability says."""

    def hits() -> list[bool]:
        place.server.clear_faults()
        place.server.fault(Fault("status", path="/version", probability=0.4, seed=5))
        place.server.forget_requests()
        for _ in range(40):
            requests.get(f"{place.server.url}/api/v4/version", timeout=30)
        return [record.fault == "status" for record in place.server.requests()]

    first = hits()
    assert first == hits()
    assert 5 < sum(first) < 30


def test_stale_reads_show_the_state_before_the_last_write(place: Example) -> None:
    """Issues, GraphQL and branches come from before it; the next write moves on; then it is over."""
    place.server.fault(Fault("stale", "GET"))
    place.server.fault(Fault("stale", "POST", "graphql"))
    post_issue(place, "one")
    assert titles(place) == []
    post_issue(place, "two")
    assert titles(place) == ["one"]
    query = f'{{ project(fullPath: "{place.path}") {{ issues {{ count }} }} }}'
    answer = place.client("dora").http_request(
        "post", f"{place.server.url}/api/graphql", post_data={"query": query}
    )
    assert answer.json()["data"]["project"]["issues"]["count"] == 1
    assert titles(place) == ["one"]
    place.push("change", {"a.txt": "1"})
    assert [branch.name for branch in place.project().branches.list()] == ["main"]
    place.server.clear_faults()
    assert titles(place) == ["one", "two"]
    assert [branch.name for branch in place.project().branches.list()] == ["change", "main"]


# Limits


def test_notes_have_their_limit(place: Example) -> None:
    """Creations count, updates do not; 429 has Retry-After to the next minute of the server's clock."""
    at = datetime(2026, 3, 2, 18, 0, 15, tzinfo=UTC)
    place.server.clock(at)
    place.server.limits(notes_per_minute=2)
    issue = place.project().issues.create({"title": "x"})
    notes = f"/projects/{place.id}/issues/1/notes"
    url, headers = f"{place.server.url}/api/v4{notes}", {"PRIVATE-TOKEN": place.tokens["dora"]}
    first = issue.notes.create({"body": "one"})
    issue.notes.create({"body": "two"})
    issue.notes.update(first.id, {"body": "uno"})
    refused = requests.post(url, json={"body": "three"}, headers=headers, timeout=30)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "45")
    assert "too many times" in refused.json()["message"]["error"]
    place.server.clock(at.replace(minute=1))
    assert requests.post(url, json={"body": "three"}, headers=headers, timeout=30).status_code == 201


def test_the_api_has_its_limit(place: Example) -> None:
    """Quota headers count down; the refusal is plain text; another user has a limit of their own."""
    place.server.clock(datetime(2026, 3, 2, 18, tzinfo=UTC))
    place.server.limits(api_per_minute=2)

    def get(name: str) -> requests.Response:
        headers = {"PRIVATE-TOKEN": place.tokens[name]}
        return requests.get(f"{place.server.url}/api/v4/version", headers=headers, timeout=30)

    left = [get("dora").headers["RateLimit-Remaining"] for _ in range(2)]
    refused = get("dora")
    assert left == ["1", "0"]
    assert (refused.status_code, refused.text, refused.headers["Retry-After"]) == (429, "Retry later\n", "60")
    reset = datetime(2026, 3, 2, 18, 1, tzinfo=UTC).timestamp()
    assert int(refused.headers["RateLimit-Reset"]) == reset
    assert get("max").status_code == 200


def test_issues_have_their_limit(place: Example) -> None:
    """More creations than allowed are 429."""
    place.server.clock(datetime(2026, 3, 2, 18, tzinfo=UTC))
    place.server.limits(issues_per_minute=1)
    post_issue(place)
    url = f"{place.server.url}/api/v4/projects/{place.id}/issues"
    refused = requests.post(
        url, json={"title": "x"}, headers={"PRIVATE-TOKEN": place.tokens["dora"]}, timeout=30
    )
    assert refused.status_code == 429


def test_the_record_tells_who_did_what(place: Example) -> None:
    """Method, path, user, status, and whether anything changed; control is not recorded."""
    place.server.forget_requests()
    post_issue(place)
    client = place.client("rita")
    client.http_get(f"/projects/{place.id}/issues", query_data={"labels": "x"})
    with pytest.raises(GitlabHttpError):
        client.http_put(f"/projects/{place.id}/issues/9", post_data={"title": "y"})
    place.client("dora").http_put(f"/projects/{place.id}/issues/1", post_data={"title": "x"})
    seen = [(each.method, each.user, each.status, each.effect) for each in place.server.requests()]
    assert seen == [
        ("POST", "dora", 201, True),
        ("GET", "rita", 200, False),
        ("PUT", "rita", 404, False),
        ("PUT", "dora", 200, False),
    ]
    assert place.server.requests()[1].path == f"/api/v4/projects/{place.id}/issues?labels=x"
