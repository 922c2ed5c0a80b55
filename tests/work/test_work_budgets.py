"""Budgets and the model gateway, with a small real agent that asks a model on this machine."""

import os
import secrets
import shlex
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ci_factory.config import AgentConfig, Config
from ci_factory.model.attempt import AgentRun, Attempt, Ending, Usage
from ci_factory.model.gate import GateStatus
from ci_factory.system import sandbox
from ci_factory.work import model_access
from ci_factory.work.agent_call import Caller, Errand
from ci_factory.work.agents.registry import ADAPTERS
from ci_factory.work.budget import Spent, allowance
from ci_factory.work.spending import Ledger
from ci_factory.work.start import workspace_of
from tests.agents.model_stub import Hang, ModelStub, Refuse, Say, Shell, Turn, model_stub

Room = Any  # tests/work/conftest.py
KEY = "sk-" + secrets.token_hex(16)
CLIENT = Path(__file__).parents[1] / "agents" / "model_client.py"
MORE = Shell("echo line >> work.txt; sleep 0.05")
PRICES = {"stub-1": {"input": 1000, "output": 1000}}


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model's key, where a job has it."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def client(stub: ModelStub, words: str = "", **fields: object) -> AgentConfig:
    """The small agent, led to a model."""
    command = f"{shlex.quote(sys.executable)} {CLIENT} {words}"
    given = {
        "name": "one",
        "adapter": "command",
        "command": command,
        "gateway": {"upstream": f"{stub.url}/v1"},
    }
    return AgentConfig.model_validate(given | fields)


def config(mode: str = "auto", **given: object) -> Config:
    return Config.model_validate({"retries": {"limit": 0}, "sandbox": {"mode": mode}} | given)


def worked(
    room: Room, script: Sequence[Turn], settings: Config, words: str = "", **more: Any
) -> tuple[Attempt, ModelStub]:
    """An attempt of the small agent, and the model that it asked."""
    agent = more.pop("agent", {})
    with model_stub(*script) as stub:
        attempt: Attempt = room.work(agent=client(stub, words, **agent), config=settings, **more)
    return attempt, stub


def left_running(mark: str) -> list[str]:
    """Processes in whose command line a mark stands."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            text = path.read_text(errors="replace")
        except OSError:
            continue
        if mark in text and path.parent.name != str(os.getpid()):
            found.append(text)
    return found


BUDGETS: dict[str, tuple[dict[str, object], int, str]] = {
    "calls": ({"calls": 3}, 3, "auto"),
    "calls without a sandbox": ({"calls": 3}, 3, "off"),
    "tokens": ({"tokens": 2500}, 3, "auto"),
    "cost": ({"cost_usd": 2.5}, 3, "auto"),
    "minutes": ({"minutes": 0.03}, 1, "auto"),
}
"""A budget, at least how often the model was asked before it was used up, and the sandbox."""


@pytest.mark.parametrize(("budget", "asked", "mode"), BUDGETS.values(), ids=BUDGETS)
def test_a_model_that_never_stops_ends_at_the_budget(
    room: Room, budget: dict[str, object], asked: int, mode: str
) -> None:
    """Whichever it is: within seconds, no process left, the work kept, the usage known, and no second start."""
    mark = f"mark-{secrets.token_hex(8)}"
    settings = config(
        mode, prices=PRICES, budgets={"implement": budget}, retries={"limit": 2, "delays_minutes": [0]}
    )
    started = time.monotonic()
    attempt, stub = worked(
        room, [Shell(f"sleep 300 {mark} & echo line >> work.txt"), MORE], settings, f"stubborn {mark}"
    )
    assert time.monotonic() - started < 10
    (run,) = attempt.runs
    (name,) = budget
    assert run.ended == "limit"
    assert f"(budgets.implement.{name})" in run.detail
    assert left_running(mark) == []
    assert "work.txt" in attempt.diff.files
    assert len(stub.answers) >= asked
    assert name == "minutes" or len(stub.answers) == asked
    assert run.usage.calls == len(stub.answers)
    assert (run.usage.input_tokens, run.usage.output_tokens) == (stub.input_tokens, stub.output_tokens)
    assert run.usage.cost_usd == pytest.approx((stub.input_tokens + stub.output_tokens) / 1000)


def test_budgets_hold_over_all_rounds(room: Room) -> None:
    """What the first round used is gone for the second, which is not even started when nothing is left."""

    def judge(_: Path) -> object:
        return room.gate(GateStatus.FAIL)

    script: list[Turn] = [MORE, Say("done"), MORE, Say("done")]
    settings = config(budgets={"implement": {"calls": 3}})
    attempt, stub = worked(room, script, settings, judge=judge)
    assert [run.ended for run in attempt.runs] == ["ok", "limit"]
    assert "more than 3 times to implement (budgets.implement.calls)" in attempt.runs[1].detail
    assert len(stub.answers) == 3
    settings = config(budgets={"implement": {"calls": 2}})
    room.clock.sleep(1)
    attempt, stub = worked(room, script, settings, judge=judge, planned=room.planned("T-2"))
    assert [run.ended for run in attempt.runs] == ["ok", "limit"]
    assert attempt.runs[1].detail.startswith("it was not started")
    assert len(stub.answers) == 2
    assert attempt.usage.calls == 2


def test_planning_and_implementing_are_paid_for_separately(room: Room) -> None:
    """An agent that plans without end has its own words for it, and its own budget may be another."""
    settings = config(budgets={"plan": {"calls": 50}, "implement": {"calls": 1}})
    attempt, stub = worked(room, [MORE], settings, agent={"plans": True, "budgets": {"plan": {"calls": 2}}})
    assert [run.phase for run in attempt.runs] == ["plan"]
    assert "more than 2 times to plan (budgets.plan.calls)" in attempt.reason
    assert len(stub.answers) == 2


def test_a_model_without_a_price_is_said_not_to_be_bounded(room: Room) -> None:
    """The tokens are known, the cost is not, and nobody pretends that its budget was held."""
    settings = config(budgets={"implement": {"cost_usd": 1}})
    attempt, stub = worked(room, [MORE, Say("done")], settings)
    assert attempt.ending is Ending.COMPLETED
    assert attempt.usage.cost_usd is None
    assert attempt.usage.input_tokens == stub.input_tokens
    assert "its cost could not be bounded: there is no price for stub-1 (prices)" in attempt.runs[0].sandbox


@pytest.mark.skipif(
    not sandbox.support().works, reason=f"no sandbox on this machine: {sandbox.support().why_not}"
)
@pytest.mark.parametrize("network", ["none", "allowlist"])
def test_an_agent_that_is_cut_off_reaches_its_model(room: Room, network: str) -> None:
    """And nothing else: the gateway is a port of its own loopback, its model's server is not on the list."""
    reach = "import socket,sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])))"
    with model_stub(Say("unused")) as stub:
        port = stub.url.rpartition(":")[2]
        stub.script = [
            Shell(f'{shlex.quote(sys.executable)} -c "{reach}" {port} || echo cut > off.txt'),
            Say("done"),
        ]
        attempt = room.work(agent=client(stub, network=network, hosts=["a.example.com"]), config=config())
    assert attempt.ending is Ending.COMPLETED, attempt.reason
    assert room.read(attempt, "off.txt") == "cut\n"
    assert attempt.usage.calls == 2
    assert stub.keys == {KEY}


def test_without_the_gateway_the_key_is_passed_on_and_that_is_said(room: Room) -> None:
    """The agent asks its model's server itself; what its usage was nobody knows. No transcript has the key."""
    with model_stub(
        Shell("echo $OPENAI_API_KEY | wc -c > length.txt; echo $OPENAI_API_KEY"), Say("done")
    ) as stub:
        agent = client(stub, gateway={"mode": "off", "upstream": f"{stub.url}/v1"})
        attempt = room.work(agent=agent, config=config(budgets={"implement": {"cost_usd": 1}}))
    assert attempt.ending is Ending.COMPLETED, attempt.reason
    assert stub.keys == {KEY}
    assert int(room.read(attempt, "length.txt")) == len(KEY) + 1
    assert "a key is given to it: gateway: off" in attempt.runs[0].sandbox
    assert "its cost could not be bounded" in attempt.runs[0].sandbox
    assert attempt.usage.calls is None
    assert KEY not in (room.root / "out/T-1/agent/1-1-implement.log").read_text()


def test_a_refusal_is_seen_with_its_time(room: Room) -> None:
    """A 429 with a time to come back reaches the agent as it is, and the record of its call."""
    with model_stub(Refuse(429, "slow down", (("Retry-After", "120"),))) as stub:
        context = room.context(agent=client(stub), config=config())
        planned = room.planned()
        caller = Caller(planned, room.batch(planned), context)
        context.folder.agent.mkdir(parents=True)
        space = workspace_of(caller, 1)
        call = caller.call(space, Errand("implement", 1, 1))
        space.close()
    assert call.watched
    assert [(one.status, one.words) for one in call.refusals] == [(429, "slow down")]
    assert (call.refusals[0].retry_at - room.clock.now()).total_seconds() == 120
    assert "answers 429" in call.run.detail
    assert (call.run.usage.calls, call.run.usage.input_tokens) == (1, 0)


def test_an_answer_that_nobody_waited_for_is_unknown(room: Room) -> None:
    """Killed while its model was still at work: how often it asked is known, what that used is not, and it is not zero."""
    attempt, _ = worked(room, [MORE, Hang(30)], config(budgets={"implement": {"minutes": 0.03}}))
    usage = attempt.runs[0].usage
    assert attempt.runs[0].ended == "limit"
    assert usage.calls == 2
    assert (usage.input_tokens, usage.output_tokens, usage.cost_usd) == (None, None, None)


def ran(phase: str = "implement", attempt: int = 1, seconds: float = 60, **used: Any) -> AgentRun:
    return AgentRun(
        attempt=attempt,
        iteration=1,
        agent="one",
        phase=phase,
        ended="ok",
        seconds=seconds,
        usage=Usage(**used),
    )


def test_time_counts_within_a_fresh_start_and_all_else_over_all_of_them() -> None:
    """What planning used is not missing when implementing; what is unknown counts as little as is known."""
    agent = AgentConfig.model_validate(
        {"name": "one", "adapter": "command", "budgets": {"implement": {"tokens": 500}}}
    )
    settings = config(budgets={"implement": {"minutes": 10, "cost_usd": 2, "tokens": 9000}})
    runs = [
        ran(input_tokens=100, output_tokens=50, cost_usd=0.5, calls=4),
        ran(attempt=2, seconds=90, input_tokens=200, calls=None),
        ran("plan", attempt=2, seconds=500, input_tokens=7000, output_tokens=7000, cost_usd=5, calls=100),
    ]
    left = allowance("implement", agent, settings, 1800, runs, 2)
    assert (left.seconds, left.cost_left) == (510, 1.5)
    assert left.before == Spent(90, 350, 0.5, 4)
    assert left.used_up() == ""
    assert left.exceeded(Usage(input_tokens=150)) == ""
    assert "501 tokens to implement, more than 500 (budgets.implement.tokens)" in left.exceeded(
        Usage(input_tokens=151)
    )
    assert left.may_ask(995)
    assert not left.may_ask(996)


@pytest.mark.parametrize(
    ("budget", "used", "key"),
    [
        ({"minutes": 1}, {}, "minutes"),
        ({"tokens": 10}, {"input_tokens": 10}, "implement"),
        ({"cost_usd": 1}, {"cost_usd": 1.5}, "cost_usd"),
        ({"calls": 1}, {"calls": 1}, "calls"),
    ],
)
def test_a_call_for_which_nothing_is_left_is_not_started(
    budget: dict[str, Any], used: dict[str, Any], key: str
) -> None:
    """The reason names the budget."""
    agent = AgentConfig(name="one", adapter="command")
    left = allowance("implement", agent, config(budgets={"implement": budget}), 1800, [ran(**used)], 1)
    assert key in left.used_up()


def test_without_minutes_all_rounds_have_the_time_of_one_process() -> None:
    """The first one is then ended by the time-out of its process, a later one by what is left."""
    agent = AgentConfig(name="one", adapter="command")
    first = allowance("implement", agent, config(), 1800, [], 1)
    second = allowance("implement", agent, config(), 1800, [ran(seconds=1000)], 1)
    assert (first.seconds, first.timed_out()) == (1800, "")
    assert second.seconds == 800
    assert "all its calls may take 30 min together (budgets.implement.minutes)" in second.timed_out()


ROUTES: dict[str, tuple[dict[str, Any], dict[str, str], str]] = {
    "by default": (
        {"adapter": "claude-code"},
        {"ANTHROPIC_API_KEY": "k"},
        "through the gateway to api.anthropic.com",
    ),
    "by the model": (
        {"adapter": "aider", "model": "groq/m"},
        {"GROQ_API_KEY": "k"},
        "through the gateway to api.groq.com",
    ),
    "another server": (
        {"adapter": "codex", "base_url": "https://models.example:8443/v1"},
        {"OPENAI_API_KEY": "k"},
        "through the gateway to models.example:8443",
    ),
    "a server without keys": (
        {"adapter": "codex", "base_url": "http://localhost:1/v1"},
        {},
        "through the gateway to localhost:1",
    ),
    "a key and an account": (
        {"adapter": "claude-code"},
        {"ANTHROPIC_API_KEY": "k", "CLAUDE_CODE_OAUTH_TOKEN": "t"},
        "through the gateway to api.anthropic.com",
    ),
    "an account": (
        {"adapter": "claude-code"},
        {"CLAUDE_CODE_OAUTH_TOKEN": "t"},
        "a key is given to it: CLAUDE_CODE_OAUTH_TOKEN works",
    ),
    "switched off": (
        {"adapter": "codex", "gateway": "off"},
        {"OPENAI_API_KEY": "k"},
        "a key is given to it: gateway: off",
    ),
    "an unknown vendor": (
        {"adapter": "opencode", "model": "house/m", "env": ["HOUSE_KEY"]},
        {"HOUSE_KEY": "k"},
        "a key is given to it: its model's server",
    ),
    "Vertex AI": (
        {"adapter": "gemini", "env": ["GOOGLE_GENAI_USE_VERTEXAI"]},
        {"GOOGLE_API_KEY": "k"},
        "a key is given to it: its model's server",
    ),
    "a server in a variable": (
        {"adapter": "claude-code", "env": ["ANTHROPIC_BASE_URL"]},
        {"ANTHROPIC_API_KEY": "k"},
        "a key is given to it: its model's server",
    ),
    "no key at all": ({"adapter": "codex"}, {}, ""),
    "no model at all": ({"adapter": "autofix"}, {}, ""),
}


@pytest.mark.parametrize(("fields", "variables", "words"), ROUTES.values(), ids=ROUTES)
def test_the_way_to_the_model_is_said(
    fields: dict[str, Any], variables: dict[str, str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through the gateway wherever an agent can be led there; else it has the key, and why."""
    for name in ("OPENAI_API_KEY", "ANTHROPIC_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    agent = AgentConfig.model_validate({"name": "one"} | fields)
    assert words in model_access.route(agent, ADAPTERS[agent.adapter](agent, Path()).capability).words


def test_the_key_is_hidden_under_whatever_name_it_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Alone or within another value; and what belongs to the account is withheld."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("CLAUDE_CODE_OAUTH_TOKEN", "an-account")
    agent = AgentConfig(name="one", adapter="claude-code")
    route = model_access.route(agent, ADAPTERS["claude-code"](agent, Path()).capability)
    ledger = Ledger(allowance("plan", agent, config(), 60, [], 1), {}, lambda: datetime.now(UTC))
    given = {
        "PATH": "/bin",
        "ANTHROPIC_API_KEY": KEY,
        "OTHER": f"Bearer {KEY}",
        "CLAUDE_CODE_OAUTH_TOKEN": "an-account",
    }
    with model_access.opened(route, ledger, cut_off=False) as access:
        shown = access.disguised(given)
    assert set(shown) == {"PATH", "ANTHROPIC_API_KEY", "OTHER"}
    assert KEY not in str(shown)
    assert shown["OTHER"] == f"Bearer {shown['ANTHROPIC_API_KEY']}"
    assert KEY not in repr(route) + repr(access)
