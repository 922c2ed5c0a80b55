"""What the adapters make of outputs that the real tools wrote (tests/agents/recorded), and of hostile ones."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from ci_factory.config import AgentConfig, Price
from ci_factory.model.attempt import Usage
from ci_factory.work.agents.protocol import AgentResult, LeftBehind
from ci_factory.work.agents.registry import ADAPTERS
from ci_factory.work.pricing import priced

RECORDED = Path(__file__).parent / "recorded"
MODELS = {
    "aider": "openai/stub-1",
    "claude-code": "claude-stub-1",
    "codex": "stub-1",
    "gemini": "gemini-2.5-pro",
    "mini-swe-agent": "openai/stub-1",
    "opencode": "openai/stub-1",
    "openhands": "openai/stub-1",
}
REFUSAL = "the key is not known here"


def adapter(name: str, **fields: Any) -> Any:
    return ADAPTERS[name](AgentConfig(name="one", adapter=name, **{"model": MODELS[name]} | fields), Path())


def left(folder: Path, code: int = 0, *, timed_out: bool = False) -> LeftBehind:
    """What lies in a folder of recordings."""
    said = [
        (folder / name).read_text(encoding="utf-8") if (folder / name).is_file() else ""
        for name in ("stdout", "stderr")
    ]
    return LeftBehind(code, said[0], said[1], timed_out, folder / "out")


def result(name: str, case: str, code: int = 0, **fields: Any) -> AgentResult:
    read: AgentResult = adapter(name, **fields).result(left(RECORDED / name / case, code))
    return read


@pytest.mark.parametrize("name", [name for name in MODELS if name != "aider"])
def test_the_usage_is_what_the_model_served(name: str) -> None:
    """Two calls of 1000 and 1010 tokens in (200 of them cached), 50 and 51 out, whatever words each tool has for it."""
    told = result(name, "done", base_url="http://127.0.0.1:1/v1")
    assert told.usage == Usage(input_tokens=2010, output_tokens=101)
    assert sum(use.cached_tokens or 0 for use in told.uses) == 200
    assert told.model == MODELS[name]
    assert told.ending == ""


def test_aider_tells_the_exact_usage_of_its_only_message() -> None:
    """Its log has whole numbers where its screen says 1.0k."""
    told = result("aider", "done")
    assert told.usage == Usage(input_tokens=1000, output_tokens=50)
    assert told.detail == "Applied edit to a.txt"


@pytest.mark.parametrize("name", MODELS)
def test_a_refused_call_is_a_failure_in_the_servers_words(name: str) -> None:
    """Also for aider and OpenHands, whose exit code is 0 all the same; nothing is known of the usage, and no cost is made up."""
    told = result(name, "refused", 0 if name in {"aider", "openhands"} else 1)
    assert told.ending == "failed"
    assert REFUSAL in told.detail or name == "aider"
    assert told.usage == Usage()


def test_aiders_failure_is_the_line_with_the_error() -> None:
    """The screen breaks lines; the one that names the error is told."""
    assert result("aider", "refused").detail.startswith("litellm.AuthenticationError")


@pytest.mark.parametrize(
    ("name", "code", "usage"),
    [
        ("claude-code", 1, Usage(input_tokens=3030, output_tokens=153)),
        ("mini-swe-agent", 0, Usage(input_tokens=3030, output_tokens=153)),
        ("gemini", 53, Usage()),
    ],
)
def test_its_own_limit_is_told_apart_from_a_failure(name: str, code: int, usage: Usage) -> None:
    """The turns were used up: charged as far as the tool tells, and no failure to be tried again."""
    told = result(name, "limit", code, base_url="http://127.0.0.1:1")
    assert (told.ending, told.usage) == ("limit", usage)


@pytest.mark.parametrize("name", ["mini-swe-agent", "aider", "openhands", "opencode"])
def test_what_was_used_before_a_kill_is_charged(name: str) -> None:
    """These write down each call as it ends, so a killed one still tells."""
    folder = RECORDED / name / "done"
    assert adapter(name).result(left(folder, -9, timed_out=True)).usage.input_tokens


def test_an_unfinished_step_makes_the_sum_unknown(tmp_path: Path) -> None:
    """What a killed tool was in the middle of was served too, and nobody knows how much."""
    text = (RECORDED / "opencode/done/stdout").read_text(encoding="utf-8")
    cut = text[: text.rindex('{"type":"step_finish"')]
    told = adapter("opencode").result(LeftBehind(-9, cut, "", timed_out=True, out=tmp_path))
    assert told.usage == Usage()


def test_claude_is_believed_about_the_prices_of_its_vendor_alone() -> None:
    """The cost that it makes up for other models, or when another server answers, counts as not told."""
    text = (RECORDED / "claude-code/done/stdout").read_text(encoding="utf-8")
    believed = result("claude-code", "done")
    assert believed.usage.cost_usd == pytest.approx(0.011675)
    assert result("claude-code", "done", base_url="http://127.0.0.1:1").usage.cost_usd is None
    assert result("claude-code", "done", env=("ANTHROPIC_BASE_URL",)).usage.cost_usd is None
    others = text.replace("claude-stub-1", "stub-1")
    told = adapter("claude-code").result(LeftBehind(0, others, "", timed_out=False, out=Path()))
    assert told.usage == Usage(input_tokens=2010, output_tokens=101)


@pytest.mark.parametrize("name", [name for name in MODELS if name != "claude-code"])
def test_no_cost_is_never_nothing(name: str) -> None:
    """A tool that does not know its model's price says 0, or nothing; both mean unknown."""
    assert result(name, "done").usage.cost_usd is None


@pytest.mark.parametrize("name", [name for name in MODELS if name != "aider"])
def test_the_price_table_fills_in_what_is_unknown(name: str) -> None:
    """Cached input has its own price: 1810 at 3, 200 at 0.3 and 101 at 15 dollars a million."""
    prices = {MODELS[name]: Price(input=3, output=15, cached=0.3)}
    told = priced(result(name, "done", base_url="http://127.0.0.1:1"), prices)
    assert told.usage.cost_usd == pytest.approx((1810 * 3 + 200 * 0.3 + 101 * 15) / 1e6)


def test_a_model_without_a_price_leaves_the_whole_cost_unknown() -> None:
    """Neither half a sum nor another model's price."""
    told = result("codex", "done")
    assert priced(told, {}).usage.cost_usd is None
    assert priced(told, {"other": Price(input=3, output=15)}).usage.cost_usd is None
    assert priced(result("codex", "refused", 1), {"stub-1": Price(input=3, output=15)}).usage.cost_usd is None


def test_a_told_cost_is_not_priced_again() -> None:
    """The table is for what agents do not know."""
    told = priced(result("claude-code", "done"), {"claude-stub-1": Price(input=900, output=900)})
    assert told.usage.cost_usd == pytest.approx(0.011675)


def test_the_table_prices_any_agent_that_tells_tokens_and_model() -> None:
    """Also one that writes usage.json; without both numbers, or without a model, nothing is known."""
    prices = {"m": Price(input=2, output=10)}
    whole = Usage(input_tokens=1_000_000, output_tokens=100_000)
    assert priced(AgentResult(usage=whole, model="m"), prices).usage.cost_usd == pytest.approx(3)
    assert priced(AgentResult(usage=whole), prices).usage.cost_usd is None
    half = Usage(input_tokens=1_000_000)
    assert priced(AgentResult(usage=half, model="m"), prices).usage == half


HOSTILE = [
    "",
    "{",
    "[" * 100_000,
    '{"type":"result","is_error":false,"modelUsage":' + '{"a":' * 50_000,
    '{"type":"result","is_error":false,"modelUsage":{"claude-x":{"inputTokens":-5,"outputTokens":1e400,"costUSD":NaN}}}',
    '{"type":"result","is_error":false,"modelUsage":{"claude-x":{"inputTokens":true,"outputTokens":"9","costUSD":-1}}}',
    '{"type":"result","is_error":[],"modelUsage":[1],"result":{"a":1},"subtype":7}',
    '{"type":"turn.completed","usage":{"input_tokens":99999999999999999999,"output_tokens":-1}}',
    '{"type":"turn.completed","usage":[]}',
    '{"type":"step_finish","part":{"tokens":{"input":-1,"output":{},"cache":5},"cost":"free"}}',
    '{"stats":{"models":{"m":{"tokens":{"prompt":null,"candidates":-3}}}},"response":5}',
    '{"kind":"MessageEvent","source":"agent","llm_message":{"content":[3,{"text":["x"]}]}}',
    '{"event":"message_send","properties":{"prompt_tokens":1.5,"completion_tokens":[],"cost":1e308}}',
    '{"info":{"exit_status":{}},"messages":[3,{"extra":{"response":[],"cost":"x"}},{"content":{}}]}',
    '{"stats":{"usage_to_metrics":{"agent":{"response_latencies":[1],"accumulated_token_usage":7,"model_name":[]}}}}',
    '{"type":"result","is_error":true,"result":"\\u001b[2J\\u202e::error::"}',
    "\x00\x1b]0;title\x07" * 1000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("name", MODELS)
def test_hostile_output_tells_nothing(name: str, text: str, tmp_path: Path) -> None:
    """On stdout, on stderr and in every file that is read: no error, no number that can't be, no terminal code."""
    out = tmp_path / "out"
    for place in ("trajectory.json", "aider.jsonl", "conversations/a/base_state.json"):
        (out / place).parent.mkdir(parents=True, exist_ok=True)
        (out / place).write_text(text, encoding="utf-8")
    told = adapter(name).result(LeftBehind(1, text, text, timed_out=False, out=out))
    assert told.usage == Usage()
    assert told.detail.isprintable()
    assert len(told.detail) <= 400


@pytest.mark.parametrize("name", ["mini-swe-agent", "openhands", "aider"])
def test_files_behind_links_are_not_read(name: str, tmp_path: Path) -> None:
    """A link in the place of a file or a folder leads the factory nowhere."""
    real = tmp_path / "real"
    shutil.copytree(RECORDED / name / "done" / "out", real)
    assert adapter(name).result(LeftBehind(0, "", "", timed_out=False, out=real)).usage.input_tokens
    out = tmp_path / "out"
    out.mkdir()
    for entry in real.iterdir():
        (out / entry.name).symlink_to(entry)
    assert adapter(name).result(LeftBehind(0, "", "", timed_out=False, out=out)).usage == Usage()


def test_a_file_that_is_too_large_or_none_is_not_read(tmp_path: Path) -> None:
    """Sixteen megabytes are enough, and a folder is no file."""
    out = tmp_path / "out"
    out.mkdir()
    whole = json.loads((RECORDED / "mini-swe-agent/done/out/trajectory.json").read_text(encoding="utf-8"))
    with (out / "trajectory.json").open("w", encoding="utf-8") as stream:
        json.dump(whole, stream)
        stream.write(" " * (16 * 1024 * 1024))
    assert adapter("mini-swe-agent").result(LeftBehind(0, "", "", timed_out=False, out=out)).usage == Usage()
    (out / "trajectory.json").unlink()
    (out / "trajectory.json").mkdir()
    assert adapter("mini-swe-agent").result(LeftBehind(0, "", "", timed_out=False, out=out)).usage == Usage()
