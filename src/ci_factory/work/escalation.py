"""When a person is asked, and what the question looks like (SPEC 6). Pure but for the reading of git."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from ci_factory.config import Config
from ci_factory.model.attempt import Comprehension, Escalation, Matter, Option, Plan, PlannedRisk, Trigger
from ci_factory.model.text import plain
from ci_factory.model.ticket import Candidate, RiskCategory, RiskLevel
from ci_factory.system.git import Git
from ci_factory.work.cause import Cause, agreed, joined, scope
from ci_factory.work.documents import EscalationDocument
from ci_factory.work.paths import matching
from ci_factory.work.triggers import detect, reading
from ci_factory.work.triggers.causes import cause_of, noted, unseen

LARGE_DRIFT_FILES = 2
"""Up to this many files outside of the plan are a note, whatever their share."""
_SHOWN = 10
_BY_CATEGORY = {
    RiskCategory.ARCHITECTURE: Trigger.ARCHITECTURE,
    RiskCategory.SECURITY: Trigger.SECURITY,
    RiskCategory.DATA: Trigger.DATA,
    RiskCategory.PERFORMANCE: Trigger.ARCHITECTURE,
    RiskCategory.COMPATIBILITY: Trigger.COMPATIBILITY,
}


def from_ticket(candidate: Candidate, files: Sequence[str], config: Config) -> Cause | None:
    """What the ticket alone gives away: sensitive files, critical risk, what its words ask for and leave open.

    `files` are its estimated ones.
    """
    ticket, known = candidate.ticket, files or candidate.estimate.files
    signals = detect.in_ticket(ticket, ticket.files or known)
    return joined(
        (
            from_files(files, config, "the ticket is about"),
            _critical(candidate),
            cause_of(signals, "the ticket", config),
        )
    )


def _critical(candidate: Candidate) -> Cause | None:
    risk = candidate.risk
    if risk.level is not RiskLevel.CRITICAL:
        return None
    category = risk.categories[0] if risk.categories else RiskCategory.SECURITY
    why = "; ".join(risk.reasons) or "intake judged the risk critical"
    return Cause(_BY_CATEGORY[category], "the ticket's risk is critical", why)


def from_comprehension(questions: Sequence[str]) -> Cause:
    """The agent can't go on without answers."""
    why = "the agent asks: " + "; ".join(plain(text, 300) for text in questions[:_SHOWN])
    return Cause(
        Trigger.UNCERTAINTY, "the agent has a blocking question", why, questions=tuple(questions[:20])
    )


def from_plan(plan: Plan, config: Config) -> Cause | None:
    """What the plan gives away: its own escalations, high risks, sensitive files, what its steps mean to touch."""
    return joined(
        (
            _consent(plan),
            *map(_critical_risk, plan.risks),
            from_files([file.path for file in plan.files], config, "the plan touches"),
            cause_of(detect.in_plan(plan), "the plan", config),
        )
    )


def _consent(plan: Plan) -> Cause | None:
    if not plan.escalations:
        return None
    said = "; ".join(plain(text, 300) for text in plan.escalations[:_SHOWN])
    return Cause(Trigger.UNCERTAINTY, "the plan asks for a person's consent", said)


def _critical_risk(risk: PlannedRisk) -> Cause | None:
    if risk.level is not RiskLevel.CRITICAL:
        return None
    said = plain(risk.description, 300)
    return Cause(_BY_CATEGORY[risk.category], "the plan names a critical risk", said)


def from_files(paths: Sequence[str], config: Config, who: str) -> Cause | None:
    """Files in a sensitive area at which agents' tickets escalate."""
    found: list[Cause] = []
    for area in config.sensitive:
        if area.escalate and (hit := matching(paths, area.paths)):
            trigger = Trigger(area.category)
            why = f"these files are declared sensitive ({area.category})"
            found.append(Cause(trigger, f"{who} {_listing(hit)}", why, files=hit))
    return joined(found)


def from_change(repo: Git, base: str, head: str, config: Config) -> tuple[Cause | None, tuple[str, ...]]:
    """What the real change gives away, and what about it is only worth a note. Sensitive areas as well.

    Raises:
        RepositoryError: git failed.
    """
    change = reading.read(repo, base, head)
    touched = [path for file in change.files for path in (file.path, file.old_path) if path]
    cause = from_files([*touched, *change.unread], config, "the change touches")
    signals = detect.in_change(change)
    notes = (*noted(signals, config), *unseen(change))
    return joined((cause, cause_of(signals, "the change", config))), notes


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
    cause: Cause,
    candidate: Candidate,
    *,
    agent: str,
    tried: str,
    config: Config,
    answer: str | None,
    now: datetime,
) -> Escalation:
    """The question as a document; at least two ways out of each decision. What was agreed to before goes with it."""
    first, *others = (_matter(each, config.labels.approved) for each in cause.every)
    return Escalation(
        ticket_id=candidate.ticket.id,
        agent=agent,
        tried=tried,
        further=tuple(others),
        agreed=agreed(candidate, config, answer),
        priority=candidate.ticket.priority,
        raised_at=now,
        **{name: getattr(first, name) for name in Matter.model_fields},
    )


def _matter(cause: Cause, label: str) -> Matter:
    usual = _usual_options(label)
    missing = [option for option in usual if option.title not in {one.title for one in cause.options}]
    return Matter(
        trigger=cause.trigger,
        summary=cause.summary,
        why=cause.why,
        blocking_factor=cause.blocking,
        options=cause.options if len(cause.options) > 1 else (*cause.options, *missing),
        recommendation=cause.recommendation
        or "approve only after reading the ticket and the files it touches",
        questions=cause.questions,
        files=scope(cause),
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


def _listing(paths: Sequence[str]) -> str:
    told = ", ".join(plain(path, 120) for path in paths[:_SHOWN])
    return told if len(paths) <= _SHOWN else f"{told} and {len(paths) - _SHOWN} more"
