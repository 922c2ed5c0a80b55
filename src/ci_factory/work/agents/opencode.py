"""opencode (npm opencode-ai), `opencode run`: the prompt on standard input, a stream of JSON events back."""

import json

from ci_factory.work.agents import output, reporting, vendors
from ci_factory.work.agents.protocol import AgentResult, Capability, Invocation, LeftBehind, ModelUse, Task
from ci_factory.work.agents.tool import Setup, Tool

_SETTINGS = "opencode.json"
_FLAGS = ("run", "--pure", "--auto", "--format", "json", "--title", "ticket")
_ENV = {"OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_LSP_DOWNLOAD": "1"}


def start(setup: Setup, task: Task) -> Invocation:
    """How to start it; the model is `provider/model`."""
    env = _ENV | {"OPENCODE_CONFIG": str(task.out / _SETTINGS)}
    argv = ("opencode", *_FLAGS, "--model", setup.model or "", *setup.args)
    stdin = task.text.encode("utf-8", "replace")
    return Invocation(argv, env=env, stdin=stdin, files={_SETTINGS: json.dumps(_settings(setup), indent=1)})


def _settings(setup: Setup) -> dict[str, object]:
    """A model that another server has is made known, as only those of its catalogue are."""
    settings: dict[str, object] = {"share": "disabled", "autoupdate": False}
    provider, _, model = (setup.model or "").partition("/")
    if setup.base_url:
        served = {"options": {"baseURL": setup.base_url}, "models": {model: {}}}
        settings["provider"] = {provider: served}
    return settings


def read(setup: Setup, left: LeftBehind) -> AgentResult:
    """Every step tells its tokens when it ends; one that began and did not end makes the sum unknown."""
    uses: list[ModelUse] = []
    begun, said, error = 0, "", ""
    for event in output.events(left.stdout):
        kind = event.get("type")
        begun += kind == "step_start"
        if kind == "step_finish":
            uses.append(_use(event.get("part"), setup.model))
        elif kind == "text":
            said = output.words(output.at(event, "part", "text")) or said
        elif kind == "error":
            error = _error(event) or "it failed"
    if begun > len(uses):
        uses.append(ModelUse(setup.model))
    detail = error or said or reporting.last_words(left)
    return AgentResult(model=setup.model, detail=detail, uses=tuple(uses), ending="failed" if error else "")


def _use(part: object, model: str | None) -> ModelUse:
    """Its input leaves out the cache, its output the reasoning."""
    tokens = output.mapping(output.at(part, "tokens"))
    cached = output.at(tokens, "cache", "read")
    read_ = [output.count(one) for one in (tokens.get("input"), cached, output.at(tokens, "cache", "write"))]
    written = [output.count(tokens.get(key)) for key in ("output", "reasoning")]
    return output.use(model, output.total(read_), output.total(written), cached, output.at(part, "cost"))


def _error(event: object) -> str:
    said = output.at(event, "error", "data", "message") or output.at(event, "error", "name")
    return output.words(said)


OPENCODE = Tool(
    Capability(
        program="opencode",
        known_versions=("1.18.",),
        tells=frozenset({"tokens", "cost"}),  # its own limit of steps only asks the model to stop
    ),
    start,
    read,
    api=lambda setup: vendors.api(setup.model),
)
