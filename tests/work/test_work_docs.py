"""docs/agents.md shows code that works."""

import re
import sys
import types
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ci_factory.config import AgentConfig, Config, parse
from ci_factory.model.attempt import Comprehension, Partial, Plan
from ci_factory.work.agents import registry
from ci_factory.work.agents.autofix_block import parse as parse_block
from ci_factory.work.documents import EscalationDocument, UsageDocument

Room = Any  # tests/work/conftest.py

TEXT = (Path(__file__).parents[2] / "docs/agents.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)


def test_an_adapter_is_one_file_and_one_line(room: Room, monkeypatch: Any) -> None:
    """The example adapter of the documentation, registered, works on a ticket."""
    module = types.ModuleType("shout")
    monkeypatch.setitem(sys.modules, "shout", module)
    exec(blocks("python")[0], module.__dict__)  # noqa: S102 - our own documentation is what is tested
    monkeypatch.setitem(registry.ADAPTERS, "shout", module.ShoutAdapter.configured)
    attempt = room.work(agent=AgentConfig(name="one", adapter="shout"))
    assert room.read(attempt, "TITLE") == "GREET IN FRENCH"


def test_the_documents_shown_are_valid() -> None:
    """Each JSON example is what the strict reader takes."""
    shown = blocks("json")
    kinds: tuple[type[BaseModel], ...] = (Comprehension, Plan, EscalationDocument, Partial, UsageDocument)
    for text, kind in zip(shown, kinds, strict=True):
        kind.model_validate_json(text, strict=True)
    config: Config = parse(blocks("yaml")[0])
    assert [agent.name for agent in config.agents] == ["coder", "mender"]
    assert parse_block(TEXT) is not None


def test_every_adapter_is_described() -> None:
    """The table names what the registry has."""
    assert all(f"| `{name}` |" in TEXT for name in registry.ADAPTERS)
