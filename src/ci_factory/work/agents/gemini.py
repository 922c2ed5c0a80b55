"""Gemini CLI (npm @google/gemini-cli), headless: the prompt on standard input, one JSON document back."""

import json
from collections.abc import Iterator

from ci_factory.work.agents import output, reporting, vendors
from ci_factory.work.agents.protocol import AgentResult, Capability, Invocation, LeftBehind, ModelUse, Task
from ci_factory.work.agents.tool import Setup, Tool

_TURN_LIMIT = 53
"""Its exit code when it may make no more calls."""
_VERTEX = "GOOGLE_GENAI_USE_VERTEXAI"


def start(setup: Setup, task: Task) -> Invocation:
    """How to start it. Its home is the folder of documents, as it reads settings from there alone."""
    argv = [
        "gemini",
        "--output-format",
        "json",
        "--approval-mode",
        "yolo",
        "--include-directories",
        str(task.out),
    ]
    if setup.model:
        argv += ["--model", setup.model]
    env = {"GEMINI_CLI_HOME": str(task.out), "GEMINI_CLI_TRUST_WORKSPACE": "true"}
    if setup.base_url:
        env["GOOGLE_GEMINI_BASE_URL"] = setup.base_url
    files = {".gemini/settings.json": json.dumps(_settings(setup), indent=1)}
    stdin = task.text.encode("utf-8", "replace")
    return Invocation((*argv, *setup.args), env=env, stdin=stdin, files=files)


def _settings(setup: Setup) -> dict[str, object]:
    """No reports home, no updates, and no GEMINI.md: the prompt has the project's instructions, from the base."""
    settings: dict[str, object] = {
        "privacy": {"usageStatisticsEnabled": False},
        "telemetry": {"enabled": False},
        "general": {"enableAutoUpdate": False, "enableAutoUpdateNotification": False},
        "context": {"fileName": []},
        "tools": {"exclude": ["web_fetch", "google_web_search"]},
    }
    if _VERTEX not in setup.env:
        settings["security"] = {"auth": {"selectedType": "gemini-api-key"}}
    if setup.max_turns is not None:
        settings["model"] = {"maxSessionTurns": setup.max_turns}
    return settings


def read(setup: Setup, left: LeftBehind) -> AgentResult:
    """The document tells tokens by model; there is none when it failed, came to its limit or was killed."""
    document = output.mapping(output.parsed(left.stdout.strip()))
    if document and not document.get("error"):
        uses = tuple(_uses(output.mapping(output.at(document, "stats", "models"))))
        most = max(uses, key=lambda one: one.output_tokens or 0, default=ModelUse(setup.model))
        return AgentResult(model=most.model, detail=output.words(document.get("response")), uses=uses)
    error = output.at(document, "error", "message") or output.at(
        _last_document(left.stderr), "error", "message"
    )
    detail = output.words(error) or reporting.last_words(left)
    if left.timed_out:
        return AgentResult(model=setup.model, detail=detail)
    at_limit = left.returncode == _TURN_LIMIT
    return AgentResult(model=setup.model, detail=detail, ending="limit" if at_limit else "failed")


def _uses(models: object) -> Iterator[ModelUse]:
    for model, used in sorted(output.mapping(models).items())[:50]:
        tokens = output.mapping(output.at(used, "tokens"))
        written = output.total([output.count(tokens.get(key)) for key in ("candidates", "thoughts")])
        yield output.use(model, tokens.get("prompt"), written, tokens.get("cached"))


def _last_document(text: str) -> object:
    """The last JSON object that has its braces on lines of their own, among other words."""
    start = text.rfind("\n{\n")
    end = text.find("\n}", start)
    return output.parsed(text[start : end + 2].strip()) if 0 <= start < end else None


GEMINI = Tool(
    Capability(
        program="gemini",
        known_versions=("0.61.",),
        keys=(*vendors.GOOGLE.keys, "GOOGLE_API_KEY"),
        hosts=vendors.GOOGLE.hosts,
        tells=frozenset({"tokens", "model"}),
        limits=frozenset({"turns"}),
    ),
    start,
    read,
    needs_model=False,
    api=lambda setup: "" if _VERTEX in setup.env else "https://generativelanguage.googleapis.com",
)
