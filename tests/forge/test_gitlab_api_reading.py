"""Reading from GitLab's API: what is asked, what comes back, and what a broken or hostile server can't do."""

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from ci_factory.errors import ArtifactError, Conflict, ForgeError
from ci_factory.forge.gitlab.api import Api
from ci_factory.forge.gitlab.errors import NotFound, QueryError, Refused
from ci_factory.model.forge_settings import Rates
from ci_factory.system.clock import ManualClock, SystemClock
from tests.forge.scripted_server import Reply, ScriptedServer, scripted_server

TOKEN = "glpat-c0ffee-0123456789"  # noqa: S105 - of nobody
START = datetime(2026, 3, 2, 18, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A server that answers as told."""
    with scripted_server() as running:
        yield running


@pytest.fixture
def api(server: ScriptedServer) -> Api:
    """A connection to it, for which time passes at once."""
    return Api.open(server.url, TOKEN, clock=ManualClock(START))


def test_get_asks_below_the_api_with_the_token_and_returns_json(server: ScriptedServer, api: Api) -> None:
    """A path reaches the server as it was encoded, the query as GitLab reads it, the token in its own header."""
    server.plays(Reply(body={"iid": 3}))
    query: dict[str, Any] = {"labels": "a,b", "iids": [1, 2], "none": None, "draft": True, "since": START}
    assert api.get("/projects/group%2Fname/issues/3", **query) == {"iid": 3}
    seen = server.seen[0]
    assert seen.raw_path == "/api/v4/projects/group%2Fname/issues/3"
    assert seen.headers["PRIVATE-TOKEN"] == TOKEN
    assert dict(seen.query) == {
        "labels": ["a,b"],
        "iids[]": ["1", "2"],
        "draft": ["true"],
        "since": ["2026-03-02T18:00:00+00:00"],
    }


@pytest.mark.parametrize(
    "path", ["/a/../b", "/a/%2e%2e/b", "a", "//evil.example", "/a?b=c", "/a b", "/a\r\nX: y", "/a#b"]
)
def test_path_that_is_not_encoded_is_never_sent(server: ScriptedServer, api: Api, path: str) -> None:
    """What could climb out of the API or smuggle a query is refused here."""
    with pytest.raises(ForgeError, match="not a path of the API"):
        api.get(path)
    assert server.seen == []


@pytest.mark.parametrize(
    "body", [b"<html>sign in</html>", b"", b'"text"', b"12", b"[1,", b'{"a": NaN}', b"[" * 100_000]
)
def test_answer_that_is_no_json_object_or_list_is_an_error(
    server: ScriptedServer, api: Api, body: bytes
) -> None:
    """A login page, a scalar or nesting without end is named as what it is not."""
    server.plays(Reply(body=body))
    with pytest.raises(ForgeError, match="the answer is not JSON"):
        api.get("/version")


def test_pages_follow_the_servers_links_on_our_own_host(server: ScriptedServer, api: Api) -> None:
    """Only the query of a link counts: a wrong host in it gets neither a request nor the token. Short pages are no end."""
    link = '<https://elsewhere.example/api/v4/x?cursor=c%3D{}&per_page=100>; rel="next", <https://e/>; rel="first"'
    server.plays(
        Reply(body=[{"id": 1}], headers={"Link": link.format(1)}),
        Reply(body=[], headers={"Link": link.format(2)}),
        Reply(body=[{"id": 2}, {"id": 3}], headers={"Link": '<https://e/>; rel="first"'}),
    )
    assert [each["id"] for each in api.pages("/x", sort="asc")] == [1, 2, 3]
    assert [dict(each.query) for each in server.seen] == [
        {"per_page": ["100"], "sort": ["asc"]},
        {"per_page": ["100"], "cursor": ["c=1"]},
        {"per_page": ["100"], "cursor": ["c=2"]},
    ]


def test_pages_follow_the_page_number_when_there_is_no_link(server: ScriptedServer, api: Api) -> None:
    """Behind a proxy that drops Link, GitLab's own header tells the next page."""
    server.plays(
        Reply(body=[{"id": 1}], headers={"X-Next-Page": "2"}),
        Reply(body=[{"id": 2}], headers={"X-Next-Page": ""}),
    )
    assert [each["id"] for each in api.pages("/x", sort="asc")] == [1, 2]
    assert dict(server.seen[1].query) == {"per_page": ["100"], "sort": ["asc"], "page": ["2"]}


def test_page_that_is_its_own_next_is_an_error(server: ScriptedServer, api: Api) -> None:
    """A server that sends us in circles does not hold us."""
    server.plays(Reply(body=[], headers={"X-Next-Page": "2"}))
    with pytest.raises(ForgeError, match="no end"):
        list(api.pages("/x"))


@pytest.mark.parametrize("body", [{"id": 1}, [1, 2], [[{}]]])
def test_page_that_is_no_list_of_objects_is_an_error(server: ScriptedServer, api: Api, body: object) -> None:
    """Nobody gets to handle what GitLab never sends."""
    server.plays(Reply(body=body))
    with pytest.raises(ForgeError, match="not a list of objects"):
        list(api.pages("/x"))


def test_answer_without_end_is_cut_off(server: ScriptedServer, api: Api) -> None:
    """A server that never stops sending fills neither memory nor time."""
    server.plays(Reply(endless=True))
    with pytest.raises(ForgeError, match="larger than 33554432 bytes"):
        api.get("/version")
    assert server.sent_bytes < 64 * 1024 * 1024


def test_error_without_end_is_cut_off(server: ScriptedServer, api: Api) -> None:
    """The body of a refusal is not read whole either."""
    server.plays(Reply(status=400, endless=True))
    with pytest.raises(ForgeError, match="GitLab says 400: xxx"):
        api.get("/version")
    assert server.sent_bytes < 16 * 1024 * 1024


def test_answer_in_drops_is_given_up(server: ScriptedServer) -> None:
    """Bytes that come one by one, each in time, do not hold us longer than an answer may take."""
    rates = Rates(answer_seconds=0.2, tries=1)
    api = Api.open(server.url, TOKEN, clock=SystemClock(), rates=rates)
    server.plays(Reply(endless=True))
    with pytest.raises(ForgeError, match=r"the answer took longer than 0\.2 s"):
        api.get_bytes("/x", limit=1 << 50)


def test_silent_server_is_given_up(server: ScriptedServer) -> None:
    """A connection that is open and says nothing ends after the time-out for reading."""
    api = Api.open(server.url, TOKEN, clock=SystemClock(), rates=Rates(read_seconds=0.1, tries=1))
    server.plays(Reply(pause=30))
    with pytest.raises(ForgeError, match="Read timed out"):
        api.get("/version")


def test_bytes_up_to_the_limit(server: ScriptedServer, api: Api) -> None:
    """An artifact as large as the limit comes whole, one byte more is an error that says so."""
    server.plays(Reply(body=b"\x00" * 1000))
    assert api.get_bytes("/jobs/1/artifacts", limit=1000) == b"\x00" * 1000
    with pytest.raises(ArtifactError, match="larger than 999 bytes"):
        api.get_bytes("/jobs/1/artifacts", limit=999)


def test_text_is_decoded_whatever_it_is(server: ScriptedServer, api: Api) -> None:
    """A job log of any bytes is text, and our token in it is not."""
    server.plays(Reply(body=b"caf\xc3\xa9 \xff " + TOKEN.encode()))
    assert api.get_text("/jobs/1/trace") == "café \ufffd [token]"


def test_file_on_another_host_is_fetched_without_the_token(server: ScriptedServer, api: Api) -> None:
    """Object storage gets the request for an artifact, and not our token."""
    with scripted_server() as storage:
        storage.plays(Reply(body=b"zip"))
        server.plays(Reply(status=302, headers={"Location": f"{storage.url}/bucket/1?signature=s"}))
        assert api.get_bytes("/jobs/1/artifacts", limit=100) == b"zip"
        seen = storage.seen[0]
    assert dict(seen.query) == {"signature": ["s"]}
    assert "PRIVATE-TOKEN" not in seen.headers
    assert "Authorization" not in seen.headers


@pytest.mark.parametrize("call", ["get", "put", "post", "delete"])
def test_api_that_is_sent_elsewhere_is_an_error(server: ScriptedServer, api: Api, call: str) -> None:
    """No other host is asked for JSON or told to write, with or without the token."""
    with scripted_server() as other:
        server.plays(Reply(status=307, headers={"Location": f"{other.url}/api/v4/x"}))
        with pytest.raises(ForgeError, match="GitLab has another address"):
            getattr(api, call)("/x", *([{}] if call in {"put", "post"} else []))
        assert other.seen == []


def test_redirect_on_the_same_host_is_followed(server: ScriptedServer, api: Api) -> None:
    """A project that moved is found where it is now, with the token; circles end."""
    server.answer = lambda seen: (
        Reply(status=301, headers={"Location": "/api/v4/projects/9"})
        if seen.path.endswith("/old")
        else Reply(body={"id": 9})
    )
    assert api.get("/projects/old") == {"id": 9}
    assert server.seen[1].headers["PRIVATE-TOKEN"] == TOKEN
    server.plays(Reply(status=302, headers={"Location": "/api/v4/version"}))
    with pytest.raises(ForgeError, match="redirects without end"):
        api.get("/version")


def test_cookies_are_not_kept(server: ScriptedServer, api: Api) -> None:
    """A session of GitLab's web pages never joins the token."""
    server.plays(Reply(body={}, headers={"Set-Cookie": "_gitlab_session=1; Path=/"}))
    api.get("/version")
    api.get("/version")
    assert "Cookie" not in server.seen[1].headers


REFUSALS: list[tuple[int, object, type[ForgeError], str]] = [
    (400, {"message": {"title": ["can't be blank", "is odd"]}}, ForgeError, "title: can't be blank, is odd"),
    (401, {"message": "401 Unauthorized"}, Refused, "does not accept the token: 401 Unauthorized"),
    (403, {"message": "403 Forbidden"}, Refused, "forbids it: 403 Forbidden"),
    (404, {"message": "404 Project Not Found"}, NotFound, "does not find it: 404 Project Not Found"),
    (409, {"message": ["Another open merge request exists: !7"]}, Conflict, "exists: !7"),
    (412, {"message": "412 Precondition Failed"}, Conflict, "412"),
    (422, {"error": "sha is \x1b[31mbad\u202e"}, ForgeError, "GitLab says 422: sha is bad"),
    (405, b"<html><style>x{}</style><h1>No\n</h1></html>", ForgeError, "GitLab says 405: No"),
    (400, [[[[[[["deep"]]]]]]], ForgeError, "says nothing"),
]


@pytest.mark.parametrize(("status", "body", "kind", "words"), REFUSALS)
def test_refusal_repeats_gitlabs_words_cleaned(
    server: ScriptedServer, api: Api, status: int, body: object, kind: type[ForgeError], words: str
) -> None:
    """Each status has its error, which says what GitLab says and carries nothing a terminal would obey."""
    server.plays(Reply(status=status, body=body))
    with pytest.raises(ForgeError) as caught:
        api.get("/projects/7")
    assert type(caught.value) is kind
    assert words in caught.value.what
    assert caught.value.what.isprintable()
    assert caught.value.where == "GET /projects/7"
    assert len(server.seen) == 1


def test_missing_scope_is_named_with_its_remedy(server: ScriptedServer, api: Api) -> None:
    """A token that may not write says which scope it lacks."""
    body = {
        "error": "insufficient_scope",
        "error_description": "needs higher privileges",
        "scope": "api write",
    }
    server.plays(Reply(status=403, body=body))
    with pytest.raises(Refused, match="lacks a scope: needs higher privileges") as caught:
        api.put("/x", {})
    assert (caught.value.status, caught.value.scope) == (403, "api write")
    assert "`api write`" in caught.value.fix


@pytest.mark.parametrize("status", [405, 406, 409, 422])
def test_merge_that_cannot_be_is_a_conflict(server: ScriptedServer, api: Api, status: int) -> None:
    """Whatever status a version of GitLab says it with."""
    server.plays(Reply(status=status, body={"message": "no"}))
    with pytest.raises(Conflict):
        api.put("/projects/7/merge_requests/3/merge", {"sha": "0"})


def test_query_returns_its_data(server: ScriptedServer, api: Api) -> None:
    """GraphQL is asked beside the REST API, with variables as they are."""
    server.plays(Reply(body={"data": {"project": None}}))
    assert api.graphql("query($p: ID!) { project(fullPath: $p) { id } }", {"p": "a/b"}) == {"project": None}
    assert server.seen[0].raw_path == "/api/graphql"
    assert server.seen[0].data["variables"] == {"p": "a/b"}


@pytest.mark.parametrize(
    ("errors", "said"),
    [
        ([{"message": "Field 'x' doesn't exist on type 'Issue'"}], "Field 'x' doesn't exist on type 'Issue'"),
        (["odd\u202e"], "odd"),
        ({"message": 1}, "1"),
    ],
)
def test_query_with_errors_names_them(server: ScriptedServer, api: Api, errors: object, said: str) -> None:
    """Data beside errors is not believed; the words are there for who can do with less."""
    server.plays(Reply(body={"data": {"project": {}}, "errors": errors}))
    with pytest.raises(QueryError) as caught:
        api.graphql("{ x }", {})
    assert caught.value.messages == (said,)


@pytest.mark.parametrize("body", [[], {}, {"data": None}, {"data": []}])
def test_query_without_data_is_an_error(server: ScriptedServer, api: Api, body: object) -> None:
    """An answer of another shape is none."""
    server.plays(Reply(body=body))
    with pytest.raises(ForgeError, match="not an answer to the query"):
        api.graphql("{ x }", {})


def test_pages_are_asked_for_only_when_reached(server: ScriptedServer, api: Api) -> None:
    """Who needs the first item pays for the first page."""
    numbers: Callable[[], int] = itertools.count(2).__next__
    server.answer = lambda _: Reply(body=[{"id": 1}], headers={"X-Next-Page": str(numbers())})
    assert next(api.pages("/x")) == {"id": 1}
    assert len(server.seen) == 1
