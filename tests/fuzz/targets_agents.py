"""What agents print and leave, what their models' servers answer, and what they ask for."""

from collections.abc import Callable
from datetime import UTC, datetime
from http.client import HTTPException, parse_headers
from io import BytesIO

from ci_factory.config import AgentConfig
from ci_factory.system.model_body import Body
from ci_factory.system.model_request import Keys, Refused, Upstream, wanted
from ci_factory.work import documents
from ci_factory.work.agents.metering import UsageReader
from ci_factory.work.agents.protocol import AgentResult, LeftBehind
from ci_factory.work.agents.refusals import refusal
from ci_factory.work.agents.registry import ADAPTERS
from tests.fuzz.scratch import scratch
from tests.fuzz.target import DATA, Target, pieces, text, texts

_NOW = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
_FILES = {
    "aider": "aider.jsonl",
    "mini-swe-agent": "trajectory.json",
    "command": "usage.json",
    "scripted": "usage.json",
    "autofix": "usage.json",
    "openhands": ".openhands/conversations/a/base_state.json",
}
"""What an adapter reads beside the output of its process."""
_JSON = ("[", "{", '{"a":', '"', "1", "1e999", "-1", "null", "true", "\\ud800", "NaN", "\n", "9" * 20)
_EVENTS = ('{"type":"result","usage":{', '{"type":"turn.completed",', "Error: a\n", "\x1b[1m", *_JSON)


def _output(name: str) -> Callable[[bytes], AgentResult]:
    config = AgentConfig(
        name=name, adapter=name, **_NEEDS.get(name, {"model": "openai/gpt-1" if name != "autofix" else None})
    )

    def run(data: bytes) -> AgentResult:
        out, err, left = pieces(data, 3)
        with scratch() as folder:
            file = folder / _FILES.get(name, "usage.json")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(left)
            done = LeftBehind(len(out) % 2, text(out), text(err), timed_out=False, out=folder)
            result = ADAPTERS[name](config, DATA.parent).result(done)
        result.detail.encode()
        return result

    return run


_OURS = {"autofix", "command", "scripted"}
"""Those that tell their usage in usage.json."""
_NEEDS: dict[str, dict[str, object]] = {
    "command": {"command": "true"},
    "scripted": {"folder": "data"},
}
_DOCUMENTS = (
    ("comprehension.json", documents.comprehension),
    ("plan.json", documents.plan),
    ("review.json", documents.review),
    ("escalation.json", documents.escalation),
    ("partial.json", documents.partial),
    ("usage.json", documents.usage),
)


def _documents(data: bytes) -> None:
    with scratch() as folder:
        for name, read in _DOCUMENTS:
            (folder / name).write_bytes(data)
            for problem in read(folder).problems:
                problem.encode()


def _answer_of_model(data: bytes) -> None:
    for kind in ("text/event-stream", "application/json"):
        reader = UsageReader({"content-type": kind})
        for start in range(0, len(data), 4096):
            reader.feed(data[start : start + 4096])
        reader.use(whole=bool(data))


def _refusal_of_model(data: bytes) -> None:
    body, *headers = pieces(data, 3)
    named = ("retry-after", "x-ratelimit-reset-tokens")
    refusal(429, dict(zip(named, map(text, headers), strict=True)), body, _NOW)
    refusal(400, {}, body, _NOW)


def _request_to_model(data: bytes) -> None:
    head, body = pieces(data, 2)
    first, _, rest = head.partition(b"\n")
    try:
        headers = parse_headers(BytesIO(rest + b"\n\n"))  # as the server does that takes the request
    except HTTPException:
        return
    stream = BytesIO(body)
    for piece in Body.of(headers, stream.readline, stream.read).pieces():
        len(piece)
    wanted(Upstream.of("https://api.example.com"), Keys({"stand-in": "real"}), "POST", text(first), headers)


def _address_of_model(data: bytes) -> None:
    Upstream.of(texts(data, 1)[0])


TARGETS = (
    *(
        Target(
            f"agent-{name}",
            _output(name),
            ("work.agents.reporting",)
            if name in _OURS
            else ("work.agents.output", f"work.agents.{name.replace('-', '_')}"),
            _EVENTS,
        )
        for name in ADAPTERS
    ),
    Target("agent-documents", _documents, ("work.documents",), _JSON),
    Target(
        "model-answer",
        _answer_of_model,
        ("work.agents.metering", "work.agents.output"),
        ('data: {"usage":', 'data: {"type":"message_start","message":{"usage":{', '{"usageMetadata":{', *_JSON),
    ),
    Target("model-refusal", _refusal_of_model, ("work.agents.refusals",), ("quota ", "resets in ", *_JSON)),
    Target(
        "model-request",
        _request_to_model,
        ("system.model_request", "system.model_body"),
        ("/v1/messages?key=stand-in", "Content-Length: 1\n", "Transfer-Encoding: chunked\n", "1\r\n", "x-api-key: stand-in\n"),
        (Refused,),
    ),
    Target("model-address", _address_of_model, ("system.model_request",), ("https://", "[", "]", ":", "@", "/"), (ValueError,)),
)  # fmt: skip
