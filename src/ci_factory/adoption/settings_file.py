"""Writes a first `.ci-factory.yml`: what differs from the defaults, and the defaults worth knowing as comments. Pure."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ci_factory.config import Config

_KEYS = (
    ("enabled", "false stops the factory before its next write"),
    ("labels.ready", "issues with this label are the queue"),
    ("gates.threshold", "least score that passes, of 100"),
    ("gates.presets", "languages, auto: those found on the change's base"),
    ("gates.setup", "installs what tools and tests need, such as [npm, ci]"),
    ("gates.disabled", "names of gates that are not run"),
    ("review.reviewers", "who reviews what nobody owns"),
)
_AGENT_KEYS = (
    ("batch.max_tickets", "of one night"),
    ("batch.parallel", "agents at the same time"),
    ("batch.timeout_minutes", "for one agent process"),
    ("batch.cost_budget_usd", "for one night; null is no bound"),
)
_AGENT = """\
# agents:  # none yet, and level 2 needs one: docs/agents.md
#   - name: my-agent
#     adapter: command
#     command: my-agent --prompt-file "$CI_FACTORY_PROMPT"
#     env: [MY_MODEL_KEY]
"""


def text(level: int, languages: tuple[str, ...]) -> str:
    """A settings file for a level; it loads, and what is commented out says what holds anyway."""
    found = ", ".join(languages) or "none that a preset knows"
    lines = [
        "# Settings of the CI Factory. What is commented out is the default.",
        "# All of them: ci-factory config",
        f"# Languages found: {found}",
        "",
        *_active(level),
        *_commented(_KEYS if level == 1 else (*_KEYS, *_AGENT_KEYS)),
    ]
    return "\n".join(lines) + "\n" + (f"\n{_AGENT}" if level > 1 else "")


def _active(level: int) -> Iterator[str]:
    """A night without its token stops instead of working on another forge."""
    if level > 1:
        yield from ("forge:", "  kind: gitlab  # never another forge, not even without a token", "")


def _commented(keys: tuple[tuple[str, str], ...]) -> Iterator[str]:
    values, section = Config().model_dump(mode="json"), ""
    for key, meaning in keys:
        *above, name = key.split(".")
        if above and above[0] != section:
            section = above[0]
            yield f"# {section}:"
        yield f"# {'  ' if above else ''}{name}: {json.dumps(_value(values, key))}  # {meaning}"


def _value(values: Mapping[str, Any], key: str) -> Any:  # noqa: ANN401 - whatever the setting is
    found: Any = values
    for part in key.split("."):
        found = found[part]
    return found
