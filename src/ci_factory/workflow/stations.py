"""Stages 3 to 5 for one ticket: work, gate, publish. Each is skipped when its artifact is already there."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from ci_factory.config import AgentConfig
from ci_factory.errors import ArtifactError, Conflict, Interrupted, UsageError
from ci_factory.gates.runner import run_gates
from ci_factory.model import work_record
from ci_factory.model.attempt import Attempt, Ending
from ci_factory.model.batch import Batch, PlannedTicket
from ci_factory.model.forge import Publication
from ci_factory.model.gate import GateReport, Score
from ci_factory.publishing.publisher import PUBLISHABLE, Judged
from ci_factory.scoring.advice import advised
from ci_factory.scoring.score import score_report
from ci_factory.system import records
from ci_factory.system.layout import TicketFolder
from ci_factory.work import confinement
from ci_factory.work.agents.protocol import Phase
from ci_factory.work.agents.registry import ADAPTERS
from ci_factory.work.attempt import work_ticket
from ci_factory.work.context import Player, WorkContext
from ci_factory.workflow import relay
from ci_factory.workflow.earlier import earlier_change, going_on
from ci_factory.workflow.factory import Factory, Workshop

STOPPED = "stopped"
"""Outcome of a publication that a person stopped on its way."""
_INSTRUCTIONS = ("AGENTS.md", "CLAUDE.md", "GEMINI.md", "CONTRIBUTING.md")
_INSTRUCTIONS_LIMIT = 20_000


@dataclass
class Interruption:
    """Set once, by the person who presses Ctrl-C; read by every lane before each step."""

    asked: bool = field(default=False)


@dataclass(frozen=True)
class Bench:
    """Works on tickets of one batch and judges the changes, without any forge; used from several threads."""

    factory: Workshop
    batch: Batch
    interruption: Interruption = field(default_factory=Interruption)
    put_off: dict[str, str] = field(default_factory=dict)
    """Tickets that go to the next batch as they are, each with the reason."""
    another: Callable[[PlannedTicket], bool] = lambda _planned: False
    """Whether a ticket's agent is not the only one that could do it."""

    def judged(self, planned: PlannedTicket, base: str) -> Judged:
        """Work on a ticket and judge what came out; nothing reaches the forge."""
        checked: dict[str, tuple[GateReport, Score]] = {}
        attempt = self.work(planned, base, checked)
        if attempt.ending not in PUBLISHABLE or attempt.head is None:
            return Judged(planned, attempt, None, None)
        return Judged(planned, attempt, *self.gate(attempt, checked))

    def work(
        self, planned: PlannedTicket, base: str, checked: dict[str, tuple[GateReport, Score]]
    ) -> Attempt:
        """Run the agent, or read what it did before a kill. `checked` collects verdicts by head commit."""
        factory = self.factory
        agent = agent_named(factory, planned.agent)
        players = crew(factory)
        confinement.require([agent, *(player.agent for player in players.values())], factory.config)

        folder = factory.layout.batch(self.batch.id).ticket(planned.id)
        checked |= self._seen(folder, base)

        def check(head: str) -> tuple[GateReport, Score]:
            if head not in checked:
                factory.progress.ticket(planned.id, "gates")
                checked[head] = report, score = self.check(base, head)
                records.write_model(folder.seen_gate, report)
                records.write_model(folder.seen_score, score)
            return checked[head]

        context = WorkContext(
            hub=factory.hub,
            worktrees=factory.layout.worktrees,
            folder=folder,
            base=base,
            agent=agent,
            adapter=ADAPTERS[agent.adapter](agent, factory.config_folder),
            config=factory.config,
            check=check,
            clock=factory.clock,
            log=factory.log,
            instructions=self._instructions,
            stop=self._stop(planned.id),
            recall=lambda: self.put_off.get(planned.id, ""),
            another=lambda: self.another(planned),
            crew=players,
            answer=planned.candidate.answer.words if planned.candidate.answer else None,
            earlier=earlier_change(factory.hub, factory.layout, self.batch, planned.id),
            before=going_on(factory.hub, factory.layout, self.batch, planned),
        )
        return work_ticket(planned, self.batch, context)

    def _seen(self, folder: TicketFolder, base: str) -> dict[str, tuple[GateReport, Score]]:
        """The last verdict of a run that was killed; read before any agent runs here, so that none can have written it."""
        report = records.read_if_valid(folder.seen_gate, GateReport)
        score = records.read_if_valid(folder.seen_score, Score)
        if report is None or score is None or report.head is None:
            return {}
        bound = {(each.head, each.tree, each.base, each.config_hash) for each in (report, score)}
        fits = bound == {(report.head, report.tree, base, self.factory.config.hash)}
        return {report.head: (report, score)} if fits else {}

    def check(self, base: str, head: str, *, remember: bool = True) -> tuple[GateReport, Score]:
        """Run the gates on a change that lies in the hub; `remember` measurements from run to run."""
        factory = self.factory
        report = run_gates(
            factory.hub,
            base,
            head,
            config=factory.config,
            scratch=factory.layout.worktrees,
            cache=factory.layout.cache if remember else None,
            clock=factory.clock,
        )
        return report, score_report(report, factory.config.gates)

    def gate(
        self, attempt: Attempt, checked: dict[str, tuple[GateReport, Score]]
    ) -> tuple[GateReport, Score]:
        """Write gate.json and score.json for the attempt's head; a verdict on the same tree is reused."""
        folder = self.factory.layout.batch(self.batch.id).ticket(attempt.ticket_id)
        assert attempt.head is not None  # noqa: S101 - callers gate only changes
        report, score = (
            records.read_if_valid(folder.gate, GateReport),
            records.read_if_valid(folder.score, Score),
        )
        if report and score and report.tree == score.tree == attempt.tree and report.base == attempt.base:
            return report, score
        report, raw = checked.get(attempt.head) or self.check(attempt.base, attempt.head)
        score = advised(raw, attempt.review, self.factory.config.roles.reviewer_points)
        records.write_model(folder.gate, report)
        records.write_model(folder.score, score)
        self.factory.event(
            "gate", "judged", self.batch.id, attempt.ticket_id, verdict=score.verdict.value, score=score.score
        )
        return report, score

    def skip(self, planned: PlannedTicket, base: str, reason: str) -> Judged:
        """A ticket that is not started, with the reason; it goes back to the queue."""
        now = self.factory.clock.now()
        attempt = Attempt(
            ticket_id=planned.id,
            batch_id=self.batch.id,
            agent=planned.agent,
            started_at=now,
            finished_at=now,
            ending=Ending.SKIPPED,
            reason=reason,
            planned_size=planned.size,
            base=base,
        )
        records.write_model(self.factory.layout.batch(self.batch.id).ticket(planned.id).attempt, attempt)
        return Judged(planned, attempt, None, None)

    def _stop(self, ticket_id: str) -> Callable[[], bool]:
        def stop() -> bool:
            if self.interruption.asked:
                raise Interrupted("interrupted", where=ticket_id)
            return self.factory.halt(ticket_id) is not None

        return stop

    @cached_property
    def _instructions(self) -> str:
        """The project's own words to agents, from the base and never from a branch an agent wrote."""
        texts = (self.factory.git.show(self.batch.base, name) for name in _INSTRUCTIONS)
        return next((text[:_INSTRUCTIONS_LIMIT] for text in texts if text), "")


@dataclass(frozen=True)
class Station(Bench):
    """A bench with a forge: publishes as well."""

    factory: Factory

    def publish(self, judged: Judged) -> Publication:
        """Bring the ticket to the forge. What may not be published goes to people with the reason."""
        folder = self.factory.layout.batch(self.batch.id).ticket(judged.planned.id)
        try:
            relay.check_verdict(judged)
            standing = relay.on_published(self.factory, self.batch, judged)
            return self._record(judged, self.factory.publisher.publish(standing, self.batch, folder))
        except (ArtifactError, Conflict) as error:
            return self._record(judged, self._refuse(judged, error))

    def unjudged(self, judged: Judged, said: str) -> Publication:
        """Bring a change that nobody judged to people: it was paid for, and may be judged by a job that is tried again."""
        what = f"the change was not judged{f': {said}' if said else ''}"
        fix = "retry the job of the gates, then the one that publishes"
        return self._record(
            judged, self._refuse(judged, ArtifactError(what, where=judged.planned.id, fix=fix))
        )

    def _refuse(self, judged: Judged, error: ArtifactError | Conflict) -> Publication:
        priority = judged.planned.candidate.ticket.priority
        work = work_record.of(judged.attempt, judged.planned, self.batch, judged.report, judged.score)
        return self.factory.publisher.refuse(judged.attempt, error, priority=priority, work=work)

    def _record(self, judged: Judged, publication: Publication) -> Publication:
        folder = self.factory.layout.batch(self.batch.id).ticket(judged.planned.id)
        if publication.outcome != STOPPED:  # what is not finished has no record, so the next run finishes it
            records.write_model(folder.publication, publication)
        self.factory.event(
            "publish",
            "published",
            self.batch.id,
            judged.planned.id,
            outcome=publication.outcome,
            merge_request=publication.merge_request,
        )
        return publication


def crew(factory: Workshop) -> dict[Phase, Player]:
    """Who plans and reviews in place of the agent that has a ticket."""
    roles = factory.config.roles
    wanted: tuple[tuple[Phase, str | None], ...] = (("plan", roles.planner), ("review", roles.reviewer))
    known = {agent.name: agent for agent in factory.config.agents}
    named = {phase: known[name] for phase, name in wanted if name is not None}
    folder = factory.config_folder
    return {phase: Player(agent, ADAPTERS[agent.adapter](agent, folder)) for phase, agent in named.items()}


def agent_named(factory: Workshop, name: str) -> AgentConfig:
    """The agent a plan names.

    Raises:
        UsageError: this run has no such agent.
    """
    for agent in factory.agents:
        if agent.name == name:
            return agent
    known = ", ".join(agent.name for agent in factory.agents)
    raise UsageError(
        f"the plan gives a ticket to agent {name!r}, which is not here",
        where="agents",
        fix=f"run with it; known: {known}",
    )
