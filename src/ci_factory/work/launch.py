"""One process of an agent from its start to what is known of it: its way to the model, its sandbox, its allowance."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

from ci_factory.config import AgentConfig, Config
from ci_factory.system import ci_env, process
from ci_factory.work import call_files, confinement, model_access
from ci_factory.work.agents.protocol import Adapter, AgentResult, LeftBehind, Task
from ci_factory.work.pricing import known_price, priced
from ci_factory.work.spending import Ledger, filled
from ci_factory.work.workspace import Workspace


@dataclass(frozen=True)
class Launch:
    """For one agent of the configuration."""

    agent: AgentConfig
    adapter: Adapter
    config: Config

    @cached_property
    def route(self) -> model_access.Route:
        """How it gets to its model."""
        return model_access.route(self.agent, self.adapter.capability)

    @property
    def watched(self) -> bool:
        """Whether all its requests go through the gateway."""
        return self.route.upstream is not None

    @cached_property
    def confined(self) -> confinement.Confinement:
        """What it runs in; the model's host is no need of its own where the gateway leads there."""
        needs = () if self.watched else self.adapter.capability.hosts
        return confinement.of(self.agent, self.config, needs)

    def run(
        self, task: Task, space: Workspace, ledger: Ledger, recall: Callable[[], str]
    ) -> process.Completed:
        """Run the agent; what ended it beside itself stands in `stopped`: `recall`, a limit or a budget."""
        allowed = ledger.allowance
        with model_access.opened(self.route, ledger, cut_off=self.confined.is_cut_off) as access:
            task = replace(task, model_url=access.url, cost_left=self._cost_left(ledger))
            invocation = self.adapter.invocation(task)
            call_files.give(task, invocation.files)
            contract = call_files.contract(task, space.home)
            env = access.disguised(ci_env.allowed(self.adapter.env_names, {**contract, **invocation.env}))
            cell = confinement.Cell(
                self.confined,
                self.agent,
                space,
                task,
                invocation,
                env,
                access.inside,
                lambda: recall() or ledger.exceeded(),
            )
            done = cell.run(allowed.seconds)
        over = allowed.timed_out() if done.timed_out else ledger.ended_it(ok=done.ok)
        return replace(done, stopped=done.stopped or over)

    def _cost_left(self, ledger: Ledger) -> float | None:
        """What the agent has to see to itself, as nobody else knows what its model costs."""
        model = self.agent.model
        counted = self.watched and model is not None and known_price(model, ledger.prices)
        return None if counted else ledger.allowance.cost_left

    def result(self, task: Task, done: process.Completed, ledger: Ledger) -> AgentResult:
        """What the agent says about itself, and what it does not say where the gateway knows."""
        killed = done.timed_out or bool(done.stopped)
        left = LeftBehind(done.returncode, done.stdout, done.stderr, killed, task.out)
        told = priced(self.adapter.result(left), ledger.prices)
        return filled(told, ledger) if self.watched else told

    def words(self, result: AgentResult, ledger: Ledger) -> str:
        """What was around the agent, and which budget could not be held."""
        unbounded = ledger.unbounded() if self.watched else ledger.allowance.unbounded(result.usage)
        return "; ".join(filter(None, (self.confined.words(), self.route.words, unbounded)))
