"""OpenHands (PyPI openhands), headless: the prompt in a file; the state of its conversation tells the usage by model."""

from collections.abc import Iterator

from ci_factory.work.agents import output, vendors
from ci_factory.work.agents.protocol import AgentResult, Capability, Invocation, LeftBehind, ModelUse, Task
from ci_factory.work.agents.tool import Setup, Tool

_CONVERSATIONS = "conversations"
_FLAGS = ("--headless", "--json", "--override-with-envs", "--exit-without-confirmation")


def start(setup: Setup, task: Task) -> Invocation:
    """How to start it; the model is named as litellm does."""
    env = {
        "LLM_MODEL": setup.model or "",
        "OPENHANDS_CONVERSATIONS_DIR": str(task.out / _CONVERSATIONS),
        "OPENHANDS_SUPPRESS_BANNER": "1",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }
    if setup.base_url:
        env["LLM_BASE_URL"] = setup.base_url
    return Invocation(("openhands", *_FLAGS, "--file", str(task.prompt), *setup.args), env=env)


def read(setup: Setup, left: LeftBehind) -> AgentResult:
    """The state is saved as it goes, so it is there after a kill too."""
    data = output.file(left.out, _CONVERSATIONS, "*", "base_state.json")
    state = output.mapping(output.parsed(data)) if data else {}
    uses = tuple(_uses(output.at(state, "stats", "usage_to_metrics"), setup.model))
    said, error = "", ""
    for event in output.events(left.stdout):
        if event.get("kind") == "MessageEvent" and event.get("source") == "agent":
            said = _said(event) or said
        elif event.get("kind") == "ConversationErrorEvent":
            error = output.words(event.get("detail")) or "its conversation failed"
    failed = bool(error) or state.get("execution_status") in {"error", "stuck"}
    detail = error or said or output.words(state.get("execution_status"))
    return AgentResult(model=setup.model, detail=detail, uses=uses, ending="failed" if failed else "")


def _uses(metrics: object, model: str | None) -> Iterator[ModelUse]:
    """One for each purpose (the work, shortening its memory) that a model was called for at all."""
    for _, used in sorted(output.mapping(metrics).items())[:50]:
        if not output.at(used, "response_latencies"):
            continue
        tokens = output.mapping(output.at(used, "accumulated_token_usage"))
        given = (
            tokens.get("prompt_tokens"),
            tokens.get("completion_tokens"),
            tokens.get("cache_read_tokens"),
        )
        named = output.at(used, "model_name") or model
        yield output.use(named, *given, output.at(used, "accumulated_cost"))


def _said(event: object) -> str:
    content = output.at(event, "llm_message", "content")
    parts = content if isinstance(content, list) else []
    return next((text for part in reversed(parts) if (text := output.words(output.at(part, "text")))), "")


OPENHANDS = Tool(
    Capability(
        program="openhands",
        known_versions=("1.16.",),
        keys=("LLM_API_KEY",),
        tells=frozenset({"tokens", "cost", "model"}),
    ),
    start,
    read,
    api=lambda setup: vendors.litellm_api(setup.model),
)
