"""How the real tools are started: nothing of the ticket in argv or environment, limits passed on, wrong settings refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ci_factory.config import AgentConfig
from ci_factory.errors import ConfigError
from ci_factory.model.ticket import Ticket
from ci_factory.work.agents.protocol import Invocation, Task
from ci_factory.work.agents.registry import ADAPTERS
from tests.agents.tools import PROGRAMS

MARK = "--help $(id) {{ 7*7 }} &x *x !!python/object:os.system ${HOME} 🦊 \u2028"


def task(folder: Path = Path("/job")) -> Task:
    return Task(
        ticket=Ticket(id="T-1", title=MARK, body=MARK),
        phase="implement",
        attempt=1,
        iteration=1,
        worktree=folder / "tree",
        prompt=folder / "prompt.md",
        ticket_file=folder / "ticket.json",
        out=folder / "out",
        text=f"Do it.\n\n{MARK} \ud800\n",
    )


def started(name: str, **fields: Any) -> Invocation:
    agent = AgentConfig(name="one", adapter=name, **{"model": "openai/m-1"} | fields)
    found: Invocation = ADAPTERS[name](agent, Path()).invocation(task())
    return found


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_ticket_is_in_no_argument_and_no_variable(name: str) -> None:
    """The prompt goes in as a file or on standard input; what names it is a path."""
    found = started(name, base_url="http://127.0.0.1:1/v1")
    words = [*found.argv, *found.env.values()]
    assert not [word for word in words if "Do it" in word or "$(id)" in word]
    in_a_file = "/job/prompt.md" in found.argv
    assert in_a_file or "Do it." in (found.stdin or b"").decode() + "".join(found.files.values())


def test_the_task_survives_the_settings_of_mini_swe_agent() -> None:
    """It is a value in the file, whatever it looks like; only half characters become question marks."""
    settings = yaml.safe_load(started("mini-swe-agent").files["factory.yaml"])
    assert settings["run"]["task"] == task().text.replace("\ud800", "?")


@pytest.mark.parametrize("name", ["gemini", "opencode"])
def test_settings_are_files_of_the_call(name: str) -> None:
    """They lie in the folder that is made for this call, so that no earlier one can have put a link there."""
    found = started(name, base_url="http://127.0.0.1:1/v1")
    ((path, text),) = found.files.items()
    assert not Path(path).is_absolute()
    assert ".." not in Path(path).parts
    assert json.loads(text)
    assert any(value.startswith("/job/out") for value in found.env.values())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("claude-code", ("--max-turns 7", "--max-budget-usd 2.5")),
        ("mini-swe-agent", ("--cost-limit 2.5",)),
    ],
)
def test_limits_are_passed_on(name: str, words: tuple[str, ...]) -> None:
    """Turns and cost, to tools that can be told."""
    found = started(name, max_turns=7, max_cost_usd=2.5)
    assert all(word in " ".join(found.argv) for word in words)
    assert "7" in " ".join((*found.argv, *found.files.values()))


def test_gemini_is_told_its_turns_in_its_settings() -> None:
    """It has no argument for them."""
    settings = json.loads(started("gemini", max_turns=7).files[".gemini/settings.json"])
    assert settings["model"] == {"maxSessionTurns": 7}


def test_the_configurations_arguments_come_after_ours() -> None:
    """So that whoever configures an agent has the last word."""
    for name in PROGRAMS:
        argv = started(name, args=("--wanted",)).argv
        assert argv.index("--wanted") >= len(argv) - 2, name


@pytest.mark.parametrize(
    ("name", "fields", "said"),
    [
        ("codex", {"max_turns": 5}, "can't be told a limit of turns"),
        ("opencode", {"max_turns": 5}, "can't be told a limit of turns"),
        ("aider", {"max_cost_usd": 5}, "can't be told a limit of cost"),
        ("claude-code", {"command": "x"}, "has no `command`"),
        ("gemini", {"folder": "x"}, "has no `folder`"),
        ("mini-swe-agent", {"model": None}, "needs a model"),
        ("codex", {"base_url": "http://host:99999/"}, "is no address"),
    ],
)
def test_a_setting_that_means_nothing_is_refused(name: str, fields: dict[str, Any], said: str) -> None:
    """Better than a limit that people believe in and that nobody keeps."""
    with pytest.raises(ConfigError, match=said):
        started(name, **fields)


def test_a_run_refuses_such_an_agent_before_it_starts(
    new_repo: Callable[..., Path], factory_cli: Callable[..., Any]
) -> None:
    """Exit 2 with the same words, and no batch."""
    repo = new_repo({".ci-factory.yml": "agents: [{name: one, adapter: codex, max_turns: 5}]\n"})
    done = factory_cli("run", "--repo", repo, "--out", repo.parent / "out")
    assert done.code == 2
    assert "can't be told a limit of turns" in done.err
    assert not list((repo.parent / "out").glob("batches/*"))


@pytest.mark.parametrize(
    ("name", "fields", "keys", "hosts"),
    [
        ("claude-code", {}, "ANTHROPIC_API_KEY", ("api.anthropic.com",)),
        ("aider", {"model": "anthropic/claude-x"}, "ANTHROPIC_API_KEY", ("api.anthropic.com",)),
        ("mini-swe-agent", {"model": "gpt-x"}, "OPENAI_API_KEY", ("api.openai.com",)),
        ("opencode", {"model": "openrouter/a/b"}, "OPENROUTER_API_KEY", ("openrouter.ai",)),
        ("codex", {"base_url": "http://models.example:8000/v1"}, "OPENAI_API_KEY", ("models.example:8000",)),
        ("gemini", {"base_url": "https://models.example"}, "GEMINI_API_KEY", ("models.example",)),
    ],
)
def test_key_and_host_are_those_of_the_models_server(
    name: str, fields: dict[str, Any], keys: str, hosts: tuple[str, ...]
) -> None:
    """By the tool where it has one vendor, else by the model's name; a server that is named takes the vendor's place."""
    agent = AgentConfig(name="one", adapter=name, **{"model": "m"} | fields)
    found = ADAPTERS[name](agent, Path())
    assert keys in found.env_names
    assert found.capability.hosts == hosts
