"""Which class a failed call is of, by the real wordings of agents and vendors, and what is done about each."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_factory.config import AgentConfig, Config, RetryConfig
from ci_factory.model import reset_times
from ci_factory.model.failure import Failure, FailureClass
from ci_factory.work.agents.protocol import ANYTHING, Capability, ModelRefusal
from ci_factory.work.credentials import credential_of, missing_key
from ci_factory.work.failure_policy import Decision, Move, Suspended, decide
from ci_factory.work.failures import ACCOUNT_PAUSE, QUOTA_PAUSE, Evidence, classify, ends_of

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
AGENT, TICKET, ENVIRONMENT, INFRASTRUCTURE, QUOTA, POLICY = FailureClass
WORDS = [
    # Claude Code
    ("Claude AI usage limit reached|1795446000", QUOTA, timedelta(hours=3)),
    ("You've hit your session limit · resets 9:50pm (Asia/Tokyo)", QUOTA, timedelta(minutes=50)),
    ("5-hour limit reached ∙ resets 3pm (Europe/Berlin)", QUOTA, timedelta(hours=2)),
    ('API Error: 429 {"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed your account\'s rate limit. Please try again later."}}', QUOTA, QUOTA_PAUSE),
    ("Credit balance is too low", QUOTA, ACCOUNT_PAUSE),
    ("Invalid API key · Fix external API key", QUOTA, ACCOUNT_PAUSE),
    ("API Error: Repeated 529 Overloaded errors", INFRASTRUCTURE, None),
    ('API Error (529 {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})', INFRASTRUCTURE, None),
    ("API Error: Claude Code is unable to respond to this request, which appears to violate our Usage Policy", POLICY, None),
    ("Prompt is too long", TICKET, None),
    # Codex
    ("You've hit your usage limit. Visit https://chatgpt.com/codex/settings/usage to purchase more credits or try again at 1:05 PM.", QUOTA, timedelta(minutes=65)),
    ("You've hit your usage limit. Upgrade to Pro or try again in 5 days 22 hours 11 minutes.", QUOTA, timedelta(days=5, hours=22, minutes=11)),
    ("exceeded retry limit, last status: 429 Too Many Requests, request id: 9c84b5-SJC", QUOTA, QUOTA_PAUSE),
    ("unexpected status 401 Unauthorized: Incorrect API key provided: sk-…", QUOTA, ACCOUNT_PAUSE),
    ("stream disconnected before completion: error sending request for url (http://127.0.0.1:1/v1/responses)", INFRASTRUCTURE, None),
    ("exceeded retry limit, last status: 503 Service Unavailable", INFRASTRUCTURE, None),
    # Gemini CLI
    ("You have exhausted your capacity on this model. Your quota will reset after 8h36m13s.", QUOTA, timedelta(hours=8, minutes=36, seconds=13)),
    ('[API Error: {"error":{"code":429,"message":"Resource has been exhausted (e.g. check quota).","status":"RESOURCE_EXHAUSTED"}}]', QUOTA, QUOTA_PAUSE),
    ("API key not valid. Please pass a valid API key.", QUOTA, ACCOUNT_PAUSE),
    ("When using Gemini API, you must specify the GEMINI_API_KEY environment variable.\nGEMINI_API_KEY is required", ENVIRONMENT, None),
    # Aider, mini-swe-agent and OpenHands by litellm
    ("litellm.RateLimitError: RateLimitError: OpenAIException - Rate limit reached for gpt-5 on tokens per min. Please try again in 12.5s.", QUOTA, timedelta(seconds=12.5)),
    ("litellm.RateLimitError: OpenAIException - You exceeded your current quota, please check your plan and billing details.", QUOTA, ACCOUNT_PAUSE),
    ("litellm.AuthenticationError: AnthropicException - {'type': 'authentication_error', 'message': 'invalid x-api-key'}", QUOTA, ACCOUNT_PAUSE),
    ("litellm.InternalServerError: AnthropicException - Overloaded. Handle with `litellm.InternalServerError`.", INFRASTRUCTURE, None),
    ("litellm.APIConnectionError: OpenAIException - Connection error.", INFRASTRUCTURE, None),
    ("litellm.ContentPolicyViolationError: The response was filtered: content_filter", POLICY, None),
    ("litellm.ContextWindowExceededError: This model's maximum context length is 200000 tokens", TICKET, None),
    # opencode
    ("You exceeded your current quota, please check your plan and billing details.\nPlease retry in 38.5s.", QUOTA, timedelta(seconds=38.5)),
    ("OpenAI API error (429): rate_limit_exceeded. Please retry after a brief wait.", QUOTA, QUOTA_PAUSE),
    ("AI_APICallError: getaddrinfo ENOTFOUND api.house.example", INFRASTRUCTURE, None),
    # what surrounds them
    ("OSError: [Errno 28] No space left on device", ENVIRONMENT, None),
    ("bwrap: setting up uid map: Permission denied", ENVIRONMENT, None),
    ("CONNECT: pypi.example:443 is not on this project's list of hosts", POLICY, None),
    ("TypeError: 'NoneType' object is not iterable", AGENT, None),
    ("FAILED tests/test_limits.py::test_returns_429 - assert 429 == 200", AGENT, None),
    ("wrote 503 lines, then gave up at line 401", AGENT, None),
]  # fmt: skip


@pytest.mark.parametrize(("words", "kind", "pause"), WORDS, ids=[words[:50] for words, _, _ in WORDS])
def test_real_words_have_their_class(words: str, kind: FailureClass, pause: timedelta | None) -> None:
    """What each agent says when it gives up leads to its class, a quota stop with its time to wake."""
    found = classify(Evidence("crash", 1, detail=words, credential="K at host"), NOW)
    assert found is not None
    assert (found.kind, found.credential) == (kind, "K at host")
    assert found.wake_at == (None if pause is None else NOW + pause)


def test_a_key_in_the_words_is_not_kept(room: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an agent or a vendor quotes of the key reaches neither the failure nor the record."""
    monkeypatch.setenv("HOUSE_API_KEY", key := "canary-3f9d1c77")
    command = 'echo "401 Unauthorized: invalid api key $HOUSE_API_KEY" >&2; exit 1'
    agent = AgentConfig(name="one", adapter="command", command=command, env=("HOUSE_API_KEY",))
    with pytest.raises(Suspended) as stop:
        room.work(agent=agent)
    assert stop.value.failure.detail.startswith("exit code 1: 401 Unauthorized: invalid api key")
    assert stop.value.failure.credential == "HOUSE_API_KEY"
    written = [path.read_text(errors="replace") for path in (room.root / "out").rglob("*") if path.is_file()]
    assert len(written) > 3
    assert not any(key in text for text in written)


def test_a_call_that_succeeded_is_no_failure() -> None:
    """An agent that speaks of limits, or whose vendor refused it once, and then ends well has not failed."""
    refusal = ModelRefusal(429, "rate_limit_error", NOW + timedelta(hours=1))
    assert classify(Evidence("ok", 0, "usage limit reached|1795446000", refusals=[refusal]), NOW) is None


def test_words_can_not_fake_what_the_gateway_did_not_see() -> None:
    """Where every request was watched and none refused, an agent's words make no quota stop."""
    said = Evidence("crash", 1, detail="Claude AI usage limit reached|1795446000", watched=True)
    found = classify(said, NOW)
    assert found is not None
    assert found.kind is AGENT


@pytest.mark.parametrize(
    ("refusal", "kind", "pause"),
    [
        (ModelRefusal(429, "slow down", NOW + timedelta(minutes=7)), QUOTA, timedelta(minutes=7)),
        (ModelRefusal(429, "Please retry in 41s"), QUOTA, timedelta(seconds=41)),
        (ModelRefusal(402, "Payment Required"), QUOTA, ACCOUNT_PAUSE),
        (ModelRefusal(400, "Your credit balance is too low"), QUOTA, ACCOUNT_PAUSE),
        (ModelRefusal(529, "Overloaded"), INFRASTRUCTURE, None),
        (ModelRefusal(403, "flagged for possible misuse, see our usage policies"), POLICY, None),
        (ModelRefusal(429, "x", NOW - timedelta(minutes=1)), AGENT, None),
        (ModelRefusal(429, "x", NOW + timedelta(days=400)), QUOTA, QUOTA_PAUSE),
    ],
)
def test_the_vendor_s_answer_counts_more_than_words(
    refusal: ModelRefusal, kind: FailureClass, pause: timedelta | None
) -> None:
    """The last refusal that still holds decides, with its own time; a time that is absurd becomes a usual pause."""
    found = classify(Evidence("crash", 1, detail="it broke", refusals=[refusal], watched=True), NOW)
    assert found is not None
    assert found.kind is kind
    assert found.wake_at == (None if pause is None else NOW + pause)


@pytest.mark.parametrize(
    ("ended", "code", "kind"),
    [("crash", 127, ENVIRONMENT), ("crash", 126, ENVIRONMENT), ("crash", -9, INFRASTRUCTURE), ("crash", 137, INFRASTRUCTURE),
     ("timeout", -9, AGENT), ("limit", -9, AGENT), ("crash", 1, AGENT)],
)  # fmt: skip
def test_endings_without_words_have_their_class(ended: str, code: int, kind: FailureClass) -> None:
    """A program that is not there, one that the system killed, one that we did."""
    found = classify(Evidence(ended, code), NOW)
    assert found is not None
    assert (found.kind, found.lasting) == (kind, code in {126, 127})


def test_a_crash_without_the_key_is_the_environment_s() -> None:
    """What would be the agent's fault, or its account's, is not where its key was never set."""
    for words in ("it broke", "401 Unauthorized"):
        found = classify(Evidence("crash", 1, words, keyless="A_KEY or B_KEY"), NOW)
        assert found is not None
        assert (found.kind, found.detail) == (ENVIRONMENT, f"A_KEY or B_KEY is not set; {words}")


def test_agents_that_share_key_and_server_share_a_credential(monkeypatch: pytest.MonkeyPatch) -> None:
    """A credential is the variable that is set and the server; who has no key has an account of its own."""
    claude = Capability(keys=("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"), hosts=("api.anthropic.com",))
    plain = AgentConfig(name="one", adapter="claude-code")
    for name in claude.keys:
        monkeypatch.delenv(name, raising=False)
    assert missing_key(plain, claude) == "ANTHROPIC_API_KEY or ANTHROPIC_AUTH_TOKEN"
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "secret-value")
    assert missing_key(plain, claude) == ""
    assert credential_of(plain, claude) == "ANTHROPIC_AUTH_TOKEN at api.anthropic.com"
    house = plain.model_copy(update={"base_url": "https://models.house.example:8443/v1"})
    assert credential_of(house, claude) == "ANTHROPIC_AUTH_TOKEN at models.house.example:8443"
    command = AgentConfig(name="two", adapter="command", env=("HOME_DIR", "MODEL_API_KEY"))
    assert credential_of(command, ANYTHING) == "MODEL_API_KEY"
    assert credential_of(AgentConfig(name="three", adapter="command"), ANYTHING) == "of agent three"


def test_only_the_ends_of_the_output_are_looked_at() -> None:
    """What an agent talked about on its way is not why it ended."""
    early = "Claude AI usage limit reached|1795446000\n" + "and on it goes\n" * 50
    assert "limit" not in ends_of(early, "Traceback\n")
    assert len(ends_of("x" * 10_000_000, "\n" * 10_000_000)) < 20_000


@given(
    st.text(max_size=300),
    st.sampled_from(["crash", "timeout", "limit", "odd"]),
    st.integers(-64, 255),
    st.integers(-1, 999),
    st.one_of(st.none(), st.datetimes(timezones=st.just(UTC))),
)
def test_anything_is_classified(text: str, ended: str, code: int, status: int, at: datetime | None) -> None:
    """Nothing raises; whatever is said, a quota stop ends within eight days and nothing else has a time."""
    for refusals in ((), (ModelRefusal(status, text, at),)):
        found = classify(Evidence(ended, code, text, f"429 Too Many Requests {text}", refusals), NOW)
        assert found is not None
        assert (found.wake_at is not None) == (found.kind is QUOTA)
        assert found.wake_at is None or NOW < found.wake_at <= NOW + reset_times.LONGEST


def steps(*kinds: FailureClass, another: bool = False, retry: bool = True) -> Decision:
    """What is done after these failures, under the defaults."""
    failures = [Failure(kind=kind) for kind in kinds]
    return decide(failures, Config(), retry=retry, another=another)


def test_each_class_has_its_own_budget() -> None:
    """Crashes are retried after 1, 5 and 15 minutes, the network by its own count, a quota stop is never counted."""
    assert [steps(*[AGENT] * n).seconds for n in (1, 2, 3)] == [60, 300, 900]
    assert steps(*[AGENT] * 4).move is Move.END
    assert steps(AGENT, AGENT, AGENT, INFRASTRUCTURE) == Decision(Move.RETRY, 60)
    assert steps(*[INFRASTRUCTURE] * 4).move is Move.END
    assert steps(*[QUOTA] * 50, AGENT) == Decision(Move.RETRY, 60)
    assert steps(*[AGENT] * 4, QUOTA).move is Move.SLEEP
    assert {steps(kind).move for kind in (TICKET, POLICY, ENVIRONMENT)} == {Move.END}
    assert steps(AGENT, retry=False).move is Move.END


def test_another_agent_gets_the_last_try_and_what_this_one_can_not_start() -> None:
    """The last retry and a broken environment lead to somebody else, where there is somebody."""
    assert steps(AGENT, AGENT, another=True).move is Move.RETRY
    assert steps(AGENT, AGENT, AGENT, another=True).move is Move.HAND_OVER
    assert steps(AGENT, AGENT, AGENT, AGENT, another=True).move is Move.END
    assert steps(ENVIRONMENT, another=True).move is Move.HAND_OVER
    failures, config = [Failure(kind=AGENT)], Config(retries=RetryConfig(limit=0))
    assert decide(failures, config, retry=True, another=True).move is Move.END
