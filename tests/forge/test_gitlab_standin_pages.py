"""The stand-in's pages: nothing is lost or shown twice, whatever the page size, the order and the way of paging."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.gitlab_standin.control import StandIn

COUNT = 37


class Place:
    """37 issues, some of one moment, and a session that reads them."""

    def __init__(self, server: StandIn) -> None:
        self.server = server
        self.session = requests.Session()
        self.session.headers["PRIVATE-TOKEN"] = server.user("dora")
        self.id = server.project("group/pages")
        server.member(self.id, "dora", "owner")
        self.url = f"{server.url}/api/v4/projects/{self.id}/issues"
        for number in range(COUNT):
            values: dict[str, str] = {
                "title": f"t{number % 5}",
                "created_at": f"2026-03-02T18:{number // 4:02}:00Z",
            }
            if number % 3 == 0:
                values["labels"] = "x"
            assert self.session.post(self.url, data=values, timeout=30).status_code == 201

    def graphql(self, query: str, **variables: object) -> Any:
        body: Any = {"query": query, "variables": variables}
        return self.session.post(f"{self.server.url}/api/graphql", json=body, timeout=30).json()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with StandIn.start(tmp_path_factory.mktemp("pages")) as server:
        made = Place(server)
        yield made
        made.session.close()


def follow(place: Place, **query: object) -> tuple[list[int], list[requests.Response]]:
    """Every item by the links to the next page, and the answers."""
    url, items, answers = f"{place.url}?{'&'.join(f'{k}={v}' for k, v in query.items())}", [], []
    while url:
        answer = place.session.get(url, timeout=30)
        assert answer.status_code == 200, answer.text
        items += [item["iid"] for item in answer.json()]
        answers.append(answer)
        url = answer.links.get("next", {}).get("url", "")
    return items, answers


SIZES = st.integers(1, 45)
ORDERS = st.sampled_from(["created_at", "updated_at", "title"])
SOME = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SOME
@given(
    per_page=SIZES,
    most=st.none() | SIZES,
    order=ORDERS,
    sort=st.sampled_from(["asc", "desc"]),
    keyset=st.booleans(),
    label=st.booleans(),
)
def test_pages_hold_everything_once(
    place: Place, per_page: int, most: int | None, order: str, sort: str, keyset: bool, label: bool
) -> None:
    """By number or by keyset, with pages cut short or not: every item once, in the order of one big page."""
    query: dict[str, object] = {"order_by": order, "sort": sort}
    if label:
        query["labels"] = "x"
    whole, _ = follow(place, per_page=100, **query)
    assert len(whole) == len(set(whole)) == (13 if label else COUNT)
    place.server.page_size(most)
    try:
        items, answers = follow(
            place, per_page=per_page, **query, **({"pagination": "keyset"} if keyset else {})
        )
    finally:
        place.server.page_size(None)
    assert items == whole
    size = min(per_page, most or per_page)
    assert [len(answer.json()) for answer in answers[:-1]] == [size] * (len(answers) - 1)
    if not keyset:
        assert {answer.headers["X-Total"] for answer in answers} == {str(len(whole))}
        assert [answer.headers["X-Next-Page"] for answer in answers][-1] == ""
        assert [int(answer.headers["X-Page"]) for answer in answers] == list(range(1, len(answers) + 1))


@SOME
@given(first=SIZES, most=st.none() | SIZES)
def test_graphql_pages_hold_everything_once(place: Place, first: int, most: int | None) -> None:
    """By cursor: every issue once, in order of creation, also when pages are cut short."""
    query = (
        "query($path: ID!, $first: Int, $after: String) { project(fullPath: $path) { issues(first: $first,"
        " after: $after, sort: CREATED_ASC) { count nodes { iid } pageInfo { hasNextPage endCursor } } } }"
    )
    place.server.page_size(most)
    found, after, more = [], None, True
    try:
        while more:
            told = place.graphql(query, path="group/pages", first=first, after=after)["data"]["project"][
                "issues"
            ]
            found += [int(node["iid"]) for node in told["nodes"]]
            assert told["count"] == COUNT
            more, after = told["pageInfo"]["hasNextPage"], told["pageInfo"]["endCursor"]
    finally:
        place.server.page_size(None)
    assert found == list(range(1, COUNT + 1))


def test_a_page_after_the_last_is_empty(place: Place) -> None:
    """Not an error, and without a next one."""
    answer = place.session.get(f"{place.url}?page=99", timeout=30)
    assert (answer.status_code, answer.json(), answer.headers["X-Next-Page"]) == (200, [], "")
    assert "next" not in answer.links


def test_at_most_a_hundred_on_a_page(place: Place) -> None:
    """GitLab's limit, also when more is asked for; the token is in no link."""
    token = str(place.session.headers["PRIVATE-TOKEN"])
    answer = place.session.get(f"{place.url}?per_page=500&private_token={token}", timeout=30)
    assert answer.headers["X-Per-Page"] == "100"
    assert token not in answer.headers["Link"]


def test_keyset_is_not_for_everything(place: Place) -> None:
    """Where GitLab has none it says so."""
    answer = place.session.get(f"{place.url}/1/notes?pagination=keyset", timeout=30)
    assert answer.status_code == 405


def test_graphql_says_what_is_wrong(place: Place) -> None:
    """Errors come with status 200; a field of another edition is named as GitLab does."""
    query = '{ project(fullPath: "group/pages") { issues { nodes { blockedByIssues { nodes { iid } } } } } }'
    assert "errors" not in place.graphql(query)
    place.server.edition(enterprise=False)
    try:
        errors = place.graphql(query)["errors"]
    finally:
        place.server.edition(enterprise=True)
    assert errors[0]["message"] == "Field 'blockedByIssues' doesn't exist on type 'Issue'"
    assert place.graphql("{ nonsense")["errors"][0]["message"].startswith("Syntax Error")


def test_graphql_tells_about_merge_requests_and_people(place: Place) -> None:
    """What the REST API shows of a project is there too, and nothing for who may not see it."""
    query = (
        "query($path: ID!, $any: [String!]) { currentUser { username bot } project(fullPath: $path) { id archived"
        " repository { rootRef } issues(state: opened, or: { labelNames: $any }) { count }"
        " mergeRequests(state: opened) { nodes { iid diffHeadSha } } } }"
    )
    told = place.graphql(query, path="group/pages", any=["x", "none"])["data"]
    assert told["currentUser"] == {"username": "dora", "bot": False}
    assert told["project"] == {
        "id": f"gid://gitlab/Project/{place.id}",
        "archived": False,
        "repository": {"rootRef": "main"},
        "issues": {"count": 13},
        "mergeRequests": {"nodes": []},
    }
    assert place.graphql(query, path="group/none")["data"]["project"] is None
    assert re.fullmatch(
        r"\d+\.\d+\.\d+-ee", place.graphql("{ metadata { version } }")["data"]["metadata"]["version"]
    )
