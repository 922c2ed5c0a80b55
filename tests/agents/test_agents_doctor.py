"""What the doctor says of configured agents; the programs are small stand-ins on PATH, asked as the real ones are."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ci_factory.config import AgentConfig
from ci_factory.model.health import Check, Health
from ci_factory.workflow import agent_health

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """`install(program, script)`: the only programs on PATH besides the system's."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)

    def make(program: str, script: str) -> None:
        (folder / program).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (folder / program).chmod(0o755)

    return make


def look(adapter: str, **fields: Any) -> Check:
    return agent_health.check(AgentConfig(name="one", adapter=adapter, **fields), Path())


def test_an_agent_that_is_ready(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    """Program found, a version that was tried, its key set: one line that says so, and who will have the key."""
    install("codex", "echo codex-cli 0.169.4")
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    found = look("codex")
    assert found.health is Health.OK
    way = "its model through the gateway to api.openai.com"
    assert found.message == f"adapter codex: codex 0.169.4, a version that was tried; {way}"


def test_everything_that_is_missing_is_named_at_once(install: Install) -> None:
    """The unknown version, every variable, and the size; a warning, as another machine may run the agent."""
    install("aider", "echo aider 9.1.0")
    found = look("aider", model="anthropic/claude-x", env=("EXTRA_ONE", "ANTHROPIC_API_KEY"))
    assert found.health is Health.WARNING
    assert "aider 9.1.0" in found.message
    assert "nobody tried (tried: 0.86)" in found.message
    assert "not set here: EXTRA_ONE" in found.message
    assert "takes large tickets, and is known for medium ones" in found.message
    assert "max_size: medium" in found.fix


@pytest.mark.parametrize(
    ("adapter", "fields", "said"),
    [
        (
            "claude-code",
            {},
            "ANTHROPIC_API_KEY or ANTHROPIC_AUTH_TOKEN or CLAUDE_CODE_OAUTH_TOKEN is not set here",
        ),
        ("opencode", {"model": "house/m"}, "whose key the model needs is not known"),
        ("gemini", {}, "gemini is not on PATH here"),
    ],
)
def test_what_is_missing_is_a_warning(
    install: Install, adapter: str, fields: dict[str, Any], said: str
) -> None:
    """In words that name it."""
    install("unused", "true")
    found = look(adapter, **fields)
    assert found.health is Health.WARNING
    assert said in found.message


@pytest.mark.parametrize("script", ["echo no number here", "exit 1", "head -c 300000 /dev/zero | tr '\\0' x"])
def test_a_program_without_a_version(install: Install, script: str) -> None:
    """Whatever it prints, the doctor says that the version is not known."""
    install("codex", script)
    assert "codex does not say its version" in look("codex").message


def test_the_program_is_asked_without_credentials(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No key, no token and not our home: a version is told without them."""
    install("codex", f"env > {tmp_path}/env; echo 0.169.0")
    monkeypatch.setenv("OPENAI_API_KEY", "canary-1")
    monkeypatch.setenv("CI_FACTORY_TOKEN", "canary-2")
    look("codex")
    text = (tmp_path / "env").read_text(encoding="utf-8")
    assert "canary" not in text
    assert f"HOME={Path.home()}\n" not in text


def test_a_setting_that_can_not_work_fails(install: Install) -> None:
    """The doctor says what a run would refuse."""
    install("codex", "echo 0.169.0")
    assert look("codex", max_turns=3).health is Health.FAILED
