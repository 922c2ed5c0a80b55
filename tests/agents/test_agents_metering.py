"""What the gateway reads off answers while they pass, in every protocol; and what it makes of odd and hostile ones."""

import json
import tracemalloc
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_factory.config import Price
from ci_factory.work.agents import metering
from ci_factory.work.agents.metering import UsageReader
from ci_factory.work.agents.protocol import ModelUse
from ci_factory.work.agents.refusals import refusal
from ci_factory.work.pricing import cost_of
from tests.agents import model_stub
from tests.agents.model_stub import Answer, Shell

NOW = datetime(2026, 1, 5, 18, tzinfo=UTC)
TOOLS = {"bash": {"properties": {"command": {"type": "string"}}}}
ANSWER = Answer(Shell("true"), 1, TOOLS, "stub-1", 1010, 200, 51)
USE = ModelUse("stub-1", 1010, 51, 200)
WHOLE = (model_stub.chat, model_stub.responses, model_stub.messages, model_stub.gemini)
STREAMS = (
    model_stub.chat_stream,
    model_stub.responses_stream,
    model_stub.messages_stream,
    model_stub.gemini_stream,
)
SSE = {"content-type": "text/event-stream; charset=utf-8"}
JSON = {"content-type": "application/json"}


def read(text: bytes, headers: dict[str, str], *, pieces: Sequence[int] = (), whole: bool = True) -> ModelUse:
    """The usage, with the text cut at the given places."""
    reader = UsageReader(headers)
    start = 0
    for end in (*sorted(pieces), len(text)):
        reader.feed(text[start:end])
        start = end
    return reader.use(whole=whole)


def streamed(stream: Any) -> bytes:
    return "".join(stream(ANSWER)).encode()


@pytest.mark.parametrize("protocol", WHOLE)
def test_whole_answers_tell_their_usage(protocol: Any) -> None:
    """Input with what came from the cache, output, and the model's name."""
    assert read(json.dumps(protocol(ANSWER)).encode(), JSON) == USE


@pytest.mark.parametrize("stream", STREAMS)
@given(st.data())
def test_streams_tell_the_same_however_they_are_cut(stream: Any, data: st.DataObject) -> None:
    """The network cuts where it likes."""
    text = streamed(stream)
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=20))
    assert read(text, SSE, pieces=cuts) == USE
    assert read(text.replace(b"\n", b"\r\n"), SSE) == USE


def test_a_stream_of_gemini_may_be_a_list() -> None:
    """Without `alt=sse` the parts are the elements of one JSON document."""
    part = model_stub.gemini(ANSWER)
    begun = part | {"usageMetadata": {"promptTokenCount": 1010, "totalTokenCount": 1010}}
    assert read(json.dumps([begun, part]).encode(), JSON) == USE


def test_gemini_counts_its_thoughts() -> None:
    """They are paid for as output; a count of zero is not sent at all."""
    used = {"promptTokenCount": 10, "candidatesTokenCount": 3, "thoughtsTokenCount": 4, "totalTokenCount": 17}
    assert read(json.dumps({"usageMetadata": used}).encode(), JSON).output_tokens == 7
    del used["candidatesTokenCount"], used["thoughtsTokenCount"]
    assert read(json.dumps({"usageMetadata": used}).encode(), JSON).output_tokens == 7


@pytest.mark.parametrize("stream", STREAMS)
def test_an_answer_that_breaks_off_is_unknown(stream: Any) -> None:
    """Half a stream tells the input at most; its output is not that of the start, and not zero."""
    text = streamed(stream)
    assert read(text[: len(text) // 2], SSE, whole=False).output_tokens is None


def test_what_came_after_the_usage_may_be_missing() -> None:
    """A client may hang up at the last event that matters to it."""
    text = streamed(model_stub.messages_stream)
    assert read(text[: text.index(b"event: message_stop")], SSE, whole=False) == USE


@pytest.mark.parametrize(
    ("text", "headers"),
    [
        (b'{"usage": {"prompt_tokens": -5, "completion_tokens": 1e999}}', JSON),
        (b'{"usage": {"prompt_tokens": true, "completion_tokens": "7"}}', JSON),
        (b'{"usage": ' + b"[" * 100_000, JSON),
        (b'{"usage": {"prompt_tokens": ' + b"9" * 5000 + b"}}", JSON),
        (b'{"usage": {"prompt_tokens": 10000000000000, "completion_tokens": 1}', JSON),
        (b'data: {"usage": null}\n\ndata: "usage"\n\ndata: [DONE]\n\n', SSE),
        (b"\x1f\x8b usage", JSON | {"content-encoding": "gzip"}),
        (b"", JSON),
        (b"null", {}),
    ],
)
def test_what_is_odd_is_unknown_and_never_zero(text: bytes, headers: dict[str, str]) -> None:
    """Negative, huge, of another type, nested without end, compressed, empty."""
    assert read(text, headers) == ModelUse()


@pytest.mark.parametrize("headers", [SSE, JSON])
def test_huge_answers_are_unknown_and_take_no_memory(headers: dict[str, str]) -> None:
    """An event, or a document, beyond the limit is forgotten."""
    reader = UsageReader(headers)
    tracemalloc.start()
    for _ in range(metering.LIMIT // 1_000_000 + 2):
        reader.feed(b"data: usage " + b"x" * 1_000_000)
    reader.feed(streamed(model_stub.chat_stream))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 2_000_000
    assert reader.use(whole=True) == ModelUse()


@given(st.binary(max_size=300), st.sampled_from([SSE, JSON]))
def test_no_answer_raises(text: bytes, headers: dict[str, str]) -> None:
    """Whatever a server sends."""
    assert read(b'data: {"usage": ' + text, headers).cost_usd is None


@pytest.mark.parametrize(
    ("status", "headers", "body", "words", "seconds"),
    [
        (429, {"retry-after": "30"}, '{"error": {"message": "slow\\u202e"}}', "slow", 30),
        (529, {}, '{"type": "error", "error": {"message": "Overloaded"}}', "Overloaded", None),
        (429, {"x-ratelimit-reset-tokens": "6m0s"}, "", "", 360),
        (429, {"anthropic-ratelimit-tokens-reset": "2026-01-05T18:05:00Z"}, "{}", "{}", 300),
        (429, {}, '[{"error": {"message": "quota", "details": [{"retryDelay": "35s"}]}}]', "quota", 35),
        (
            400,
            {},
            '{"error": {"message": "Your credit balance is too low"}}',
            "Your credit balance is too low",
            None,
        ),
        (401, {"retry-after": "x" * 500}, '{"error": "bad key"}', "bad key", None),
    ],
)
def test_refusals_are_read(
    status: int, headers: dict[str, str], body: str, words: str, seconds: int | None
) -> None:
    """Status, words made safe to print, and when to come back, where the server says so."""
    found = refusal(status, headers, body.encode(), NOW)
    assert found is not None
    assert (found.status, found.words) == (status, words)
    assert found.retry_at == (None if seconds is None else NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("status", "body"), [(400, "max_tokens is too large"), (404, "no such model: quota"), (422, "")]
)
def test_what_blames_the_request_is_no_refusal(status: int, body: str) -> None:
    """Asking again would not help."""
    assert refusal(status, {}, body.encode(), NOW) is None


@given(
    st.integers(400, 599),
    st.dictionaries(st.text(max_size=20), st.text(max_size=40), max_size=4),
    st.binary(max_size=200),
)
def test_no_refusal_raises(status: int, headers: dict[str, str], body: bytes) -> None:
    """And a time to come back is never in the past."""
    found = refusal(status, {"retry-after": "9" * 30, **headers}, body, NOW)
    assert found is None or found.retry_at is None or found.retry_at > NOW


@pytest.mark.parametrize(
    ("model", "cost"),
    [
        ("m-1", 3),
        ("openai/m-1", 3),
        ("m-1-20260105", 3),
        ("m-1-2026-01-05", 3),
        ("x/m-2", 8),
        ("m-2", None),
        ("m", None),
    ],
)
def test_prices_are_found_by_the_name_that_a_server_tells(model: str, cost: float | None) -> None:
    """Without the provider in front and the date behind; two prices for one name are none."""
    prices = {
        "openai/m-1": Price(input=1, output=2),
        "x/m-2": Price(input=4, output=4),
        "y/m-2": Price(input=1, output=1),
    }
    assert cost_of(ModelUse(model, 1_000_000, 1_000_000), prices) == cost
