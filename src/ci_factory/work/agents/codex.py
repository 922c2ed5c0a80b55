"""Codex (npm @openai/codex), `codex exec`: the prompt on standard input, a stream of JSON events back."""

import json

from ci_factory.work.agents import output, reporting, vendors
from ci_factory.work.agents.protocol import AgentResult, Capability, Invocation, LeftBehind, ModelUse, Task
from ci_factory.work.agents.tool import Setup, Tool

_FLAGS = (
    "exec",
    "--json",
    "--skip-git-repo-check",
    "--ephemeral",
    "--ignore-user-config",
    "--color",
    "never",
)


def start(setup: Setup, task: Task) -> Invocation:
    """How to start it. Its own sandbox is off, as ours is around it."""
    settings: dict[str, str | int] = {
        "model_provider": "factory",
        "model_providers.factory.name": "factory",
        "model_providers.factory.base_url": setup.base_url or vendors.OPENAI.api,
        "model_providers.factory.env_key": "OPENAI_API_KEY",
        "model_providers.factory.wire_api": "responses",
        "sandbox_mode": "danger-full-access",
        "approval_policy": "never",
        "shell_environment_policy.ignore_default_excludes": False,  # commands get no variable that looks like a key
        "project_doc_max_bytes": 0,  # the prompt has the project's instructions, from the base
    }
    if setup.model:
        settings["model"] = setup.model
    given = (word for key, value in settings.items() for word in ("-c", f"{key}={json.dumps(value)}"))
    argv = ("codex", *_FLAGS, *given, *setup.args, "-")
    return Invocation(argv, stdin=task.text.encode("utf-8", "replace"))


def read(setup: Setup, left: LeftBehind) -> AgentResult:
    """Each turn that was completed tells its tokens; one that failed or was killed tells none."""
    uses: list[ModelUse] = []
    said, error = "", ""
    for event in output.events(left.stdout):
        kind = event.get("type")
        if kind == "turn.completed":
            used = output.mapping(event.get("usage"))
            tokens = (used.get("input_tokens"), used.get("output_tokens"), used.get("cached_input_tokens"))
            uses.append(output.use(setup.model, *tokens))
            error = ""
        elif kind == "turn.failed":
            uses.append(ModelUse(setup.model))
            error = output.words(output.at(event, "error", "message")) or "its turn failed"
        elif kind == "item.completed" and output.at(event, "item", "type") == "agent_message":
            said = output.words(output.at(event, "item", "text")) or said
    detail = error or said or reporting.last_words(left)
    return AgentResult(model=setup.model, detail=detail, uses=tuple(uses), ending="failed" if error else "")


CODEX = Tool(
    Capability(
        program="codex",
        known_versions=("0.169.",),
        keys=vendors.OPENAI.keys,
        hosts=vendors.OPENAI.hosts,
        tells=frozenset({"tokens"}),
    ),
    start,
    read,
    needs_model=False,
    api=lambda _: vendors.OPENAI.api,
)
