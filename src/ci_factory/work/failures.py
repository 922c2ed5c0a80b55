"""Why a call of an agent did not succeed (SPEC 3): from how it ended, what the vendor answered, and its last words. Pure.

An agent's words are a stranger's. They are looked at only when the call failed, near their end, and never against what
the model gateway saw: where it watched all requests and the vendor refused none, no word makes a quota stop.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from ci_factory.model import reset_times
from ci_factory.model.failure import Failure, FailureClass
from ci_factory.model.redaction import redact
from ci_factory.model.text import plain
from ci_factory.work.agents.protocol import ModelRefusal

QUOTA_PAUSE = timedelta(minutes=15)
"""Until the next try at a quota whose vendor names no time."""
ACCOUNT_PAUSE = timedelta(hours=24)
"""The same where only a person can help: no credit, no access."""
NOT_STARTED = frozenset({126, 127})
"""Exit codes of a shell that could not start the agent."""
_KILLED = frozenset({-9, 137, -15, 143})
_LINE, _LINES, _DETAIL = 1_000, 12, 400


@dataclass(frozen=True)
class Evidence:
    """What is known of a call that ended."""

    ended: str
    """As in `AgentRun`: ok, timeout, crash, limit."""
    returncode: int
    detail: str = ""
    """Its last words, as the adapter read them."""
    said: str = ""
    """The ends of what it printed (`ends_of`)."""
    refusals: Sequence[ModelRefusal] = ()
    """What the vendor refused, newest last."""
    watched: bool = False
    """Whether a gateway saw every request to the model."""
    keyless: str = ""
    """The variables of which one would hold the model's key, when none is set."""
    credential: str = ""


@dataclass(frozen=True)
class _Sign:
    kind: FailureClass
    pattern: re.Pattern[str]
    pause: timedelta | None = None


def _sign(kind: FailureClass, *words: str, pause: timedelta | None = None) -> _Sign:
    return _Sign(kind, re.compile("|".join(words), re.IGNORECASE), pause)


_STATUS = r"(?:\b(?:status(?:_?code)?|code|error|http(?:/\d\.\d)?)\b[^\w\n]{0,6}(?:code[^\w\n]{0,4})?)"
_SIGNS = (
    _sign(
        FailureClass.POLICY,
        r"usage policy|usage policies|content[ _]policy|content_filter|content management policy",
        r"\bblocked\b.{0,30}\b(?:safety|policy)\b|prohibited_content|flagged for possible",
        r"is not on this project's list of hosts",
    ),
    _sign(
        FailureClass.QUOTA,
        r"credit balance is too low|insufficient (?:balance|credits?|funds)|insufficient_quota",
        r"payment required|billing_hard_limit|billing (?:hard limit|details)|account is not active",
        r"invalid (?:x-)?api[ -_]key|incorrect api key|invalid_api_key|api key not valid|authentication_?error|permission_error",
        r"account (?:has been|is) (?:deactivated|suspended|disabled)|organization has been disabled",
        _STATUS + r"(?:401|402|403)\b|\b401 unauthorized|\b402 payment|\b403 forbidden",
        pause=ACCOUNT_PAUSE,
    ),
    _sign(
        FailureClass.QUOTA,
        r"\b(?:usage|session|weekly|daily|monthly|5-hour|hourly|spending|opus|rate) limit (?:has been )?(?:reached|exceeded)",
        r"(?:hit|reached|exceeded) your (?:\w{1,20} ){0,2}(?:limit|quota)|usage_limit_(?:reached|exceeded)|\blimit reached\b",
        r"rate_?limit_?(?:error|exceeded)|rate limited|exceed your (?:account|organization)'s rate limit|too many requests",
        r"quota (?:has been )?exceeded|exceeded your current quota|resource_exhausted|resource (?:has been )?exhausted",
        r"exhausted your (?:capacity|daily quota|quota)|quota will reset",
        _STATUS + r"429\b|\b429 \{",
        pause=QUOTA_PAUSE,
    ),
    _sign(
        FailureClass.INFRASTRUCTURE,
        r"overloaded|internal server error|bad gateway|service unavailable|gateway time-?out|internalservererror",
        _STATUS + r"5\d\d\b|\brepeated 529\b|\b5\d\d \{",
        r"enotfound|eai_again|getaddrinfo|name resolution|could not resolve|name or service not known|nodename nor servname",
        r"econnrefused|econnreset|etimedout|epipe|connection (?:refused|reset|error|timed out|aborted|closed)",
        r"network is unreachable|no route to host|socket hang up|fetch failed|apiconnectionerror|unable to connect to api",
        r"error sending request|stream disconnected|tls handshake|request timed out|can't be reached:",
    ),
    _sign(
        FailureClass.ENVIRONMENT,
        r"no space left on device|enospc|disk quota exceeded|read-only file system",
        r"\bbwrap: |user namespaces?\b.{0,40}\b(?:not|disabled|denied)",
        r"\b[A-Z][A-Z0-9_]{2,40}_(?:KEY|TOKEN)\b.{0,40}\b(?:not set|missing|required|must be set|not found)",
        r"missing (?:environment variable|api key)|no api key (?:was )?(?:found|provided|set)|not logged in",
    ),
    _sign(
        FailureClass.TICKET,
        r"prompt is too long|context_length_exceeded|maximum context length|contextwindowexceeded|input is too long",
    ),
)  # fmt: skip
"""Looked for in this order."""


def classify(evidence: Evidence, now: datetime, zone: tzinfo = UTC) -> Failure | None:
    """Which class a call's failure is of; `None` when the call succeeded. Never raises.

    A quota stop always has a moment to wake at, at most eight days away. `zone` is that of clock times without one.
    """
    if evidence.ended == "ok":
        return None
    if evidence.ended == "limit":
        return _failure(FailureClass.AGENT, evidence)
    if evidence.ended == "crash" and evidence.returncode in NOT_STARTED:
        return _failure(FailureClass.ENVIRONMENT, evidence).model_copy(update={"lasting": True})
    found = _refused(evidence, now) or _said(evidence, now, zone) or _died(evidence)
    if (
        evidence.keyless
        and evidence.ended == "crash"
        and found.kind in {FailureClass.QUOTA, FailureClass.AGENT}
    ):
        return _failure(FailureClass.ENVIRONMENT, evidence, f"{evidence.keyless} is not set; {found.detail}")
    return found


def ends_of(*outputs: str) -> str:
    """The last lines of each output, cut: where a program that gives up says why."""
    lines = (line for text in outputs for line in text[-_LINE * _LINES :].splitlines()[-_LINES:])
    kept = (plain(line, _LINE) for line in lines)
    return "\n".join(kept)


def _refused(evidence: Evidence, now: datetime) -> Failure | None:
    """By the vendor's last answer, unless its pause is over: what was refused then is asked again by now."""
    if not evidence.refusals:
        return None
    last = evidence.refusals[-1]
    if last.retry_at is not None and last.retry_at <= now:
        return None
    sign = _matching(last.words)
    kind, pause = _by_status(last.status)
    if (
        sign is not None
        and sign.kind is not FailureClass.ENVIRONMENT
        and kind is not FailureClass.INFRASTRUCTURE
    ):
        kind, pause = sign.kind, sign.pause  # a vendor may answer 400 when the credit is used up
    if kind is None:
        return None
    told = last.retry_at or reset_times.from_words(last.words, now)
    return _failure(kind, evidence, f"{last.status}: {last.words}", told, pause, now)


def _by_status(status: int) -> tuple[FailureClass | None, timedelta | None]:
    if status == 429:  # noqa: PLR2004 - these are HTTP's own numbers
        return FailureClass.QUOTA, QUOTA_PAUSE
    if status in {401, 402, 403}:
        return FailureClass.QUOTA, ACCOUNT_PAUSE
    return (FailureClass.INFRASTRUCTURE, None) if status >= 500 or status == 408 else (None, None)  # noqa: PLR2004


def _said(evidence: Evidence, now: datetime, zone: tzinfo) -> Failure | None:
    """By the agent's own words: those that its adapter singled out first, then all of its last ones."""
    for text in (evidence.detail, evidence.said):
        sign = _matching(text)
        if sign is None or (sign.kind is FailureClass.QUOTA and evidence.watched):
            continue
        told = (
            reset_times.from_words(f"{evidence.said}\n{evidence.detail}", now, zone) if sign.pause else None
        )
        return _failure(sign.kind, evidence, _line(text, sign), told, sign.pause, now)
    return None


def _died(evidence: Evidence) -> Failure:
    killed = evidence.ended == "crash" and evidence.returncode in _KILLED
    return _failure(FailureClass.INFRASTRUCTURE if killed else FailureClass.AGENT, evidence)


def _matching(text: str) -> _Sign | None:
    return next((sign for sign in _SIGNS if sign.pattern.search(text)), None)


def _line(text: str, sign: _Sign) -> str:
    """The line that the sign is in."""
    return next((line for line in text.splitlines() if sign.pattern.search(line)), text)


def _failure(
    kind: FailureClass,
    evidence: Evidence,
    words: str = "",
    told: datetime | None = None,
    pause: timedelta | None = None,
    now: datetime | None = None,
) -> Failure:
    wake_at = None
    if kind is FailureClass.QUOTA and now is not None:
        wake_at = reset_times.bounded(told, now, pause or QUOTA_PAUSE)
    return Failure(
        kind=kind,
        detail=redact(plain(words or evidence.detail or evidence.ended, _DETAIL))[:_DETAIL],
        wake_at=wake_at,
        credential=evidence.credential,
    )
