"""When a person is asked, and what the question looks like (SPEC 6). Pure."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from ci_factory.config import Config
from ci_factory.model.attempt import Comprehension, Escalation, Option, Plan, Trigger
from ci_factory.model.text import plain
from ci_factory.model.ticket import Candidate, RiskCategory, RiskLevel, Ticket
from ci_factory.work.documents import EscalationDocument
from ci_factory.work.paths import matching

LARGE_DRIFT_FILES = 2
"""Up to this many files outside of the plan are a note, whatever their share."""
_SHOWN = 10
_SECURITY_WORDS = re.compile(
    r"\b(authenticat\w*|authori[sz]\w*|access control|cryptograph\w*|crypto|(?:en|de)crypt\w*|secrets?|credentials?)\b",
    re.IGNORECASE,
)
_BY_CATEGORY = {
    RiskCategory.ARCHITECTURE: Trigger.ARCHITECTURE,
    RiskCategory.SECURITY: Trigger.SECURITY,
    RiskCategory.DATA: Trigger.DATA,
    RiskCategory.PERFORMANCE: Trigger.ARCHITECTURE,
    RiskCategory.COMPATIBILITY: Trigger.COMPATIBILITY,
}


@dataclass(frozen=True)
class Cause:
    """Why a person is asked; what is left empty gets its usual words."""

    trigger: Trigger
    summary: str
    why: str
    blocking: str = "the factory does not decide this on its own"
    questions: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    recommendation: str = ""


def approved(ticket: Ticket, config: Config, answer: str | None) -> bool:
    """Whether a person already decided about this ticket: an answer, or the label `factory::approved`."""
    return answer is not None or config.labels.approved in ticket.labels


def from_ticket(candidate: Candidate, files: Sequence[str], config: Config) -> Cause | None:
    """What the ticket alone gives away: sensitive files, security words, critical risk. `files` are its estimated ones."""
    if cause := from_files(files, config, "the ticket is about"):
        return cause
    risk = candidate.risk
    if risk.level is RiskLevel.CRITICAL:
        category = risk.categories[0] if risk.categories else RiskCategory.SECURITY
        why = "; ".join(risk.reasons) or "intake judged the risk critical"
        return Cause(_BY_CATEGORY[category], "the ticket's risk is critical", why)
    words = _security_words(candidate.ticket)
    if RiskCategory.SECURITY in risk.categories and words:
        return Cause(Trigger.SECURITY, "the ticket touches security", f"it speaks of {', '.join(words)}")
    return None


def from_comprehension(questions: Sequence[str]) -> Cause:
    """The agent can't go on without answers."""
    why = "the agent asks: " + "; ".join(plain(text, 300) for text in questions[:_SHOWN])
    return Cause(
        Trigger.UNCERTAINTY, "the agent has a blocking question", why, questions=tuple(questions[:20])
    )


def from_plan(plan: Plan, config: Config) -> Cause | None:
    """What the plan gives away: its own escalations, a critical risk, sensitive files."""
    if plan.escalations:
        return Cause(
            Trigger.UNCERTAINTY,
            "the plan asks for a person's consent",
            "; ".join(plain(text, 300) for text in plan.escalations[:_SHOWN]),
        )
    if critical := [risk for risk in plan.risks if risk.level is RiskLevel.CRITICAL]:
        worst = critical[0]
        return Cause(
            _BY_CATEGORY[worst.category], "the plan names a critical risk", plain(worst.description, 300)
        )
    return from_files([file.path for file in plan.files], config, "the plan touches")


def from_files(paths: Sequence[str], config: Config, who: str) -> Cause | None:
    """Files in a sensitive area at which agents' tickets escalate."""
    for area in config.sensitive:
        if area.escalate and (hit := matching(paths, area.paths)):
            trigger = Trigger(area.category)
            return Cause(
                trigger, f"{who} {_listing(hit)}", f"these files are declared sensitive ({area.category})"
            )
    return None


def from_agent(document: EscalationDocument) -> Cause:
    """The agent asked for a person itself."""
    return Cause(
        document.trigger,
        document.summary,
        document.why or "the agent did not say why",
        "the agent stopped here",
        document.questions,
        document.options,
        document.recommendation,
    )


def unreadable(problems: Sequence[str]) -> Cause:
    """The agent asked for a person, but what it wrote can't be used."""
    return Cause(
        Trigger.UNCERTAINTY,
        "the agent asked for a person in a document that can't be read",
        "; ".join(problems),
    )


def invalid_documents(problems: Sequence[str]) -> Cause:
    """Twice no valid C0 or C1."""
    return Cause(
        Trigger.UNCERTAINTY,
        "the agent's documents do not hold, also not when told why",
        "; ".join(problems[:_SHOWN]),
    )


def drift(changed: Sequence[str], announced: Iterable[str]) -> tuple[str, ...]:
    """Changed files that nobody announced."""
    known = set(announced)
    return tuple(path for path in changed if path not in known)


def is_large(outside: Sequence[str], changed: Sequence[str]) -> bool:
    """Large drift: more than half of the changed files, and more than two."""
    return len(outside) > LARGE_DRIFT_FILES and len(outside) * 2 > len(changed)


def from_drift(outside: Sequence[str], changed: Sequence[str]) -> Cause:
    """The change is not the one that was planned."""
    return Cause(
        Trigger.ARCHITECTURE,
        f"{len(outside)} of {len(changed)} changed files are outside of the plan",
        f"not announced: {_listing(outside)}",
        "the plan that was verified is not what was done",
    )


def from_limit(rounds: int, problems: Sequence[str], *, loop: bool) -> Cause:
    """The agent does not get there."""
    summary = (
        "the same change fails in the same way again" if loop else f"still failing after {rounds} rounds"
    )
    return Cause(
        Trigger.ITERATIONS,
        summary,
        "; ".join(problems[:_SHOWN]),
        "the gates do not pass",
        options=(
            Option(
                title="Answer with a hint and let the agent try again",
                pros="little time of yours",
                cons="may fail again",
            ),
            Option(
                title="Take over the partial work by hand",
                pros="a person sees the cause",
                cons="takes a developer's time",
                by_hand=True,
            ),
        ),
        recommendation="read the last messages of the gates; answer with a hint when the cause is clear, else take over",
    )


def from_secret(problems: Sequence[str]) -> Cause:
    """The change carries a secret; it must not be pushed."""
    return Cause(
        Trigger.SECURITY,
        "the change contains what looks like a secret",
        "; ".join(problems[:_SHOWN]),
        "a secret must not reach the forge",
        options=(
            Option(
                title="Have it taken out and run again",
                pros="nothing leaks",
                cons="rotate it if it is a real one",
            ),
            Option(
                title="Declare it a false alarm in the secrets baseline",
                pros="the change can be published",
                cons="a real secret would be published",
                risk=RiskLevel.HIGH,
            ),
        ),
        recommendation="take it out; when it is real, rotate it, as it also lies in the agent's transcript",
    )


def record(
    cause: Cause, candidate: Candidate, *, agent: str, tried: str, label: str, now: datetime
) -> Escalation:
    """The question as a document; at least two ways out. `label` is the one with which a person approves."""
    usual = _usual_options(label)
    missing = [option for option in usual if option.title not in {one.title for one in cause.options}]
    options = cause.options if len(cause.options) > 1 else (*cause.options, *missing)
    return Escalation(
        ticket_id=candidate.ticket.id,
        agent=agent,
        trigger=cause.trigger,
        summary=cause.summary,
        tried=tried,
        why=cause.why,
        blocking_factor=cause.blocking,
        options=options,
        recommendation=cause.recommendation
        or "approve only after reading the ticket and the files it touches",
        questions=cause.questions,
        priority=candidate.ticket.priority,
        raised_at=now,
    )


def announced(comprehension: Comprehension | None, plan: Plan | None, estimated: Iterable[str]) -> set[str]:
    """Files that the ticket's estimate, C0 or C1 speak of."""
    known = set(estimated)
    if comprehension:
        known |= {*comprehension.affected_files, *comprehension.new_files}
    if plan:
        known |= {file.path for file in plan.files}
    return known


def _usual_options(label: str) -> tuple[Option, ...]:
    return (
        Option(
            title=f"Approve: reply 1, or add the label {label}",
            pros="the next batch does it",
            cons="the review has to look closely",
            risk=RiskLevel.MEDIUM,
        ),
        Option(
            title="Do it by hand",
            pros="a person keeps the decision",
            cons="takes a developer's time",
            by_hand=True,
        ),
    )


def _security_words(ticket: Ticket) -> list[str]:
    prose = "\n".join((ticket.title, *_outside_fences(ticket.body), *ticket.acceptance_criteria))
    return sorted({match[0].casefold() for match in _SECURITY_WORDS.finditer(prose)})[:_SHOWN]


def _outside_fences(body: str) -> Iterator[str]:
    """Lines that are prose: code that is shown says little about what is asked."""
    fence = ""
    for line in body.splitlines():
        start = line.lstrip()[:3]
        if not fence and start in {"```", "~~~"}:
            fence = start
        elif fence and start == fence:
            fence = ""
        elif not fence:
            yield line


def _listing(paths: Sequence[str]) -> str:
    told = ", ".join(plain(path, 120) for path in paths[:_SHOWN])
    return told if len(paths) <= _SHOWN else f"{told} and {len(paths) - _SHOWN} more"
