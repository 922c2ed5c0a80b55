"""Nights in which vendors refuse, agents are missing and people are needed: on a simulated clock, with real agents and git."""

import json
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ci_factory import config as configuration
from ci_factory import workflow
from ci_factory.config import AgentConfig
from ci_factory.errors import Interrupted
from ci_factory.forge.local import LocalForge
from ci_factory.metrics.collect import collect
from ci_factory.model.attempt import Attempt, Ending
from ci_factory.model.batch import Batch, BatchStatus
from ci_factory.model.breakers import BreakerState
from ci_factory.model.ticket import Size, Ticket
from ci_factory.system import records
from ci_factory.system.clock import ManualClock
from ci_factory.system.git import Git
from ci_factory.system.layout import BatchFolder, Layout
from ci_factory.workflow import planning
from ci_factory.workflow.factory import Factory, Silence
from ci_factory.workflow.patience import patiently
from ci_factory.workflow.stations import Station
from tests.forge.conftest import SOMEBODY, START

CLIENT = """
import json, os, pathlib, sys, urllib.error, urllib.request
url, name = sys.argv[1:]
ticket = json.load(open(os.environ["CI_FACTORY_TICKET"]))["id"]
path = pathlib.Path(f"note-{ticket}.md")
path.write_text((path.read_text() if path.exists() else "") + "begun\\n")
try:
    urllib.request.urlopen(f"{url}/{name}/{ticket}", data=b"{}").read()
except urllib.error.HTTPError as error:
    wait = error.headers["Retry-After"]
    sys.exit(f"litellm.RateLimitError: Rate limit reached for house-1. Please try again in {wait}s.")
path.write_text(path.read_text() + f"done by {name}\\n")
"""
CONFIG = """
batch: {parallel: 5, timeout_minutes: 1}
planning: {overlap: ignore}
gates: {disabled: [semgrep, mypy, secrets, tests, ruff, dependencies, complexity, documentation, tampering]}
review: {reviewers: [rita]}
sandbox: off
"""


@dataclass
class Vendor:
    """A model's server on loopback that refuses whom it is told to, and keeps others waiting."""

    clock: ManualClock
    refusals: dict[str, int] = field(default_factory=dict)
    """By agent: how often it is still refused."""
    closed: set[str] = field(default_factory=set)
    """Agents that are refused during the first hour."""
    slow: set[str] = field(default_factory=set)
    seconds: int = 3600
    asked: list[tuple[str, str, datetime]] = field(default_factory=list)
    open: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    def answer(self, name: str, ticket: str) -> int:
        """HTTP's status for a request."""
        self.asked.append((name, ticket, self.clock.now()))
        if name in self.slow:
            self.open.wait(30)
        if name in self.closed and self.clock.now() < START + timedelta(seconds=self.seconds):
            return 429
        if self.refusals.get(name, 0) > 0:
            self.refusals[name] -= 1
            return 429
        return 200


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    """It serves until the test ends."""
    made = Vendor(ManualClock(START))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            _, name, ticket = self.path.split("/")
            self.send_response(made.answer(name, ticket))
            self.send_header("Retry-After", str(made.seconds))
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield made
    made.open.set()
    server.shutdown()
    server.server_close()


@dataclass
class Night:
    """One repository with its tickets, and the line on a clock of the test's own."""

    factory: Factory
    tickets: list[Ticket]

    def run(self) -> workflow.Outcome:
        """A run; the clock moves a minute on afterwards."""
        outcome = workflow.run(self.factory, self.tickets)
        self.factory.clock.sleep(60)
        return outcome

    def configured(self, text: str) -> None:
        """With more of a configuration from now on."""
        self.factory = replace(self.factory, config=configuration.parse(CONFIG + text))

    def states(self) -> dict[str, str]:
        """Where every ticket stands."""
        labels, forge = self.factory.config.labels, self.factory.forge
        found = forge.issues(any_label=labels.every, opened_only=False)
        return {each.ticket.id: labels.state_of(each.ticket.labels) or "" for each in found}

    def folder(self, place: int = -1) -> BatchFolder:
        """A batch, the last one by default."""
        return self.factory.layout.batches()[place]

    def attempt(self, ticket: str, place: int = -1) -> Attempt:
        """What was written about a ticket."""
        return records.read_model(self.folder(place).ticket(ticket).attempt, Attempt)

    def breakers(self, place: int = -1) -> BreakerState:
        """What the night has learned."""
        return records.read_model(self.folder(place).breakers, BreakerState)

    def events(self, kind: str) -> list[Any]:
        """Logged events, each key once."""
        return [event for event in records.read_events(self.factory.layout.events) if event.kind == kind]

    def text(self, ticket: str) -> str | None:
        """What stands in the published change of a ticket."""
        forge = self.factory.forge
        (change,) = [each for each in forge.merge_requests() if each.ticket_id == ticket]
        return self.factory.git.show(change.head, f"note-{ticket}.md")


Make = Callable[..., Night]


@pytest.fixture
def make_night(tmp_path: Path, vendor: Vendor, new_repo: Callable[..., Path]) -> Make:
    """`make_night("alpha", "beta", tickets=2, config="…")`; tickets go to the agents in turn."""
    (tmp_path / "client.py").write_text(CLIENT, encoding="utf-8")

    def agent(name: str) -> AgentConfig:
        command = f"{sys.executable} {tmp_path / 'client.py'} {vendor.url} {name}"
        if name == "ghost":
            command = "no-such-agent-anywhere"
        key = "SHARED_API_KEY" if name.startswith("shared") else f"{name.upper()}_API_KEY"
        size = Size.TRIVIAL if name == "tiny" else Size.LARGE
        return AgentConfig(name=name, adapter="command", command=command, env=(key,), max_size=size)

    def make(*agents: str, tickets: int, config: str = "") -> Night:
        repo = new_repo({"app.py": '"""An app."""\n', ".ci-factory.yml": "enabled: true\n"})
        forge = LocalForge.open(Git(repo), user="ci-factory", clock=vendor.clock)
        factory = Factory(
            git=forge.git,
            forge=forge,
            layout=Layout(tmp_path / "out"),
            config=configuration.parse(CONFIG + config),
            config_folder=repo,
            agents=tuple(agent(name) for name in agents),
            person=SOMEBODY,
            clock=vendor.clock,
            progress=Silence(),
            target="main",
        )
        given = [
            Ticket(
                id=str(number),
                title=f"Write note {number}",
                complexity=Size.SMALL,
                acceptance_criteria=("the note says done",),
                files=(f"note-{number}.md",),
            )
            for number in range(1, tickets + 1)
        ]
        return Night(factory, given)

    return make


def test_a_refused_credential_sleeps_and_others_go_on(make_night: Make, vendor: Vendor) -> None:
    """Until the vendor's reset time nobody asks with this key, another agent's tickets are done, and nothing failed."""
    night = make_night("shared1", "beta", "shared2", tickets=4)
    vendor.closed = {"shared1", "shared2"}
    outcome = night.run()
    assert (outcome.broken, outcome.aborted) == ((), "")
    assert night.states() == dict.fromkeys("1234", "review")
    early = [(name, ticket) for name, ticket, at in vendor.asked if at == START]
    late = [(name, ticket) for name, ticket, at in vendor.asked if at >= START + timedelta(hours=1)]
    assert sorted(ticket for name, ticket in early if name == "beta") == ["2"]
    assert sorted(ticket for _, ticket in late) == ["1", "3", "4"]
    assert len(early) + len(late) == len(vendor.asked)
    (stop,) = night.breakers().stops  # both agents were refused, which is one stop of one credential
    assert stop.credential == "SHARED_API_KEY"
    attempts = [night.attempt(ticket) for ticket in "1234"]
    assert {each.ending for each in attempts} == {Ending.COMPLETED}
    assert {run.ended for each in attempts for run in each.runs} == {"ok", "quota"}
    facts = collect(night.factory.forge, night.factory.layout, night.factory.config).attempts
    assert {(fact.accidents, fact.attempts) for fact in facts} == {((), 1)}
    assert night.text("1") == "begun\nbegun\ndone by shared1\n"  # it went on with what it had begun
    paused = night.events("credential-paused")
    assert {event.data["credential"] for event in paused} == {"SHARED_API_KEY"}


def test_a_fourth_stop_ends_the_batch_with_all_work_kept(make_night: Make, vendor: Vendor) -> None:
    """Agents at work are stopped, every begun change is kept in a bundle, nothing failed, and the next run finishes it."""
    agents = ("alpha", "gamma", "delta", "epsilon", "slow")
    night = make_night(*agents, tickets=6)
    vendor.closed = {"alpha", "gamma", "delta", "epsilon"}
    vendor.slow = {"slow"}
    outcome = night.run()
    assert "4 in this batch" in outcome.aborted
    batch = records.read_model(night.folder().batch, Batch)
    assert (batch.status, batch.status_reason) == (BatchStatus.ABORTED, outcome.aborted)
    assert night.states() == dict.fromkeys("123456", "deferred")
    for ticket in "12345":
        attempt = night.attempt(ticket)
        assert attempt.ending is Ending.DEFERRED
        assert attempt.diff.files == (f"note-{ticket}.md",)
        assert night.folder().ticket(ticket).bundle.is_file()
    assert [run.ended for run in night.attempt("5").runs] == ["put-off"]
    assert night.attempt("6").runs == ()
    assert [event.data["reason"] for event in night.events("batch-aborted")] == [outcome.aborted]
    assert f"The batch ended early: {outcome.aborted[:20]}" in night.factory.layout.report.read_text()
    vendor.open.set()
    vendor.closed = set()
    again = night.run()
    assert (again.aborted, again.broken) == ("", ())
    assert night.states() == dict.fromkeys("123456", "review")
    assert (night.text("1") or "").startswith("begun\nbegun\ndone by")  # with what the first night had begun
    assert len(night.factory.layout.batches()) == 2


def test_a_batch_that_is_killed_while_it_ends_ends_all_the_same(make_night: Make, vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """Killed after the decision, the next run asks no agent, puts the rest off, and the one after it goes on."""
    night = make_night("alpha", tickets=2)
    night.configured("failures: {quota_stops: 0}\nbatch: {parallel: 1, timeout_minutes: 1}\n")
    vendor.closed = {"alpha"}
    settle = workflow.night._settle  # noqa: SLF001 - the line after which it dies

    def die(*args: Any) -> None:
        settle(*args)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(workflow.night, "_settle", die)
        with pytest.raises(Interrupted):
            night.run()
    assert len(vendor.asked) == 1
    assert night.run().aborted
    assert len(vendor.asked) == 1
    assert night.states() == dict.fromkeys("12", "deferred")
    vendor.closed = set()
    assert night.run().aborted == ""
    assert night.states() == dict.fromkeys("12", "review")
    assert len(night.events("batch-aborted")) == 1


def test_stops_are_counted_each_time_a_credential_has_woken(make_night: Make, vendor: Vendor) -> None:
    """One credential that is refused whenever it wakes is asked four times, an hour apart, and no more that night."""
    night = make_night("alpha", tickets=1)
    vendor.refusals = {"alpha": 99}
    assert night.run().aborted
    hours = [round((at - START) / timedelta(hours=1), 1) for _, _, at in vendor.asked]
    assert hours == [0, 1, 2, 3]
    assert night.states() == {"1": "deferred"}


def test_a_killed_night_goes_on_sleeping(make_night: Make, vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """Who resumes a night that was killed while it slept asks nobody before the time, and remembers the stop."""
    night = make_night("alpha", tickets=1)
    vendor.refusals = {"alpha": 2}

    def die(_seconds: float) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(vendor.clock, "sleep", die)
        with pytest.raises(Interrupted):
            night.run()
    assert len(vendor.asked) == 1
    assert night.run().aborted == ""
    hours = [round((at - START) / timedelta(hours=1), 1) for _, _, at in vendor.asked]
    assert hours == [0, 1, 2]
    assert len(night.breakers().stops) == 2
    assert night.states() == {"1": "review"}


@pytest.mark.parametrize(
    "config",
    ["failures: {quota: defer}", "failures: {longest_wait_minutes: 59}", "batch: {parallel: 2, window_minutes: 45}"],
)  # fmt: skip
def test_what_the_night_can_not_wait_for_goes_to_the_next(
    make_night: Make, vendor: Vendor, config: str
) -> None:
    """A ticket whose credential sleeps too long is put off at once with its work, and those not begun without a call."""
    night = make_night("alpha", "beta", tickets=3)
    night.configured(config)
    vendor.closed = {"alpha"}
    assert night.run().aborted == ""
    assert vendor.clock.now() - START < timedelta(minutes=2)
    states = night.states()
    assert states == {"1": "deferred", "2": "review", "3": "deferred"}
    attempt = night.attempt("1")
    assert attempt.failure is not None
    assert attempt.failure.wake_at == START + timedelta(hours=1)
    assert "credential ALPHA_API_KEY sleeps until 19:00 UTC (quota)" in attempt.reason
    assert night.folder().ticket("1").bundle.is_file()
    vendor.closed = set()
    night.run()
    assert set(night.states().values()) == {"review"}


def test_a_person_s_stop_is_noticed_while_everybody_sleeps(make_night: Make, vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """The label `hold` on a sleeping ticket ends its night within a minute or two, and no agent is asked again."""
    night = make_night("alpha", tickets=1)
    vendor.refusals = {"alpha": 1}
    sleep = vendor.clock.sleep

    def hold(seconds: float) -> None:
        labels = night.factory.config.labels
        night.factory.forge.change_labels("1", add=(labels.hold,), remove=())
        sleep(seconds)

    monkeypatch.setattr(vendor.clock, "sleep", hold)
    workflow.run(night.factory, night.tickets)
    assert len(vendor.asked) == 1
    assert vendor.clock.now() - START <= timedelta(minutes=2)
    assert night.attempt("1").ending is Ending.SKIPPED


def test_tickets_of_an_agent_that_is_not_there_go_to_another(make_night: Make) -> None:
    """After its program was missing once, an agent gets no more tickets that night; an able one does them all."""
    night = make_night("ghost", "beta", tickets=3)
    night.configured("batch: {parallel: 1}")
    night.run()
    assert night.states() == dict.fromkeys("123", "review")
    runs = [(run.agent, run.ended) for ticket in "13" for run in night.attempt(ticket).runs]
    assert runs == [("ghost", "crash"), ("beta", "ok"), ("beta", "ok")]
    assert [night.attempt(ticket).agent for ticket in "13"] == ["beta", "beta"]
    assert night.breakers().closed.keys() == {"ghost"}


def test_a_planner_s_credential_makes_its_tickets_wait(make_night: Make, vendor: Vendor) -> None:
    """Where another agent plans, its refused credential is slept through once by all, and the implementer is not to blame."""
    night = make_night("alpha", "boss", tickets=2)
    agents = [each.model_copy(update={"plans": each.name == "boss"}) for each in night.factory.agents]
    listed = [each.model_dump(mode="json", exclude_defaults=True) for each in agents]
    night.configured(f"agents: {json.dumps(listed)}\nroles: {{planner: boss}}\n")
    night.factory = replace(night.factory, agents=(agents[0],))
    vendor.closed = {"boss"}
    night.run()
    assert night.states() == dict.fromkeys("12", "review")
    assert [stop.credential for stop in night.breakers().stops] == ["BOSS_API_KEY"]
    hours = {name: round((at - START) / timedelta(hours=1)) for name, _, at in vendor.asked}
    assert hours == {"boss": 1, "alpha": 1}
    assert [(run.agent, run.ended) for run in night.attempt("1").runs] == [
        ("boss", "quota"),
        ("boss", "ok"),
        ("alpha", "ok"),
    ]


def test_without_another_agent_one_ticket_fails_and_the_others_wait(make_night: Make, vendor: Vendor) -> None:
    """Where nobody else is able, people see one ticket fail for the missing program; the rest goes to the next batch."""
    night = make_night("ghost", "tiny", tickets=3)
    night.configured("batch: {parallel: 1}")
    night.run()
    assert night.states() == {"1": "agent-failed", "2": "deferred", "3": "deferred"}
    assert "agent ghost is called no more" in night.attempt("2").reason
    assert vendor.asked == []


def test_the_last_try_after_crashes_goes_to_another_agent(make_night: Make, vendor: Vendor) -> None:
    """An agent that crashes is started again twice; the third retry is somebody else's, and all calls are on record."""
    night = make_night("alpha", "beta", tickets=1, config="retries: {limit: 3}")
    crash = night.factory.agents[0].model_copy(update={"command": "echo 'no idea' >&2; exit 3"})
    night.factory = replace(night.factory, agents=(crash, night.factory.agents[1]))
    night.run()
    assert night.states() == {"1": "review"}
    assert [(run.agent, run.attempt) for run in night.attempt("1").runs] == [
        ("alpha", 1),
        ("alpha", 2),
        ("alpha", 3),
        ("beta", 4),
    ]
    assert vendor.clock.now() - START < timedelta(minutes=8)


def test_what_a_vendor_forbids_is_asked_of_people(make_night: Make) -> None:
    """A refusal by the rules for content is neither retried nor an agent's failure: a person decides."""
    night = make_night("alpha", tickets=1)
    words = "API Error: unable to respond to this request, which appears to violate our Usage Policy"
    forbid = night.factory.agents[0].model_copy(update={"command": f"echo '{words}' >&2; exit 1"})
    night.factory = replace(night.factory, agents=(forbid,))
    night.run()
    assert night.states() == {"1": "escalated"}
    attempt = night.attempt("1")
    assert attempt.escalation is not None
    assert "Usage Policy" in attempt.escalation.why
    assert len(attempt.runs) == 1


@pytest.mark.parametrize(
    ("minutes", "ending", "calls"), [(180, Ending.COMPLETED, 2), (60, Ending.DEFERRED, 1)]
)
def test_a_job_of_its_own_waits_as_long_as_it_has_time(
    make_night: Make,
    vendor: Vendor,
    monkeypatch: pytest.MonkeyPatch,
    minutes: int,
    ending: Ending,
    calls: int,
) -> None:
    """In a CI job the agent sleeps when the job lives long enough to go on; else the ticket is put off with its work."""
    night = make_night("alpha", tickets=1)
    vendor.refusals = {"alpha": 1}
    factory = night.factory
    with factory.exclusively():
        workflow.intake.receive(factory, night.tickets)
        batch = planning.plan(factory, workflow.intake.intake(factory))
    assert batch is not None
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("CI_JOB_STARTED_AT", START.isoformat())
    monkeypatch.setenv("CI_JOB_TIMEOUT", str(minutes * 60))
    station, (planned,) = Station(factory, batch), batch.tickets
    with factory.exclusively():
        judged = patiently(station, planned, lambda: station.judged(planned, batch.base))
    assert (judged.attempt.ending, len(vendor.asked)) == (ending, calls)
    assert night.folder().ticket("1").bundle.is_file()


def test_the_command_line_says_that_a_batch_ended_early(make_line: Callable[..., Any]) -> None:
    """`ci-factory run` exits with 3 and says why; `status` tells who sleeps."""
    line = make_line([{"id": "1"}], CONFIG + "failures: {quota_stops: 0}\n")
    (line.log.parent / "agent.py").write_text(
        "import sys; sys.exit('usage limit reached. try again in 2h')\n"
    )
    ran = line.run()
    assert ran.code == 3, ran.err
    assert "the batch ended early: one quota stop too many (1 in this batch)" in ran.err
    told = line.cli("status", "--repo", line.repo, "--out", line.out)
    assert "sleeps until" in told.out
    assert "(quota)" in told.out
    rows = json.loads(line.cli("status", "--repo", line.repo, "--out", line.out, "--json").out)
    assert [(row["ticket"], row["state"]) for row in rows] == [("1", "deferred")]
