"""A model on loopback: answers like OpenAI (chat completions, responses), Anthropic and Gemini, from a script.

The last turn of the script repeats: a model whose last one is a command never stops asking for it. It counts what it says
it used, and keeps every request as it came. Whatever the tool that asks calls its shell, it is found among the
tools that the request offers.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SHELLS = ("bash", "shell", "shell_command", "exec_command", "run_shell_command", "terminal", "execute_bash")
_INPUT, _CACHED, _OUTPUT = 1000, 200, 50


@dataclass(frozen=True)
class Shell:
    """The model asks for a command."""

    command: str


@dataclass(frozen=True)
class Say:
    """The model says something; without a tool call, which ends the work."""

    text: str


@dataclass(frozen=True)
class Refuse:
    """The server refuses, with this HTTP status."""

    status: int = 401
    text: str = "the key is not known here"
    headers: tuple[tuple[str, str], ...] = ()
    """Such as `Retry-After`."""


@dataclass(frozen=True)
class Hang:
    """The server takes its time, and then says something."""

    seconds: float
    text: str = "late"


Turn = Shell | Say | Refuse | Hang


@dataclass(frozen=True)
class Answer:
    """One turn with what it used, before it is put into a protocol's words."""

    turn: Turn
    number: int
    tools: Mapping[str, Mapping[str, Any]]
    model: str
    input_tokens: int
    cached_tokens: int
    output_tokens: int

    @property
    def call(self) -> tuple[str, dict[str, Any]]:
        """Name and arguments of the tool call."""
        assert isinstance(self.turn, Shell)
        name = next(name for wanted in SHELLS for name in self.tools if name.lower() == wanted)
        known = self.tools[name].get("properties", {})
        key = next((key for key in ("command", "cmd") if key in known), "command")
        line = self.turn.command
        argument: Any = ["bash", "-c", line] if known.get(key, {}).get("type") == "array" else line
        return name, {key: argument} | _fillers(self.tools[name], key)

    def wait(self) -> None:
        """As long as the server takes."""
        time.sleep(self.turn.seconds if isinstance(self.turn, Hang) else 0)

    @property
    def text(self) -> str:
        """What it says."""
        return self.turn.text if isinstance(self.turn, Say | Hang) else "I run a command."


def _fillers(schema: Mapping[str, Any], known: str) -> dict[str, Any]:
    """Some value for everything else that a tool demands."""
    values: dict[str, Any] = {"string": "edit", "number": 10_000, "integer": 10_000, "boolean": False}
    properties = schema.get("properties", {})
    return {
        name: next(iter(spec.get("enum", [])), values.get(spec.get("type"), "edit"))
        for name, spec in ((name, properties.get(name, {})) for name in schema.get("required", []))
        if name != known
    }


@dataclass
class ModelStub:
    """What the server answers and what it was asked; one for each test."""

    script: Sequence[Turn]
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """Path and body of every request."""
    headers: list[dict[str, str]] = field(default_factory=list)
    """Of every request."""
    raw: list[str] = field(default_factory=list)
    """Every request whole: address, headers, body."""
    answers: list[Answer] = field(default_factory=list)
    url: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def input_tokens(self) -> int:
        """All that it said it read."""
        return sum(answer.input_tokens for answer in self.answers)

    @property
    def output_tokens(self) -> int:
        """All that it said it wrote."""
        return sum(answer.output_tokens for answer in self.answers)

    @property
    def cached_tokens(self) -> int:
        """What of the input came from a cache."""
        return sum(answer.cached_tokens for answer in self.answers)

    @property
    def keys(self) -> set[str]:
        """What stood where a key stands, in all requests."""
        names = ("Authorization", "X-Api-Key", "X-Goog-Api-Key")
        given = (headers.get(name) for headers in self.headers for name in (*names, *map(str.lower, names)))
        return {key.removeprefix("Bearer ") for key in given if key}

    def answer(self, path: str, body: dict[str, Any], headers: dict[str, str]) -> Answer:
        """The next turn of the script (the last one repeats); requests without a shell are side talk, such as titles."""
        with self._lock:
            self.requests.append((path, body))
            self.headers.append(headers)
            tools = _tools(body)
            shell = any(name.lower() in SHELLS for name in tools)
            talk = not any(isinstance(turn, Shell) for turn in self.script)
            told = sum(1 for answer in self.answers if answer.number >= 0)
            number = told if shell or talk else -1
            turn = self.script[min(told, len(self.script) - 1)] if number >= 0 else Say("a title")
            cached = _CACHED if told and number >= 0 else 0
            model = str(body.get("model") or path.rsplit("/", 1)[-1].split(":", maxsplit=1)[0])
            answer = Answer(turn, number, tools, model, _INPUT + 10 * told, cached, _OUTPUT + told)
            if not isinstance(turn, Refuse):
                self.answers.append(answer)
            return answer


def _tools(body: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Name -> JSON Schema of the parameters, whichever protocol offers them."""
    found: dict[str, Mapping[str, Any]] = {}
    for tool in body.get("tools") or []:
        for one in tool.get("functionDeclarations") or [tool.get("function") or tool]:
            schema = one.get("parameters") or one.get("parametersJsonSchema") or one.get("input_schema") or {}
            if "name" in one:
                found[one["name"]] = schema
    return found


def chat(answer: Answer) -> dict[str, Any]:
    """OpenAI chat completions."""
    message: dict[str, Any] = {"role": "assistant", "content": answer.text}
    if isinstance(answer.turn, Shell):
        name, arguments = answer.call
        function = {"name": name, "arguments": json.dumps(arguments)}
        message["tool_calls"] = [{"id": f"call_{answer.number}", "type": "function", "function": function}]
    ending = "tool_calls" if isinstance(answer.turn, Shell) else "stop"
    return {
        "id": f"chatcmpl-{answer.number}",
        "object": "chat.completion",
        "created": 1,
        "model": answer.model,
        "choices": [{"index": 0, "message": message, "finish_reason": ending}],
        "usage": {
            "prompt_tokens": answer.input_tokens,
            "completion_tokens": answer.output_tokens,
            "total_tokens": answer.input_tokens + answer.output_tokens,
            "prompt_tokens_details": {"cached_tokens": answer.cached_tokens},
        },
    }


def chat_stream(answer: Answer) -> Iterator[str]:
    """The same as server-sent events."""
    whole = chat(answer)
    message = whole["choices"][0]["message"]
    calls = [{"index": 0, **call} for call in message.pop("tool_calls", [])]
    delta = message | ({"tool_calls": calls} if calls else {})
    first = whole | {"object": "chat.completion.chunk", "usage": None}
    first["choices"] = [{"index": 0, "delta": delta, "finish_reason": None}]
    last = first | {
        "choices": [{"index": 0, "delta": {}, "finish_reason": whole["choices"][0]["finish_reason"]}]
    }
    yield _event(first)
    yield _event(last)
    yield _event(first | {"choices": [], "usage": whole["usage"]})
    yield "data: [DONE]\n\n"


def responses(answer: Answer) -> dict[str, Any]:
    """OpenAI responses."""
    item: dict[str, Any] = {
        "type": "message",
        "id": f"msg_{answer.number}",
        "role": "assistant",
        "status": "completed",
        "content": [{"type": "output_text", "text": answer.text, "annotations": []}],
    }
    if isinstance(answer.turn, Shell):
        name, arguments = answer.call
        item = {
            "type": "function_call",
            "id": f"fc_{answer.number}",
            "call_id": f"call_{answer.number}",
            "name": name,
            "arguments": json.dumps(arguments),
            "status": "completed",
        }
    return {
        "id": f"resp_{answer.number}",
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "model": answer.model,
        "output": [item],
        "usage": {
            "input_tokens": answer.input_tokens,
            "input_tokens_details": {"cached_tokens": answer.cached_tokens},
            "output_tokens": answer.output_tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": answer.input_tokens + answer.output_tokens,
        },
    }


def responses_stream(answer: Answer) -> Iterator[str]:
    """The same as server-sent events."""
    whole = responses(answer)
    begun = whole | {"status": "in_progress", "output": [], "usage": None}
    steps: list[dict[str, Any]] = [{"type": "response.created", "response": begun}]
    for index, item in enumerate(whole["output"]):
        steps.append({"type": "response.output_item.added", "output_index": index, "item": item})
        steps.append({"type": "response.output_item.done", "output_index": index, "item": item})
    steps.append({"type": "response.completed", "response": whole})
    for number, step in enumerate(steps):
        yield _event(step | {"sequence_number": number}, step["type"])


def messages(answer: Answer) -> dict[str, Any]:
    """Anthropic messages; its input tokens do not count those from the cache."""
    content: list[dict[str, Any]] = [{"type": "text", "text": answer.text}]
    if isinstance(answer.turn, Shell):
        name, arguments = answer.call
        content.append({"type": "tool_use", "id": f"toolu_{answer.number}", "name": name, "input": arguments})
    return {
        "id": f"msg_{answer.number}",
        "type": "message",
        "role": "assistant",
        "model": answer.model,
        "content": content,
        "stop_reason": "tool_use" if isinstance(answer.turn, Shell) else "end_turn",
        "stop_sequence": None,
        "usage": {
            "input_tokens": answer.input_tokens - answer.cached_tokens,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": answer.cached_tokens,
            "output_tokens": answer.output_tokens,
        },
    }


def messages_stream(answer: Answer) -> Iterator[str]:
    """The same as server-sent events."""
    whole = messages(answer)
    start = whole | {"content": [], "stop_reason": None, "usage": whole["usage"] | {"output_tokens": 1}}
    yield _event({"type": "message_start", "message": start}, "message_start")
    for index, block in enumerate(whole["content"]):
        nothing: dict[str, Any] = {"input": {}} if block["type"] == "tool_use" else {"text": ""}
        empty = block | nothing
        delta = (
            {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
            if block["type"] == "tool_use"
            else {"type": "text_delta", "text": block["text"]}
        )
        for kind, data in (("start", {"content_block": empty}), ("delta", {"delta": delta}), ("stop", {})):
            name = f"content_block_{kind}"
            yield _event({"type": name, "index": index} | data, name)
    ending = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    usage = {"output_tokens": answer.output_tokens}
    yield _event({"type": "message_delta", "delta": ending, "usage": usage}, "message_delta")
    yield _event({"type": "message_stop"}, "message_stop")


def gemini(answer: Answer) -> dict[str, Any]:
    """Gemini generateContent."""
    parts: list[dict[str, Any]] = [{"text": answer.text}]
    if isinstance(answer.turn, Shell):
        name, arguments = answer.call
        parts = [{"functionCall": {"name": name, "args": arguments}}]
    return {
        "candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": "STOP", "index": 0}],
        "usageMetadata": {
            "promptTokenCount": answer.input_tokens,
            "cachedContentTokenCount": answer.cached_tokens,
            "candidatesTokenCount": answer.output_tokens,
            "totalTokenCount": answer.input_tokens + answer.output_tokens,
        },
        "modelVersion": answer.model,
    }


def _event(data: dict[str, Any], name: str = "") -> str:
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data)}\n\n"


def _reply(path: str, body: dict[str, Any], answer: Answer) -> tuple[str, str]:
    """Content type and text of the answer in the words of the protocol that was asked in."""
    streams = bool(body.get("stream")) or ":streamGenerateContent" in path
    one, many = next(words for part, words in _PROTOCOLS.items() if part in path)
    if streams:
        return "text/event-stream", "".join(many(answer))
    return "application/json", json.dumps(one(answer))


def gemini_stream(answer: Answer) -> Iterator[str]:
    """The same as one server-sent event."""
    yield _event(gemini(answer))


_PROTOCOLS: dict[str, tuple[Callable[[Answer], dict[str, Any]], Callable[[Answer], Iterator[str]]]] = {
    "/chat/completions": (chat, chat_stream),
    "/responses": (responses, responses_stream),
    "/messages": (messages, messages_stream),
    "enerateContent": (gemini, gemini_stream),
}
"""Part of a path -> the answer whole, and in pieces."""


def _handler(stub: ModelStub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            path = self.path.split("?")[0]
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.loads(data or b"{}")
            stub.raw.append(f"{self.path}\n{self.headers}\n{data.decode('utf-8', 'replace')}")
            if "count_tokens" in path or ":countTokens" in path:
                self._send(200, "application/json", json.dumps({"input_tokens": 1, "totalTokens": 1}))
            elif not any(known in path for known in _PROTOCOLS):
                self._send(404, "application/json", "{}")
            else:
                answer = stub.answer(path, body, dict(self.headers))
                answer.wait()
                if isinstance(answer.turn, Refuse):
                    error = {
                        "type": "authentication_error",
                        "message": answer.turn.text,
                        "code": answer.turn.status,
                    }
                    text = json.dumps({"type": "error", "error": error})
                    self._send(answer.turn.status, "application/json", text, answer.turn.headers)
                else:
                    self._send(200, *_reply(path, body, answer))

        def do_GET(self) -> None:
            self._send(404, "application/json", '{"error": {"message": "not here"}}')

        do_HEAD = do_GET  # noqa: N815 - its name there

        def _send(self, status: int, kind: str, text: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
            data = text.encode()
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            """Say nothing."""

    return Handler


@contextmanager
def model_stub(*script: Turn) -> Iterator[ModelStub]:
    """A running model; it is gone afterwards."""
    stub = ModelStub(script)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(stub))
    server.daemon_threads = True
    stub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
