"""The evidence about a change's tests, sorted into what counts."""

from collections.abc import Sequence
from dataclasses import dataclass

from ci_factory.gates.testing.compare import Remark
from ci_factory.gates.testing.evidence import Evidence
from ci_factory.gates.testing.newlines import NewLines


@dataclass(frozen=True)
class Judged:
    """What is to be judged and told."""

    evidence: Evidence
    lines: NewLines
    failing: Sequence[Remark]
    """Tests that fail, and those that are flaky since this change."""
    lost: Sequence[Remark]
    replaced: Sequence[Remark]
    """Tests that have other parameters now."""
    manipulated: Sequence[str]
    unknown: str
    """What could not be measured and must be; empty when all was."""
    measures_coverage: bool
    """Whether coverage was asked for at all."""

    @property
    def total(self) -> int:
        """Tests that count: skipped ones, expected failures and those that were flaky before do not."""
        return len(self.evidence.head.counted) - len(self.evidence.flaky.old)

    @property
    def passed(self) -> int:
        """Those of them that passed, always."""
        return self.total - len(self.failing)

    @property
    def taken(self) -> list[Remark]:
        """Tests of the base that the change takes the force from."""
        return [*self.lost, *self.evidence.old.weakened]

    @property
    def untried(self) -> bool:
        """Whether there are new lines that were not put to the proof, because a test fails."""
        return bool(self.failing and self.lines.total)
