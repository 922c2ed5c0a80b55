"""What the calls of one phase may still use, and the words for when that is nothing. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from ci_factory.config import AgentConfig, Config
from ci_factory.model.attempt import AgentRun, Usage
from ci_factory.model.budget_settings import PhaseBudget
from ci_factory.work.agents.protocol import Phase


@dataclass(frozen=True)
class Spent:
    """What is known to be used up; unknown parts are not in it."""

    seconds: float = 0
    tokens: int = 0
    cost_usd: float = 0
    calls: int = 0

    def and_also(self, usage: Usage) -> "Spent":
        """With what one more call used."""
        return Spent(
            self.seconds,
            self.tokens + (usage.input_tokens or 0) + (usage.output_tokens or 0),
            self.cost_usd + (usage.cost_usd or 0),
            self.calls + (usage.calls or 0),
        )


@dataclass(frozen=True)
class Allowance:
    """For one call of the agent: the phase's budget, and what earlier calls used of it."""

    phase: Phase
    budget: PhaseBudget
    seconds_a_call: float
    """Time-out of one process, whatever is left for all."""
    before: Spent = Spent()

    @property
    def seconds(self) -> float:
        """How long the call may take."""
        return max(0.0, min(self.seconds_a_call, self._seconds - self.before.seconds))

    @property
    def cost_left(self) -> float | None:
        """USD that are left, `None` when they are not counted."""
        return None if self.budget.cost_usd is None else max(0.0, self.budget.cost_usd - self.before.cost_usd)

    def used_up(self) -> str:
        """Why the call can't be started, in words; empty: it can."""
        if self.seconds <= 0:
            return f"no time is left to {self.phase}: {self._minutes}"
        if self.budget.calls is not None and self.before.calls >= self.budget.calls:
            return self.too_many_calls()
        nothing = self.budget.tokens == self.before.tokens or self.budget.cost_usd == self.before.cost_usd
        return (
            f"nothing is left to {self.phase} (budgets.{self.phase})" if nothing else self.exceeded(Usage())
        )

    def exceeded(self, usage: Usage) -> str:
        """What a running call has used too much of, in words; empty: nothing that is known."""
        spent, budget = self.before.and_also(usage), self.budget
        if budget.tokens is not None and spent.tokens > budget.tokens:
            return f"it used {spent.tokens:,} tokens to {self.phase}, more than {budget.tokens:,} ({self._key('tokens')})"
        if budget.cost_usd is not None and spent.cost_usd > budget.cost_usd:
            return f"it spent ${spent.cost_usd:.2f} to {self.phase}, more than ${budget.cost_usd:.2f} ({self._key('cost_usd')})"
        return ""

    def unbounded(self, usage: Usage, why: str = "") -> str:
        """Which budget could not be held as its part of the usage is unknown, in words; empty: none."""
        if self.budget.cost_usd is not None and usage.cost_usd is None:
            return f"its cost could not be bounded: {why or 'nobody told all of its usage'}"
        if self.budget.tokens is not None and None in {usage.input_tokens, usage.output_tokens}:
            return "its tokens could not be bounded: nobody told all of its usage"
        return ""

    def too_many_calls(self) -> str:
        """When the model is asked once more than it may be."""
        return (
            f"it asked its model more than {self.budget.calls:,} times to {self.phase} ({self._key('calls')})"
        )

    def may_ask(self, calls: int) -> bool:
        """Whether the model may be asked once more, after so many requests of this call."""
        return self.budget.calls is None or self.before.calls + calls < self.budget.calls

    def timed_out(self) -> str:
        """The words for a call that took as long as it might; empty: that was the time-out of one process."""
        return (
            "" if self.seconds >= self.seconds_a_call else f"its time to {self.phase} ended: {self._minutes}"
        )

    @property
    def _seconds(self) -> float:
        return self.seconds_a_call if self.budget.minutes is None else self.budget.minutes * 60

    @property
    def _minutes(self) -> str:
        return f"all its calls may take {self._seconds / 60:g} min together ({self._key('minutes')})"

    def _key(self, name: str) -> str:
        return f"budgets.{self.phase}.{name}"


def allowance(
    phase: Phase,
    agent: AgentConfig,
    config: Config,
    seconds_a_call: float,
    runs: Iterable[AgentRun],
    attempt: int,
) -> Allowance:
    """For the next call, after those that there were: time counts within a fresh start, all else over all of them.

    The time of a call that was killed together with the factory is not known, and that it was killed no fault of the
    agent: it does not count, or a run that goes on hours later had no time left.
    """
    own: PhaseBudget = getattr(agent.budgets, phase)
    budget: PhaseBudget = getattr(config.budgets, phase)
    before = Spent()
    for run in (run for run in runs if run.phase == phase):
        timed = run.attempt == attempt and run.ended != "killed"
        seconds = run.seconds if timed else 0
        before = before.and_also(run.usage)
        before = Spent(before.seconds + seconds, before.tokens, before.cost_usd, before.calls)
    merged = budget.model_copy(update=own.model_dump(exclude_none=True))
    return Allowance(phase, merged, seconds_a_call, before)
