"""Starts an agent process and records what it did; the only place that does."""

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from ci_factory.model.attempt import AgentRun, Usage
from ci_factory.model.base import Json
from ci_factory.model.batch import Batch, PlannedTicket
from ci_factory.model.event import Event
from ci_factory.model.text import plain
from ci_factory.system import ci_env, process
from ci_factory.work import confinement
from ci_factory.work.agents.protocol import AgentResult, LeftBehind, Phase, Task
from ci_factory.work.context import WorkContext
from ci_factory.work.pricing import priced
from ci_factory.work.prompts import Prompt, prompt
from ci_factory.work.workspace import Workspace

_ANSI = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b.?|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
)
_DETAIL_LENGTH = 300
NOT_STARTED = frozenset({126, 127})
"""Exit codes of a shell that could not start the agent: trying again will not help."""


class Stopped(Exception):
    """A person stopped the ticket."""


N = TypeVar("N", int, float)


@dataclass(frozen=True)
class Call:
    """One finished agent process."""

    run: AgentRun
    out: Path
    returncode: int

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

    @cached_property
    def confined(self) -> confinement.Confinement:
        """What the agent runs in; said in the log once.

        Raises:
            FactoryError: a sandbox is required, and there is none.
        """
        found = confinement.of(self.ctx.agent, self.ctx.config, self.ctx.adapter.capability.hosts)
        found.require()
        self.event("sandbox", "sandbox", works=found.works, network=found.network, said=found.words())
        return found

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

    def call(
        self, space: Workspace, phase: Phase, attempt: int, iteration: int, feedback: tuple[str, ...] = ()
    ) -> Call:
        """Run the agent once and record it.

        Raises:
            Stopped: a person stopped the ticket, before or (the process was killed) during the call.
        """
        self.check_stop()
        label = self._label(phase, attempt, iteration)
        task = self._prepare(space, phase, attempt, iteration, feedback, label)
        done = self._start(task, space)
        if not done.ok and not done.timed_out and not done.stopped:
            self.check_stop()
        self._keep_transcript(label, done)
        left = LeftBehind(done.returncode, done.stdout, done.stderr, done.timed_out, task.out)
        result = priced(self.ctx.adapter.result(left), self.ctx.config.prices)
        self.model = result.model or self.model
        run = self._run(task, done, result)
        self.runs.append(run)
        self.event(
            "agent-run", f"agent-run/{label}", ended=run.ended, seconds=round(run.seconds, 3), phase=phase
        )
        return Call(run, task.out, done.returncode)

    def give_back(self, feedback: tuple[str, ...]) -> None:
        """Record what the gates said about the last run's change."""
        self.runs[-1] = self.runs[-1].model_copy(update={"feedback": feedback})

    def usage(self) -> Usage:
        """The sum over all calls; a part that one call did not tell is unknown in total."""
        used = [run.usage for run in self.runs] or [Usage(input_tokens=0, output_tokens=0, cost_usd=0)]
        return Usage(
            input_tokens=_total([one.input_tokens for one in used]),
            output_tokens=_total([one.output_tokens for one in used]),
            cost_usd=_total([one.cost_usd for one in used]),
        )

    def _label(self, phase: Phase, attempt: int, iteration: int) -> str:
        """Name of the call's files and event; a second planning call has a number."""
        same = sum(
            1 for run in self.runs if (run.attempt, run.iteration, run.phase) == (attempt, iteration, phase)
        )
        label = f"{attempt}-{iteration}-{phase}"
        return f"{label}-{same + 1}" if same else label

    def _prepare(
        self,
        space: Workspace,
        phase: Phase,
        attempt: int,
        iteration: int,
        feedback: tuple[str, ...],
        label: str,
    ) -> Task:
        folder = self.ctx.folder.agent.absolute() / label
        if folder.is_symlink() or folder.exists():  # of a run that was killed
            folder.unlink() if folder.is_symlink() else shutil.rmtree(folder)
        (folder / "out").mkdir(parents=True)
        candidate = self.planned.candidate
        rendered = self._prompt(phase, feedback)
        _write(folder / "prompt.md", rendered.text)
        _write(folder / "ticket.json", candidate.ticket.model_dump_json(indent=2))
        _write(folder / "feedback.md", "".join(f"{line}\n" for line in feedback))
        self.prompt_hash = rendered.hash
        return Task(
            ticket=candidate.ticket,
            phase=phase,
            attempt=attempt,
            iteration=iteration,
            worktree=space.tree,
            prompt=folder / "prompt.md",
            ticket_file=folder / "ticket.json",
            out=folder / "out",
            feedback=feedback,
            text=rendered.text,
        )

    def _prompt(self, phase: Phase, feedback: tuple[str, ...]) -> Prompt:
        return prompt(
            phase,
            self.planned.candidate,
            self.planned.size,
            instructions=self.ctx.instructions,
            feedback=feedback,
            answer=self.ctx.answer,
            earlier=self.ctx.earlier,
        )

    def _start(self, task: Task, space: Workspace) -> process.Completed:
        invocation = self.ctx.adapter.invocation(task)
        for name, text in invocation.files.items():
            (task.out / name).parent.mkdir(parents=True, exist_ok=True)
            _write(task.out / name, text)
        contract = {
            "HOME": str(space.home),
            "CI_FACTORY_PHASE": task.phase,
            "CI_FACTORY_PROMPT": str(task.prompt),
            "CI_FACTORY_TICKET": str(task.ticket_file),
            "CI_FACTORY_OUT": str(task.out),
            "CI_FACTORY_ATTEMPT": str(task.attempt),
            "CI_FACTORY_ITERATION": str(task.iteration),
            "CI_FACTORY_FEEDBACK": str(task.prompt.with_name("feedback.md")),
        }
        env = ci_env.allowed(self.ctx.adapter.env_names, {**contract, **invocation.env})
        cell = confinement.Cell(self.confined, self.ctx.agent, space, task, invocation, env)
        return cell.run(self.batch.limits.timeout_seconds)

    def _run(self, task: Task, done: process.Completed, result: AgentResult) -> AgentRun:
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
            detail=plain(detail, _DETAIL_LENGTH),
            seconds=max(0.0, done.seconds),
            usage=result.usage,
            sandbox=self.confined.words(),
        )

    def _keep_transcript(self, label: str, done: process.Completed) -> None:
        text = f"--- {self.confined.words()}\n--- stdout\n{done.stdout}\n--- stderr\n{done.stderr}\n"
        _write(self.ctx.folder.agent / f"{label}.log", _ANSI.sub("", text))


def _ended(done: process.Completed, result: AgentResult) -> str:
    """What became of the call; an agent's own word counts where its exit code says less."""
    if done.stopped or (result.ending == "limit" and not done.timed_out):
        return "limit"
    if done.timed_out:
        return "timeout"
    return "ok" if done.ok and result.ending != "failed" else "crash"


def _write(path: Path, text: str) -> None:
    """Write a file that a killed run would write again: plainly, so that a ticket costs no waiting for the disk."""
    path.write_text(text, encoding="utf-8", errors="replace")


def _total(parts: Sequence[N | None]) -> N | None:
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    return sum(known[1:], known[0]) if known else None
