"""Claude Code (npm @anthropic-ai/claude-code), headless: the prompt on standard input, a stream of JSON events back."""

from collections.abc import Iterator, Mapping

from ci_factory.work.agents import output, reporting, vendors
from ci_factory.work.agents.protocol import AgentResult, Capability, Invocation, LeftBehind, ModelUse, Task
from ci_factory.work.agents.tool import Setup, Tool

_ALLOWED = "Bash,Edit,Write,NotebookEdit,Read,Glob,Grep"
_REFUSED = "WebFetch,WebSearch,CronCreate,ScheduleWakeup,EnterWorktree,SendMessage"
_FLAGS = (
    *("--print", "--verbose", "--output-format", "stream-json", "--no-session-persistence"),
    *(
        "--safe-mode",
        "--strict-mcp-config",
    ),  # no hooks, plugins, memory or servers that the repository brings
    *("--permission-mode", "acceptEdits", "--allowedTools", _ALLOWED, "--disallowedTools", _REFUSED),
)
_ENV = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    "CLAUDE_CODE_MAX_RETRIES": "3",  # its ten sleep for minutes, in which the factory would rather try another agent
}
_LIMITS = frozenset({"error_max_turns", "error_max_budget_usd"})


def start(setup: Setup, task: Task) -> Invocation:
    """How to start it."""
    argv = ["claude", *_FLAGS, "--add-dir", str(task.out)]
    if setup.model:
        argv += ["--model", setup.model]
    if setup.max_turns is not None:
        argv += ["--max-turns", str(setup.max_turns)]
    if setup.max_cost_usd is not None:
        argv += ["--max-budget-usd", str(setup.max_cost_usd)]
    env = _ENV | ({"ANTHROPIC_BASE_URL": setup.base_url} if setup.base_url else {})
    return Invocation((*argv, *setup.args), env=env, stdin=task.text.encode("utf-8", "replace"))


def read(setup: Setup, left: LeftBehind) -> AgentResult:
    """Its last event sums up; without it (it was killed) nothing is known."""
    del setup
    closing: Mapping[str, object] = {}
    for event in output.events(left.stdout):
        if event.get("type") == "result":
            closing = event
    if not closing:
        return AgentResult(detail=reporting.last_words(left))
    subtype = output.words(closing.get("subtype"), 60)
    said = output.words(closing.get("result")) or subtype
    uses = tuple(_uses(output.mapping(closing.get("modelUsage"))))
    most = max(uses, key=lambda one: one.output_tokens or 0, default=ModelUse())
    if subtype in _LIMITS:
        return AgentResult(model=most.model, detail=subtype, uses=uses, ending="limit")
    failed = closing.get("is_error") is not False
    return AgentResult(model=most.model, detail=said, uses=uses, ending="failed" if failed else "")


def _uses(models: Mapping[str, object]) -> Iterator[ModelUse]:
    """Its input leaves out what was written to or read from a cache; its cost is made up for models of others."""
    for model, used in sorted(models.items())[:50]:
        parts = [output.count(output.at(used, key)) for key in _INPUT]
        cost = output.at(used, "costUSD") if model.startswith("claude-") else None
        cached = output.at(used, "cacheReadInputTokens")
        yield output.use(model, output.total(parts), output.at(used, "outputTokens"), cached, cost)


_INPUT = ("inputTokens", "cacheCreationInputTokens", "cacheReadInputTokens")

CLAUDE_CODE = Tool(
    Capability(
        program="claude",
        known_versions=("2.1.",),
        keys=("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"),
        accounts=("CLAUDE_CODE_OAUTH_TOKEN",),
        hosts=vendors.ANTHROPIC.hosts,
        tells=frozenset({"tokens", "cost", "model"}),
        limits=frozenset({"turns", "cost"}),
    ),
    start,
    read,
    needs_model=False,
    api=lambda _: "https://api.anthropic.com",
)
