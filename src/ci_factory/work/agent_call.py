"""Starts an agent process and records what it did; the only place that does."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from ci_factory.model.attempt import AgentRun, Usage
from ci_factory.model.base import Json
from ci_factory.model.batch import Batch, PlannedTicket
from ci_factory.model.event import Event
from ci_factory.model.redaction import redact
from ci_factory.model.roles import HandOff
from ci_factory.model.text import plain
from ci_factory.system import process
from ci_factory.work import call_files, confinement
from ci_factory.work.agents.protocol import AgentResult, ModelRefusal, Phase, Task
from ci_factory.work.budget import allowance
from ci_factory.work.context import WorkContext
from ci_factory.work.failures import ends_of
from ci_factory.work.handoff import words
from ci_factory.work.launch import Launch
from ci_factory.work.meter import CallMeter
from ci_factory.work.prompts import Prompt, as_seen, prompt
from ci_factory.work.spending import Ledger, total
from ci_factory.work.workspace import Workspace

_DETAIL_LENGTH, _AROUND_LENGTH = 300, 1000


class Stopped(Exception):
    """A person stopped the ticket."""


@dataclass(frozen=True)
class Errand:
    """What a call is for."""

    phase: Phase
    attempt: int
    """Fresh starts, from 1."""
    iteration: int
    """Rounds within one, from 1; 0 while planning."""
    feedback: tuple[str, ...] = ()
    handoff: HandOff | None = None
    """What the role before leaves."""
    change: str = ""
    """The diff that is to be reviewed."""


@dataclass(frozen=True)
class Call:
    """One finished agent process."""

    run: AgentRun
    out: Path
    returncode: int
    said: str = ""
    """The ends of what it printed. Untrusted."""
    refusals: tuple[ModelRefusal, ...] = ()
    """What its model's server refused meanwhile, newest last."""
    watched: bool = False
    """Whether all its requests went through the gateway."""

    @property
    def ok(self) -> bool:
        """Whether the process ended by itself with status 0."""
        return self.run.ended == "ok"


@dataclass
class Caller:
    """Calls the agent of one ticket and keeps the record of all calls, over all fresh starts."""

    planned: PlannedTicket
    batch: Batch
    ctx: WorkContext
    runs: list[AgentRun] = field(default_factory=list)
    model: str | None = None
    prompt_hash: str | None = None
    """Of the last prompt given."""
    history: str = ""
    """What an earlier batch did for this ticket, in words."""
    _players: dict[Phase, "Caller"] = field(default_factory=dict)

    def acting(self, phase: Phase) -> "Caller":
        """Who plays the phase's role: itself, where nobody else is named. All of them keep one record of calls."""
        player = self.ctx.crew.get(phase)
        if player is None:
            return self
        if phase not in self._players:
            ctx = replace(self.ctx, agent=player.agent, adapter=player.adapter)
            self._players[phase] = Caller(self.planned, self.batch, ctx, self.runs, history=self.history)
        return self._players[phase]

    @cached_property
    def confined(self) -> confinement.Confinement:
        """What the agent runs in; said in the log once.

        Raises:
            FactoryError: a sandbox is required, and there is none.
        """
        found = self.launch.confined
        found.require()
        said = "; ".join(filter(None, (found.words(), self.launch.route.words)))
        self.event("sandbox", "sandbox", works=found.works, network=found.network, said=said)
        return found

    @cached_property
    def launch(self) -> Launch:
        """How its agent is started."""
        return Launch(self.ctx.agent, self.ctx.adapter, self.ctx.config)

    def check_stop(self) -> None:
        """Go no further when a person said so.

        Raises:
            Stopped: they did.
        """
        if self.ctx.stop():
            raise Stopped

    def event(self, kind: str, key: str, **data: Json) -> None:
        """Log an event; `key` makes it unique within the ticket."""
        self.ctx.log.append(
            Event(
                key=f"{self.batch.id}/{self.planned.id}/{key}",
                at=self.ctx.clock.now(),
                stage="work",
                kind=kind,
                batch_id=self.batch.id,
                ticket_id=self.planned.id,
                data=data,
            )
        )

    def call(self, space: Workspace, errand: Errand) -> Call:
        """Run the agent once and record it.

        Raises:
            Stopped: a person stopped the ticket, before or (the process was killed) during the call.
        """
        self.check_stop()
        label = self._label(errand)
        task = self._prepare(space, errand, label)
        ledger = self._ledger(errand)
        if why := ledger.allowance.used_up():
            done, result = _not_started(why), AgentResult(usage=ledger.usage())
        else:
            done = self.launch.run(task, space, ledger, self.ctx.recall)
            if not done.ok and not done.timed_out and not done.stopped:
                self.check_stop()
            result = self.launch.result(task, done, ledger)
        self.model = result.model or self.model
        run = self._run(task, done, result, self.launch.words(result, ledger))
        self.runs.append(run)
        transcript = self.ctx.folder.agent / f"{label}.log"
        call_files.keep_transcript(transcript, run.sandbox, done, self.launch.route.secrets)
        self.event(
            "agent-run",
            f"agent-run/{label}",
            ended=run.ended,
            seconds=round(run.seconds, 3),
            phase=errand.phase,
        )
        said = redact(ends_of(done.stdout, done.stderr), self.launch.route.secrets)
        return Call(run, task.out, done.returncode, said, result.refusals, self.launch.watched)

    def end_as(self, ended: str) -> None:
        """Record that the last call ended otherwise than its process alone tells: `quota` or `put-off`."""
        self.runs[-1] = self.runs[-1].model_copy(update={"ended": ended})

    def give_back(self, feedback: tuple[str, ...]) -> None:
        """Record what the gates said about the last run's change."""
        self.runs[-1] = self.runs[-1].model_copy(update={"feedback": feedback})

    def usage(self) -> Usage:
        """The sum over all calls; a part that one call did not tell is unknown in total."""
        return total(run.usage for run in self.runs)

    def _ledger(self, errand: Errand) -> Ledger:
        """What the call may still use, and what it will have used."""
        config, limit = self.ctx.config, self.batch.limits.timeout_seconds
        allowed = allowance(errand.phase, self.ctx.agent, config, limit, self.runs, errand.attempt)
        now, folder = self.ctx.clock.now, self.ctx.folder
        meter = CallMeter(folder.meter, errand.phase, errand.attempt, errand.iteration, now)
        return Ledger(allowed, config.prices, now, told=meter.tell)

    def _label(self, errand: Errand) -> str:
        """Name of the call's files and event; a second planning call has a number."""
        asked = (errand.attempt, errand.iteration, errand.phase)
        same = sum((run.attempt, run.iteration, run.phase) == asked for run in self.runs)
        label = f"{errand.attempt}-{errand.iteration}-{errand.phase}"
        return f"{label}-{same + 1}" if same else label

    def _prepare(self, space: Workspace, errand: Errand, label: str) -> Task:
        folder = call_files.fresh(self.ctx.folder.agent.absolute() / label)
        rendered = self._prompt(errand)
        self.prompt_hash = rendered.hash
        return Task(
            ticket=as_seen(self.planned.candidate.ticket),
            phase=errand.phase,
            attempt=errand.attempt,
            iteration=errand.iteration,
            worktree=space.tree,
            prompt=folder / "prompt.md",
            ticket_file=folder / "ticket.json",
            out=folder / "out",
            feedback=errand.feedback,
            text=rendered.text,
            handoff=errand.handoff.model_dump_json(indent=2) if errand.handoff else "",
        )

    def _prompt(self, errand: Errand) -> Prompt:
        return prompt(
            errand.phase,
            self.planned.candidate,
            self.planned.size,
            instructions=self.ctx.instructions,
            feedback=errand.feedback,
            answer=self.ctx.answer,
            earlier=self.ctx.earlier,
            history=self.history,
            handoff=words(errand.handoff) if errand.handoff else "",
            change=errand.change,
        )

    def _run(self, task: Task, done: process.Completed, result: AgentResult, around: str) -> AgentRun:
        ended = _ended(done, result)
        detail = done.stopped or result.detail
        if ended == "crash":
            detail = f"exit code {done.returncode}: {detail or 'it said nothing'}"
        return AgentRun(
            attempt=task.attempt,
            iteration=task.iteration,
            agent=self.ctx.agent.name,
            phase=task.phase,
            ended=ended,
            detail=redact(plain(detail, _DETAIL_LENGTH), self.launch.route.secrets),
            seconds=max(0.0, done.seconds),
            usage=result.usage,
            sandbox=plain(around, _AROUND_LENGTH),
        )


def _not_started(why: str) -> process.Completed:
    """In place of a call for which nothing is left."""
    return process.Completed((), 0, "", "", 0.0, stopped=f"it was not started: {why}")


def _ended(done: process.Completed, result: AgentResult) -> str:
    """What became of the call; an agent's own word counts where its exit code says less."""
    if done.stopped or (result.ending == "limit" and not done.timed_out):
        return "limit"
    if done.timed_out:
        return "timeout"
    return "ok" if done.ok and result.ending != "failed" else "crash"
