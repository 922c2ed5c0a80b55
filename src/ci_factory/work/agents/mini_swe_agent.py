"""mini-swe-agent (PyPI, with `mcp`): the task in a file of settings; it saves its trajectory after every step."""

from collections.abc import Iterator

import yaml

from ci_factory.work.agents import output, reporting, vendors
from ci_factory.work.agents.protocol import AgentResult, Capability, Invocation, LeftBehind, ModelUse, Task
from ci_factory.work.agents.tool import Setup, Tool

_TRAJECTORY = "trajectory.json"
_SETTINGS = "factory.yaml"
_FLAGS = ("--yolo", "--exit-immediately", "--config", "mini.yaml")
_LIMITS = frozenset({"LimitsExceeded", "TimeExceeded"})


def start(setup: Setup, task: Task) -> Invocation:
    """How to start it."""
    model = ("--model", setup.model or "", "--cost-limit", f"{setup.max_cost_usd or 0:g}")
    files = ("--config", str(task.out / _SETTINGS), "--output", str(task.out / _TRAJECTORY))
    env = {
        "MSWEA_CONFIGURED": "true",  # asks nobody
        "MSWEA_SILENT_STARTUP": "1",
        "MSWEA_COST_TRACKING": "ignore_errors",  # a model without a known price is no reason to stop
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # fetches no prices
    }
    settings = yaml.safe_dump(_settings(setup, task))
    return Invocation(("mini", *model, *_FLAGS, *files, *setup.args), env=env, files={_SETTINGS: settings})


def _settings(setup: Setup, task: Task) -> dict[str, object]:
    """The task is a value among them; half characters, which no server takes, are replaced."""
    text = task.text.encode("utf-8", "replace").decode("utf-8")
    kwargs = {"api_base": setup.base_url} if setup.base_url else {}
    return {
        "run": {"task": text},
        "agent": {"step_limit": setup.max_turns or 0},
        "model": {"model_kwargs": kwargs},
    }


def read(setup: Setup, left: LeftBehind) -> AgentResult:
    """The trajectory tells the usage of every call, also of those whose answer it could not use."""
    data = output.file(left.out, _TRAJECTORY)
    trajectory = output.mapping(output.parsed(data)) if data else {}
    if not trajectory:
        return AgentResult(model=setup.model, detail=reporting.last_words(left))
    messages = trajectory.get("messages")
    messages = messages if isinstance(messages, list) else []
    uses = tuple(_uses(messages, setup.model))
    status = output.words(output.at(trajectory, "info", "exit_status"), 60)
    said = output.words(output.at(messages[-1], "content")) if messages else ""
    if status in _LIMITS:
        return AgentResult(model=setup.model, detail=status, uses=uses, ending="limit")
    failed = status != "Submitted" and not left.timed_out
    detail = said if said and said != status else status
    return AgentResult(model=setup.model, detail=detail, uses=uses, ending="failed" if failed else "")


def _uses(messages: list[object], model: str | None) -> Iterator[ModelUse]:
    """A call for each message that holds an answer of the model's server; one without usage makes the sum unknown."""
    for message in messages:
        extra = output.mapping(output.at(message, "extra"))
        if "response" not in extra and "cost" not in extra:
            continue
        used = output.mapping(output.at(extra, "response", "usage"))
        cached = output.at(used, "prompt_tokens_details", "cached_tokens")
        tokens = (used.get("prompt_tokens"), used.get("completion_tokens"))
        yield output.use(model, *tokens, cached, extra.get("cost"))


MINI_SWE_AGENT = Tool(
    Capability(
        program="mini",
        version_arguments=("--help",),
        known_versions=("2.4.",),
        tells=frozenset({"tokens", "cost"}),
        limits=frozenset({"turns", "cost"}),
    ),
    start,
    read,
    api=lambda setup: vendors.litellm_api(setup.model),
)
