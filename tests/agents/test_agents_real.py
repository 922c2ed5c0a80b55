"""Real coding agents, each against a model on this machine: a ticket of the demonstration becomes a merge request.

`make test-agents` installs them and runs these; `make test` does not.
"""

from pathlib import Path
from typing import Any

import pytest

from tests.agents import tools
from tests.agents.demo_night import KEY, demonstration, run_night
from tests.agents.model_stub import Refuse, Say, Shell, Turn, model_stub

pytestmark = pytest.mark.agents

TYPO, RIGHT = "words of thier title", "words of their title"
SOURCE = "src/lendery/commands/search.py"
EDIT = Shell(f"sed -i 's/{TYPO}/{RIGHT}/' {SOURCE}")
DONE = Say("The help line is right now.")
SUBMIT = Shell("echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT")
MODELS = {
    "aider": ("openai/stub-1", "/v1", "OPENAI_API_KEY"),
    "claude-code": ("claude-stub-1", "", "ANTHROPIC_API_KEY"),
    "codex": ("stub-1", "/v1", "OPENAI_API_KEY"),
    "gemini": ("gemini-2.5-pro", "", "GEMINI_API_KEY"),
    "mini-swe-agent": ("openai/stub-1", "/v1", "OPENAI_API_KEY"),
    "opencode": ("openai/stub-1", "/v1", "OPENAI_API_KEY"),
    "openhands": ("openai/stub-1", "/v1", "LLM_API_KEY"),
}
"""Model, path of its server, variable of its key."""


def script(name: str) -> tuple[Turn, ...]:
    """What a model answers that corrects the ticket's typing error."""
    if name == "aider":
        text = (demonstration().EXAMPLE / "project" / SOURCE).read_text(encoding="utf-8")
        line = next(line for line in text.splitlines() if TYPO in line)
        block = f"<<<<<<< SEARCH\n{line}\n=======\n{line.replace(TYPO, RIGHT)}\n>>>>>>> REPLACE"
        return (Say(f"{SOURCE}\n```python\n{block}\n```\n"),)
    return (EDIT, SUBMIT if name == "mini-swe-agent" else DONE)


def agent(name: str, url: str) -> dict[str, Any]:
    model, path, _ = MODELS[name]
    args = ["--edit-format", "diff"] if name == "aider" else []
    return {"model": model, "base_url": f"{url}{path}", "args": args}


@pytest.mark.parametrize("name", MODELS)
def test_a_real_agent_takes_a_ticket_to_a_merge_request(name: str, tmp_path: Path) -> None:
    """Its note has the true usage, priced by the table; the model saw the ticket, and no artifact has the key.

    The key came from the gateway, the one thing that its sandbox let the tool reach.
    """
    tools.needs(name)
    model, _, variable = MODELS[name]
    with model_stub(*script(name)) as stub:
        prices = {model: {"input": 3000, "output": 15000, "cached": 300}}
        cut_off = agent(name, stub.url) | {"network": "none"}
        night = run_night(tmp_path / "n", name, "101", cut_off, {variable: KEY}, prices=prices)
        asked = "".join(str(body) for _, body in stub.requests)
        fresh = stub.input_tokens - stub.cached_tokens
    assert night.code == 0, night.said
    attempt = night.attempt
    assert attempt["ending"] == "completed", attempt["reason"]
    used = attempt["usage"]
    assert (used["input_tokens"], used["output_tokens"]) == (stub.input_tokens, stub.output_tokens)
    cost = (fresh * 3000 + stub.cached_tokens * 300 + stub.output_tokens * 15000) / 1e6
    assert used["cost_usd"] == pytest.approx(cost)
    assert f"tokens in, out | {stub.input_tokens:,}, {stub.output_tokens:,}" in night.note
    assert f"cost | ${cost:.2f}" in night.note
    assert used["calls"] == len(stub.answers)
    assert "its model through the gateway to 127.0.0.1:" in attempt["runs"][0]["sandbox"]
    assert stub.keys == {KEY}
    assert KEY not in night.note
    assert "thier" in asked
    assert attempt["diff"]["files"] == [SOURCE]
    assert night.files_with(KEY) == []


@pytest.mark.parametrize("name", [name for name in MODELS if name != "claude-code"])
def test_a_model_without_a_price_has_no_cost(name: str, tmp_path: Path) -> None:
    """Without a table the note says unknown, as no tool knows this model."""
    tools.needs(name)
    with model_stub(*script(name)) as stub:
        night = run_night(tmp_path / "n", name, "101", agent(name, stub.url), {MODELS[name][2]: KEY})
    assert night.attempt["usage"]["cost_usd"] is None
    assert "cost | unknown" in night.note


@pytest.mark.parametrize("name", [name for name in MODELS if name not in {"claude-code", "gemini"}])
def test_a_refused_key_is_nobodys_failure(name: str, tmp_path: Path) -> None:
    """Whatever its exit code says: never a ticket without a change. Its credential sleeps, and nothing was used."""
    tools.needs(name)
    with model_stub(Refuse()) as stub:
        night = run_night(tmp_path / "n", name, "101", agent(name, stub.url), {MODELS[name][2]: KEY})
    attempt = night.attempt
    assert attempt["ending"] == "deferred", attempt["reason"]
    assert f"credential {MODELS[name][2]} at 127.0.0.1:" in attempt["reason"]
    assert attempt["usage"]["input_tokens"] == 0
    assert night.files_with(KEY) == []


@pytest.mark.parametrize("name", [name for name in MODELS if name != "aider"])
def test_a_model_that_never_stops_asking_ends_at_the_budget_of_calls(name: str, tmp_path: Path) -> None:
    """Killed when it asks once more than it may: the work is kept, the usage is known, no process is left."""
    tools.needs(name)
    variable = MODELS[name][2]
    with model_stub(EDIT, Shell("true")) as stub:
        budgets = {"plan": {"calls": 4}, "implement": {"calls": 4}}
        night = run_night(
            tmp_path / "n", name, "101", agent(name, stub.url), {variable: KEY}, budgets=budgets, gates={}
        )
    (run,) = night.attempt["runs"]
    assert run["ended"] == "limit", run
    assert "more than 4 times to implement (budgets.implement.calls)" in run["detail"]
    assert run["seconds"] < 60
    assert run["usage"]["calls"] == len(stub.answers) == 4
    used = run["usage"]
    assert (used["input_tokens"], used["output_tokens"]) == (stub.input_tokens, stub.output_tokens)
    assert night.attempt["diff"]["files"] == [SOURCE]
    assert night.files_with(KEY) == []


@pytest.mark.parametrize("name", ["claude-code", "mini-swe-agent"])
def test_a_model_that_never_stops_asking_ends_at_the_limit_of_turns(name: str, tmp_path: Path) -> None:
    """Charged, and not started a second time."""
    tools.needs(name)
    with model_stub(Shell("true")) as stub:
        limited = agent(name, stub.url) | {"max_turns": 3}
        retries = {"limit": 2, "delays_minutes": [0]}
        night = run_night(
            tmp_path / "n", name, "101", limited, {MODELS[name][2]: KEY}, retries=retries, gates={}
        )
    assert len(stub.requests) <= 5
    assert night.attempt["ending"] in {"agent-failed", "no-change"}, night.attempt["reason"]
    assert len(night.attempt["runs"]) == 1
    assert night.attempt["usage"]["input_tokens"] == stub.input_tokens
