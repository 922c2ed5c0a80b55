"""What a gate is: it looks at a change and judges it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from ci_factory.errors import FactoryError
from ci_factory.model.gate import CaseResult, Component, Finding, GateStatus, LineCoverage, Reason

if TYPE_CHECKING:  # what a subject is made of may be unmeasurable too
    from ci_factory.gates.subject import Subject


class Unmeasurable(FactoryError):
    """A gate could not measure. Its result is inconclusive, never a pass."""


@dataclass(frozen=True)
class Judgement:
    """What a gate decided; the runner adds its name, component and seconds."""

    status: GateStatus
    summary: str
    """One line."""
    score: float | None = None
    """0-100; `None` for gates that do not score by themselves (security is scored over all its gates together)."""
    reasons: tuple[Reason, ...] = ()
    """What is not already said by a finding."""
    findings: tuple[Finding, ...] = ()
    figures: Mapping[str, float | None] = field(default_factory=dict)
    tools: Mapping[str, str] = field(default_factory=dict)
    cases: tuple[CaseResult, ...] = ()
    """Tests that ran, for reports that people read."""
    coverage: Mapping[str, LineCoverage] = field(default_factory=dict)
    """Changed files whose lines were measured."""


class Gate(Protocol):
    """One kind of judgement. Gates hold no state and run at the same time."""

    @property
    def component(self) -> Component:
        """Which part of the score it feeds."""

    def judge(self, subject: "Subject") -> Judgement:
        """Measure head, compare it with base.

        Raises:
            Unmeasurable: a tool or report is missing or damaged; the gate is inconclusive.
        """
