"""The reviewer's step: another agent reads a change that is done. What it says is advice, and costs nothing when it fails."""

from ci_factory.model.attempt import Ending
from ci_factory.model.gate import ReviewFinding
from ci_factory.model.roles import AgentReview
from ci_factory.model.text import plain
from ci_factory.model.work_state import Committed, Outcome
from ci_factory.work import documents, handoff
from ci_factory.work.agent_call import Call, Errand
from ci_factory.work.paths import path_problem
from ci_factory.work.start import Ended, FreshStart

_DELIVERED = frozenset({Ending.COMPLETED, Ending.PARTIAL})
_MOST = 100_000
"""Characters of the diff that stand in the prompt; the files themselves are there in whole."""


def is_wanted(start: FreshStart, outcome: Outcome) -> bool:
    """Whether a reviewer is configured and has not read this change yet."""
    done = outcome.ending in _DELIVERED and outcome.committed is not None
    return done and outcome.review is None and "review" in start.ctx.crew


def review(start: FreshStart) -> None:
    """Ask the reviewer once, and end as the work had ended.

    Raises:
        Ended: always, with the outcome on record and the review.
        Stopped: a person stopped the ticket.
    """
    outcome = start.state.outcome
    assert outcome is not None  # noqa: S101 - the step before wrote both
    assert outcome.committed is not None  # noqa: S101 - the same
    found = _asked(start, outcome.committed, outcome.reason)
    raise Ended(outcome.model_copy(update={"review": found}))


def _asked(start: FreshStart, committed: Committed, verdict: str) -> AgentReview:
    caller, ctx = start.caller.acting("review"), start.ctx
    if why := _prevented(start):
        return AgentReview(agent=caller.ctx.agent.name, tree=committed.tree, problem=why)
    start.fill()
    document = handoff.to_reviewer(
        caller.planned.candidate, start.comprehension, start.plan, committed.diff.files, (verdict,)
    )
    start.begin("review", start.state.iteration)
    change = _bounded(ctx.hub.diff(ctx.base, committed.head))
    errand = Errand("review", start.number, start.state.iteration, handoff=document, change=change)
    call = caller.call(start.space, errand)
    start.called()
    return _read(call, committed)


def _prevented(start: FreshStart) -> str:
    """Why it is not asked: a call that a kill ended is not paid for twice, and a recalled ticket waits for nobody."""
    killed = any(run.phase == "review" and run.attempt == start.number for run in start.caller.runs)
    return "the reviewer was killed together with the factory" if killed else start.ctx.recall()


def _read(call: Call, committed: Committed) -> AgentReview:
    agent, tree = call.run.agent, committed.tree
    if not call.ok:
        return AgentReview(agent=agent, tree=tree, problem=f"the reviewer failed: {call.run.detail}")
    said = documents.review(call.out)
    if said.value is None:
        problem = "; ".join(said.problems) or "the reviewer wrote no review.json"
        return AgentReview(agent=agent, tree=tree, problem=problem)
    findings = tuple(_placed(each) for each in said.value.findings)
    return AgentReview(agent=agent, tree=tree, summary=said.value.summary, findings=findings)


def _placed(finding: ReviewFinding) -> ReviewFinding:
    """The finding without a place that can be none."""
    if finding.path is None or not path_problem(finding.path):
        return finding
    said = f"{finding.message} (at {plain(finding.path, 100)})"[:2_000]
    return finding.model_copy(update={"path": None, "line": None, "message": said})


def _bounded(text: str) -> str:
    return text if len(text) <= _MOST else f"{text[:_MOST]}\n[cut: {len(text)} characters in all]"
