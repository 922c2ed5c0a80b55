"""Aider (PyPI aider-chat): the prompt in a file; its log of events tells the exact usage of every message."""

import re

from ci_factory.model.ticket import Size
from ci_factory.work.agents import output, reporting, vendors
from ci_factory.work.agents.protocol import AgentResult, Capability, Invocation, LeftBehind, ModelUse, Task
from ci_factory.work.agents.tool import Setup, Tool

_LOG = "aider.jsonl"
_FLAGS = (
    *("--yes-always", "--no-stream", "--no-pretty", "--no-fancy-input", "--no-check-update"),
    *("--no-show-release-notes", "--no-show-model-warnings", "--analytics-disable"),
    *("--no-auto-commits", "--no-dirty-commits", "--no-gitignore", "--no-auto-lint", "--no-auto-test"),
    *("--no-suggest-shell-commands", "--no-detect-urls", "--disable-playwright"),
    *("--input-history-file", "/dev/null", "--llm-history-file", "/dev/null"),
)
_TIDY = ("/bin/sh", "-c", '"$@"; code=$?; rm -rf .aider.tags.cache.v*; exit $code', "aider")
"""Runs what follows, and removes the cache that it leaves in the worktree and that nothing turns off."""
_FAILURE = re.compile(r"^(?:litellm\.)?\w+(?:Error|Exception)\b")


def start(setup: Setup, task: Task) -> Invocation:
    """How to start it."""
    model = ("--model", setup.model or "")
    files = (
        *("--message-file", str(task.prompt), "--analytics-log", str(task.out / _LOG)),
        *("--chat-history-file", str(task.out / "chat.md")),
    )
    env = {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    if setup.base_url:
        served = vendors.vendor(setup.model) or vendors.OPENAI
        env[f"{served.name.upper()}_API_BASE"] = setup.base_url
    return Invocation((*_TIDY, "aider", *model, *_FLAGS, *files, *setup.args), env=env)


def read(setup: Setup, left: LeftBehind) -> AgentResult:
    """Every answer is an event with its tokens; a message without an answer makes the sum unknown."""
    log = (output.file(left.out, _LOG) or b"").decode("utf-8", "replace")
    uses: list[ModelUse] = []
    asked = 0
    for event in output.events(log):
        kind, told = event.get("event"), event.get("properties")
        asked += kind == "message_send_starting"
        if kind == "message_send":
            tokens = (output.at(told, "prompt_tokens"), output.at(told, "completion_tokens"))
            uses.append(output.use(setup.model, *tokens, cost=output.at(told, "cost")))
    failure = _failure(left.stdout) if asked > len(uses) or not asked else ""
    if asked > len(uses):
        uses.append(ModelUse(setup.model))
    detail = failure or _last(left.stdout) or reporting.last_words(left)
    return AgentResult(model=setup.model, detail=detail, uses=tuple(uses), ending="failed" if failure else "")


def _failure(text: str) -> str:
    """What went wrong in its words, as its exit code is 0 all the same."""
    found = [line for raw in text[-100_000:].splitlines() if _FAILURE.match(line := output.words(raw))]
    return found[-1] if found else ""


def _last(text: str) -> str:
    lines = [line for raw in text[-4_000:].splitlines() if (line := output.words(raw))]
    return next((line for line in reversed(lines) if "HTTPSConnectionPool" not in line), "")


AIDER = Tool(
    Capability(
        program="aider",
        known_versions=("0.86.",),
        max_size=Size.MEDIUM,  # one reply without running anything
        tells=frozenset({"tokens", "cost"}),
    ),
    start,
    read,
    plans=False,  # it writes files of the repository only
    api=lambda setup: vendors.litellm_api(setup.model),
)
