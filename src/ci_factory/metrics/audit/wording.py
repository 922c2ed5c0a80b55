"""An audit in words: sections of rows, and a timeline. Pure; whoever shows them makes the text safe."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from ci_factory.metrics.audit.values import Approved, Author, Generation, Line, Origin, Story
from ci_factory.metrics.facts import AftermathFact
from ci_factory.model.gate import GateStatus

UNKNOWN = "not known"
_SHORT = 12
_FILES = 20
_KINDS = {
    Author.AGENT: "an agent wrote it",
    Author.PERSON: "no agent wrote it",
    Author.CLAIMED: "claimed, not confirmed",
}


class Section(NamedTuple):
    """A heading with rows of name and text."""

    title: str
    rows: tuple[tuple[str, str], ...]


class Moment(NamedTuple):
    """One row of a timeline."""

    at: datetime
    who: str
    what: str


def sections(story: Story) -> Iterator[Section]:
    """Everything but the timelines, in the order in which it is read."""
    if story.line is not None:
        yield _line(story.line)
    elif story.commit is not None:
        yield Section("Commit", tuple(_origin(story.commit)))
    for generation in story.generations:
        yield Section(f"Generation {generation.id}", tuple(_generation(generation)))
    if story.line is not None and story.line.earlier:
        yield Section("Earlier changes of this line", tuple(_earlier(story.line)))


def timeline(generation: Generation) -> list[Moment]:
    """What happened, oldest first."""
    return sorted((each for each in _moments(generation) if each is not None), key=lambda each: each.at)


def when(moment: datetime | None) -> str:
    """A moment in UTC, to the minute."""
    return f"{moment:%Y-%m-%d %H:%M}" if moment else UNKNOWN


def _line(line: Line) -> Section:
    rows = [("text", line.text.strip() or "(blank)"), ("as of", line.revision[:_SHORT])]
    return Section(f"{line.path}:{line.number}", (*rows, *_origin(line.origin)))


def _origin(origin: Origin) -> Iterator[tuple[str, str]]:
    yield "author", f"{_KINDS[origin.author]}: {origin.why}"
    yield "commit", f"{origin.commit[:_SHORT]}, {when(origin.at)}, by {origin.by or UNKNOWN} (git)"
    yield "subject", origin.subject
    if origin.batch or origin.ticket:
        yield "trailers say" if origin.author is Author.CLAIMED else "generation", _named(origin)
    if origin.prompt:
        yield "prompt trailer", origin.prompt
    if origin.merge_request is not None:
        yield "came with", f"!{origin.merge_request}"


def _named(origin: Origin) -> str:
    agent = f", agent {origin.agent}" if origin.agent else ""
    return f"{origin.batch or 'unknown'}/{origin.ticket}{agent}"


def _earlier(line: Line) -> Iterator[tuple[str, str]]:
    for each in line.earlier:
        request = f", !{each.merge_request}" if each.merge_request is not None else ""
        said = _named(each) if each.author is not Author.PERSON else each.by or UNKNOWN
        yield (
            f"{when(each.at)} {each.commit[:_SHORT]}",
            f"{_KINDS[each.author]}: {said}{request}; {each.subject}",
        )
    if line.cut:
        yield "…", "older changes are not shown"


def _generation(told: Generation) -> Iterator[tuple[str, str]]:
    yield "asked for", f"#{told.ticket} {told.title}".strip()
    yield "opened by", _who(told.opened_by, told.opened_at)
    yield "given to the factory by", _who(told.triggered_by, told.triggered_at)
    yield "agent, model", f"{told.agent or UNKNOWN}, {told.model or 'model ' + UNKNOWN}"
    yield "prompt", _prompt(told)
    yield "work", _work(told)
    yield "change", _change(told)
    yield "files", _files(told.files)
    yield "gates", _gates(told)
    yield "score", _score(told)
    yield from _questions(told)
    yield "approved by", _approvals(told)
    yield "merge", _merge(told)
    if told.merged_at is not None:
        yield "since the merge", "; ".join(_fate(told.aftermath))


def _who(user: str | None, at: datetime | None) -> str:
    return f"{user or UNKNOWN}, {when(at)}" if user or at else UNKNOWN


def _prompt(told: Generation) -> str:
    if told.prompt_hash is None:
        return UNKNOWN
    digits = told.prompt_hash.rpartition(":")[2]
    kept = (
        f"its text is kept ({len(told.prompt):,} characters)" if told.prompt else "its text is not kept here"
    )
    return f"templates {told.prompt_version or UNKNOWN}, SHA-256 {digits}; {kept}"


def _work(told: Generation) -> str:
    if told.ending is None:
        return UNKNOWN
    cost = told.usage.cost_usd
    spent = f"; ${cost:.2f}" if cost is not None else "; cost unknown"
    return (
        f"{told.ending}, {when(told.started_at)} to {when(told.finished_at)}{spent}. {told.reason}".rstrip()
    )


def _change(told: Generation) -> str:
    parts = [
        f"{name} {sha[:_SHORT]}"
        for name, sha in (
            ("base", told.base),
            ("head", told.head or told.published_head),
            ("tree", told.tree),
        )
        if sha
    ]
    if told.added is not None and told.removed is not None:
        parts.append(f"{told.added} lines added, {told.removed} removed")
    return ", ".join(parts) or UNKNOWN


def _files(files: Sequence[str]) -> str:
    more = f" and {len(files) - _FILES} more" if len(files) > _FILES else ""
    return ", ".join(files[:_FILES]) + more or UNKNOWN


def _gates(told: Generation) -> str:
    """What did not simply pass comes first, with the gate's own words."""
    others = [each for each in told.gates if each.status is not GateStatus.PASS]
    words = [
        f"{each.gate} {each.status.value}" + (f" ({each.summary})" if each.summary else "") for each in others
    ]
    passed = [each.gate for each in told.gates if each.status is GateStatus.PASS]
    words += [f"pass: {', '.join(passed)}"] if passed else []
    return "; ".join(words) or UNKNOWN


def _score(told: Generation) -> str:
    if told.verdict is None:
        return UNKNOWN
    points = "no score" if told.score is None else f"{told.score:g} points"
    least = "" if told.threshold is None else f", at least {told.threshold:g} wanted"
    about = f"; about the tree {told.judged_tree[:_SHORT]}" if told.judged_tree else ""
    return f"{told.verdict.value}, {points}{least}{about}"


def _questions(told: Generation) -> Iterator[tuple[str, str]]:
    for asked in told.questions:
        yield "question", f"{when(asked.at)}, {asked.trigger}: {asked.summary}"
        answered = f"answered {when(asked.answered_at)}" if asked.answered_at else ""
        for reply in asked.replies:
            yield "reply", f"{reply.user}, {when(reply.at)}: {reply.text}"
        if not asked.replies:
            yield "reply", answered or "none that is known"


def _approvals(told: Generation) -> str:
    if told.merge_request is None:
        return UNKNOWN
    words = (f"{each.user}, {when(each.at)}, {_approved_head(each, told)}" for each in told.approvals)
    return "; ".join(words) or "nobody, as far as is known"


def _approved_head(approved: Approved, told: Generation) -> str:
    if approved.head is None:
        return "head not known"
    same = approved.head == told.published_head
    last = "that was merged" if told.merged_at else "it has now"
    return f"head {approved.head[:_SHORT]}, {'the one' if same else 'not the one'} {last}"


def _merge(told: Generation) -> str:
    if told.merge_request is None:
        return "no merge request is known"
    name = f"!{told.merge_request}"
    if told.merged_at is not None:
        how = f" as {told.merge_commit[:_SHORT]}" if told.merge_commit else ""
        return f"{name}, merged by {told.merged_by or UNKNOWN}, {when(told.merged_at)}{how}"
    return f"{name}, closed {when(told.closed_at)}" if told.closed_at else f"{name}, open"


def _fate(fate: AftermathFact | None) -> Iterator[str]:
    if fate is None:
        yield "nobody has looked (ci-factory collect does)"
        return
    if fate.reverted_at:
        yield f"reverted {when(fate.reverted_at)} by {(fate.reverted_by or UNKNOWN)[:_SHORT]}"
    else:
        yield "not reverted"
    if fate.fix_ups:
        yield f"mended by {', '.join(sha[:_SHORT] for sha in fate.fix_ups)}"
    yield f"bugs: {', '.join(f'#{each}' for each in fate.bugs)}" if fate.bugs else "no linked bug"
    if fate.churned is not None and fate.churn_of is not None:
        yield f"{fate.churned} of {fate.churn_of} added lines gone at {(fate.churn_at or UNKNOWN)[:_SHORT]}"
    yield f"watched until {when(fate.observed_until)}"


def _moments(told: Generation) -> Iterator[Moment | None]:
    yield _moment(told.opened_at, told.opened_by, "opened the ticket")
    yield _moment(told.triggered_at, told.triggered_by, "gave it to the factory")
    yield _moment(told.started_at, told.agent, "began the work")
    yield _moment(told.finished_at, told.agent, f"ended it: {told.ending}")
    for asked in told.questions:
        yield _moment(asked.at, told.agent, f"asked: {asked.summary}")
        for reply in asked.replies:
            yield _moment(reply.at, reply.user, f"replied: {reply.text}")
    yield _moment(told.proposed_at, "ci-factory", f"proposed !{told.merge_request}")
    for each in told.approvals:
        yield _moment(each.at, each.user, f"approved head {(each.head or UNKNOWN)[:_SHORT]}")
    yield _moment(told.merged_at, told.merged_by, f"merged !{told.merge_request}")
    yield _moment(told.closed_at, None, f"!{told.merge_request} was closed")
    if fate := told.aftermath:
        yield _moment(fate.reverted_at, None, f"reverted by {(fate.reverted_by or UNKNOWN)[:_SHORT]}")
        first_bug = fate.first_defect_at if fate.first_defect_at != fate.reverted_at else None
        yield _moment(first_bug, None, f"first linked bug: #{fate.bugs[0]}" if fate.bugs else "first defect")


def _moment(at: datetime | None, who: str | None, what: str) -> Moment | None:
    return Moment(at, who or UNKNOWN, what) if at is not None else None
