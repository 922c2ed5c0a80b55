"""Rate limits, failures and lost answers: what waits, what is repeated, and what never is."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from ci_factory.errors import ForgeError
from ci_factory.forge.gitlab.api import Api
from ci_factory.forge.gitlab.errors import NotFound
from ci_factory.model.forge_settings import Rates
from ci_factory.system.clock import ManualClock
from tests.forge.scripted_server import Reply, ScriptedServer, Seen, scripted_server

START = datetime(2026, 3, 2, 18, tzinfo=UTC)
DROPPED = Reply(drop=True)
DOWN = Reply(status=502, body=b"Bad Gateway")


@dataclass
class Watched:
    """A connection for which time passes at once, and what it waited for."""

    clock: ManualClock = field(default_factory=lambda: ManualClock(START))
    waits: list[tuple[float, str]] = field(default_factory=list)

    def open(self, url: str, **rates: Any) -> Api:
        """A connection with these settings."""

        def on_wait(seconds: float, why: str) -> None:
            self.waits.append((seconds, why))

        return Api.open(url, "glpat-x", clock=self.clock, rates=Rates(**rates), seed=7, on_wait=on_wait)

    @property
    def waited(self) -> float:
        """Seconds in all."""
        return sum(seconds for seconds, _ in self.waits)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A server that answers as told."""
    with scripted_server() as running:
        yield running


@pytest.fixture
def watched() -> Watched:
    """Time that passes at once, and is told."""
    return Watched()


@pytest.mark.parametrize("call", ["get", "put", "delete", "graphql"])
@pytest.mark.parametrize("trouble", [DOWN, DROPPED, Reply(body={}, cut=True), Reply(status=408)])
def test_what_may_be_repeated_is(server: ScriptedServer, watched: Watched, call: str, trouble: Reply) -> None:
    """A read, a setting and a deletion outlive answers of 5xx, broken connections and answers cut short."""
    api = watched.open(server.url)
    server.plays(trouble, trouble, Reply(body={"data": {"a": 1}}))
    arguments: dict[str, tuple[Any, ...]] = {"put": ("/x", {}), "graphql": ("{ a }", {})}
    getattr(api, call)(*arguments.get(call, ("/x",)))
    assert len(server.seen) == 3
    assert [why.split(":")[0] for _, why in watched.waits] == ["another try"] * 2


def test_tries_are_bounded_and_the_last_words_told(server: ScriptedServer, watched: Watched) -> None:
    """A request that always fails ends with an error, though the server is well otherwise."""
    api = watched.open(server.url, tries=4)
    server.answer = lambda seen: Reply(body={}) if seen.path.endswith("/version") else DOWN
    with pytest.raises(ForgeError, match="GitLab failed 4 times: it says 502: Bad Gateway") as caught:
        api.get("/x")
    assert caught.value.where == "GET /x"
    assert len(server.seen) == 4


def test_refusal_is_not_repeated(server: ScriptedServer, watched: Watched) -> None:
    """What GitLab has decided it decides again."""
    api = watched.open(server.url)
    server.plays(Reply(status=400, body={"message": "no"}))
    with pytest.raises(ForgeError, match="GitLab says 400: no"):
        api.put("/x", {})
    assert len(server.seen) == 1


def test_resource_lock_is_waited_for(server: ScriptedServer, watched: Watched) -> None:
    """The one 409 that is no conflict: another request of somebody holds the same thing."""
    api = watched.open(server.url)
    server.plays(Reply(status=409, body={"message": "409 Resource lock"}), Reply(body={"id": 1}))
    assert api.post("/x", {}) == {"id": 1}


def test_server_that_says_when_it_is_back_is_believed(server: ScriptedServer, watched: Watched) -> None:
    """A 503 with Retry-After, as in maintenance, is waited for as long as it says; not for a day."""
    api = watched.open(server.url)
    server.plays(Reply(status=503, headers={"Retry-After": "90"}), Reply(body={}))
    api.get("/x")
    assert watched.waited >= 90
    server.plays(Reply(status=503, headers={"Retry-After": "86400"}))
    with pytest.raises(ForgeError, match="it says 503"):
        api.get("/x")


def test_nothing_listening_is_an_outage_with_an_end(watched: Watched) -> None:
    """A server that is not there is asked for as long as an outage may last, then named."""
    api = watched.open("http://127.0.0.1:9", outage_minutes=3)
    with pytest.raises(ForgeError, match="GitLab does not answer since 2026-03-02 18:00"):
        api.get("/x")
    assert 120 < watched.waited <= 180


class Store:
    """A server that keeps what is posted to it, and can lose its answers."""

    def __init__(self, server: ScriptedServer, *replies: Reply, keeps: bool) -> None:
        self.kept: list[Any] = []
        self._replies, self._keeps = list(replies), keeps
        server.answer = self._answer

    def _answer(self, seen: Seen) -> Reply:
        if seen.method == "GET":
            return Reply(body=self.kept)
        trouble = self._replies.pop(0) if self._replies else None
        if trouble is None or self._keeps:
            self.kept.append(seen.data)
        return trouble or Reply(status=201, body=seen.data)

    def look(self, api: Api) -> Any:
        """What is there, as a caller's `done` does."""
        return next(iter(api.get("/things")), None)


AMBIGUOUS = [DROPPED, DOWN, Reply(status=201, body={"id": 1}, cut=True), Reply(status=201, body=b"<html>")]


@pytest.mark.parametrize("trouble", AMBIGUOUS)
def test_creation_whose_answer_was_lost_is_found(
    server: ScriptedServer, watched: Watched, trouble: Reply
) -> None:
    """When the effect is there, `done` returns it and nothing is sent again."""
    api, store = watched.open(server.url), Store(server, trouble, keeps=True)
    assert api.post("/things", {"key": "a"}, done=lambda: store.look(api)) == {"key": "a"}
    assert store.kept == [{"key": "a"}]
    assert server.count("POST") == 1


@pytest.mark.parametrize("trouble", AMBIGUOUS)
def test_creation_that_was_lost_is_repeated(server: ScriptedServer, watched: Watched, trouble: Reply) -> None:
    """When `done` finds nothing it is sent again, until it is there."""
    api, store = watched.open(server.url), Store(server, trouble, trouble, keeps=False)
    assert api.post("/things", {"key": "a"}, done=lambda: store.look(api)) == {"key": "a"}
    assert store.kept == [{"key": "a"}]
    assert server.count("POST") == 3


@pytest.mark.parametrize("trouble", AMBIGUOUS)
def test_creation_nobody_can_look_for_is_never_repeated(
    server: ScriptedServer, watched: Watched, trouble: Reply
) -> None:
    """Without `done` a lost answer is an error that says that nobody knows."""
    api, store = watched.open(server.url), Store(server, trouble, keeps=True)
    with pytest.raises(ForgeError, match="nobody knows whether GitLab did it"):
        api.post("/things", {"key": "a"})
    assert store.kept == [{"key": "a"}]


def test_last_try_is_looked_for_as_well(server: ScriptedServer, watched: Watched) -> None:
    """Before a creation is said to have failed, its effect is looked for, after the last try too."""
    api, store = watched.open(server.url, tries=1), Store(server, DROPPED, keeps=True)
    assert api.post("/things", {"key": "a"}, done=lambda: store.look(api)) == {"key": "a"}
    server.answer = lambda seen: Reply(body=[]) if seen.method == "GET" else DROPPED
    with pytest.raises(ForgeError, match="failed 1 times"):
        api.post("/things", {"key": "b"}, done=lambda: store.look(api))


def test_creation_that_took_effect_late_is_found_when_refused(
    server: ScriptedServer, watched: Watched
) -> None:
    """A second try that meets "already exists" looks once more: it may be our own first one."""
    api, looks = watched.open(server.url), iter([None, {"iid": 7}])
    server.plays(DROPPED, Reply(status=409, body={"message": "Another open merge request already exists"}))
    assert api.post("/merge_requests", {}, done=lambda: next(looks)) == {"iid": 7}


def test_creation_that_never_left_is_repeated_without_looking(watched: Watched) -> None:
    """Where nothing listens nothing can have happened."""
    api = watched.open("http://127.0.0.1:9", tries=2)
    with pytest.raises(ForgeError, match="failed 2 times: ConnectionError"):
        api.post("/things", {})


def test_deletion_whose_answer_was_lost_is_done(server: ScriptedServer, watched: Watched) -> None:
    """Gone on the second try is done; never there on the first is not."""
    api = watched.open(server.url)
    server.plays(DROPPED, Reply(status=404, body={"message": "404 Not found"}))
    api.delete("/things/1")
    server.plays(Reply(status=404, body={"message": "404 Not found"}))
    with pytest.raises(NotFound):
        api.delete("/things/1")


def test_nothing_to_say_is_none(server: ScriptedServer, watched: Watched) -> None:
    """Writes that GitLab answers with 204 return nothing."""
    api = watched.open(server.url)
    server.plays(Reply(status=204))
    assert api.post("/x", {}) is None
    assert api.put("/x", {}) is None
    api.delete("/x")


@pytest.mark.parametrize("call", ["get", "put", "post", "delete"])
def test_rate_limit_pauses_and_does_not_fail(server: ScriptedServer, watched: Watched, call: str) -> None:
    """A 429 had no effect: every request, a creation too, is sent again after the time it names."""
    api = watched.open(server.url)
    server.plays(Reply(status=429, headers={"Retry-After": "30"}), Reply(body={"id": 1}))
    getattr(api, call)("/x", *([{}] if call in {"put", "post"} else []))
    assert len(server.seen) == 2
    assert 30 <= watched.waited <= 33
    assert watched.waits[0][1] == "GitLab's rate limit"


def test_rate_limit_beyond_the_bound_is_an_error_that_says_so(
    server: ScriptedServer, watched: Watched
) -> None:
    """Nobody waits until tomorrow, nor a little for ever."""
    api = watched.open(server.url, longest_wait_minutes=1, total_wait_minutes=2)
    server.plays(Reply(status=429, headers={"Retry-After": "61"}))
    with pytest.raises(ForgeError, match="asks us to wait 61 s, longer than 60 s at once"):
        api.get("/x")
    assert watched.waits == []
    server.plays(Reply(status=429, headers={"Retry-After": "50"}))
    with pytest.raises(ForgeError, match="asks for more than 120 s in all"):
        api.get("/x")
    assert 100 <= watched.waited <= 120


def test_limit_that_says_now_for_ever_is_backed_off_from(server: ScriptedServer, watched: Watched) -> None:
    """A server that refuses and says to come back at once is not hammered."""
    api = watched.open(server.url, total_wait_minutes=10)
    server.plays(Reply(status=429, headers={"Retry-After": "0"}))
    with pytest.raises(ForgeError, match="in all"):
        api.get("/x")
    assert len(server.seen) < 20


def test_limit_on_notes_lets_reads_go_on(server: ScriptedServer, watched: Watched) -> None:
    """GitLab counts creations of notes apart; a pause of those pauses those."""
    api = watched.open(server.url)
    server.plays(Reply(status=429, headers={"Retry-After": "60"}), Reply(status=201, body={"id": 1}))
    api.post("/projects/1/issues/2/notes", {"body": "x"})
    before = watched.waited
    server.plays(Reply(status=429, headers={"Retry-After": "600"}), Reply(body={}))
    hindered = threading.Thread(target=lambda: api.post("/projects/1/issues/2/notes", {"body": "x"}))
    hindered.start()
    hindered.join()
    api.get("/x")
    assert before >= 60
    assert watched.waits[-1][0] >= 600
    assert len(server.seen) == 5


def test_budget_of_notes_keeps_us_below_the_limit(server: ScriptedServer, watched: Watched) -> None:
    """The 61st note of a minute waits for the next one; updates are not counted."""
    api = watched.open(server.url)
    server.plays(Reply(status=201, body={"id": 1}))
    for number in range(60):
        api.post("/projects/1/issues/2/notes", {"body": str(number)})
        api.put("/projects/1/issues/2/notes/1", {"body": str(number)})
    assert watched.waits == []
    api.post("/projects/1/merge_requests/2/notes", {"body": "61"})
    assert watched.waits == [(61.0, "our budget of notes a minute is used")]


def test_poisoned_request_does_not_pass_for_an_outage(server: ScriptedServer, watched: Watched) -> None:
    """A request that the server always fails on ends by itself while everything else goes on."""
    api = watched.open(server.url, outage_failures=3, tries=5)
    server.answer = lambda seen: DOWN if seen.path.endswith("/bad") else Reply(body={"ok": 1})
    with pytest.raises(ForgeError, match="failed 5 times"):
        api.get("/bad")
    assert api.get("/good") == {"ok": 1}
    assert watched.waited < 60


class Outage:
    """A server that is down until it has been probed a number of times."""

    def __init__(self, server: ScriptedServer, probes: int) -> None:
        self.left, self.calls_while_down = probes, 0
        self._lock = threading.Lock()
        server.answer = self._answer

    def _answer(self, seen: Seen) -> Reply:
        with self._lock:
            if self.left <= 0:
                return Reply(body={"ok": 1})
            if seen.path.endswith("/version"):
                self.left -= 1
            else:
                self.calls_while_down += 1
            return DOWN


def test_outage_is_probed_by_one_and_waited_for_by_all(server: ScriptedServer, watched: Watched) -> None:
    """While a server is down, threads send one probe at a time and nothing else; all of them finish afterwards."""
    api, outage, results = watched.open(server.url, outage_failures=3), Outage(server, 5), []
    threads = [threading.Thread(target=lambda: results.append(api.get("/x"))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert results == [{"ok": 1}] * 6
    assert outage.calls_while_down <= 3 + len(threads)  # those that were under way when it broke
    assert [seen.path for seen in server.seen].count("/api/v4/version") <= 6


def test_server_that_is_back_after_we_gave_up_is_found(server: ScriptedServer, watched: Watched) -> None:
    """The end of an outage is noticed by the next call, however late that is."""
    api = watched.open(server.url, outage_minutes=1, outage_failures=2)
    server.plays(DROPPED)
    with pytest.raises(ForgeError, match="does not answer"):
        api.get("/x")
    watched.clock.sleep(3600)
    server.plays(Reply(body={"ok": 1}))
    assert api.get("/x") == {"ok": 1}
