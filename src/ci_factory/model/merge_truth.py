"""Whether the factory's open changes merge and work together: merge_truth.json."""

from enum import StrEnum
from itertools import combinations
from typing import Annotated

from pydantic import Field

from ci_factory.model.base import Artifact, Moment, Sha, TicketId, Value
from ci_factory.model.gate import Verdict
from ci_factory.model.ticket import Priority

MOST_CHANGES = 200
"""Open changes that are tried with each other; what is left over is counted."""
MOST_FILES = 50
"""Files in conflict, and failing tests, that are named."""
TestName = Annotated[str, Field(max_length=500)]


class TriedChange(Value):
    """One open merge request of the factory, tried on the newest commit of the target branch."""

    merge_request: int = Field(ge=1)
    ticket_id: TicketId
    branch: str = Field(max_length=1024)
    head: Sha
    priority: Priority
    lines: int = Field(ge=0)
    """Added and removed together."""
    verdict: Verdict | None = None
    """What the gates said about it alone; `None`: unknown."""
    below: int | None = None
    """The merge request that it is built on; `None`: the target branch."""
    in_batch: bool = False
    """Whether the last batch made it."""
    conflicts: tuple[str, ...] = Field(default=(), max_length=MOST_FILES)
    """Files in which it and the target branch went different ways."""
    problem: str = Field(default="", max_length=500)
    """Why it could not be tried."""

    @property
    def arrives(self) -> bool:
        """Whether it merges into the target branch as that is now."""
        return not self.conflicts and not self.problem


class Clash(Value):
    """Two changes that do not merge with each other, though each merges into the target branch."""

    first: int
    """Before the other in the suggested order."""
    second: int
    files: tuple[str, ...] = Field(default=(), max_length=MOST_FILES)
    through: int | None = None
    """The change below one of them that alone explains it; `None`: the two themselves do."""

    @property
    def pair(self) -> frozenset[int]:
        """Both, in no order."""
        return frozenset({self.first, self.second})


class Absent(Value):
    """A change that is not in the candidate, and why."""

    merge_request: int
    reason: str = Field(max_length=1000)


class Candidate(Value):
    """The target branch with all changes that merge, in the suggested order. It is nowhere pushed."""

    commit: Sha | None = None
    tree: Sha | None = None
    merged: tuple[int, ...] = ()
    left_out: tuple[Absent, ...] = ()


class Outcome(StrEnum):
    """What the project's tests said about the candidate."""

    PASSED = "passed"
    FAILED = "failed"
    """At least one test fails that does not fail on the target branch."""
    BASE_RED = "base-red"
    """Only tests fail that fail on the target branch already."""
    INCONCLUSIVE = "inconclusive"
    """There is no result; never a pass."""
    NOT_RUN = "not-run"


class CandidateTests(Value):
    """The tests of the candidate."""

    outcome: Outcome = Outcome.NOT_RUN
    reason: str = Field(default="", max_length=1000)
    failing: tuple[TestName, ...] = Field(default=(), max_length=MOST_FILES)
    """Tests that fail on the candidate, every time, and not on the target branch."""
    base_failing: tuple[TestName, ...] = Field(default=(), max_length=MOST_FILES)
    """Tests that fail on both."""
    flaky: tuple[TestName, ...] = Field(default=(), max_length=MOST_FILES)
    """Tests that failed once and passed when they were run again."""
    runs: int = Field(default=0, ge=0)
    """Test runs that it took, those of the search included."""
    green: tuple[int, ...] = ()
    """Changes that were merged and tested together, and no test failed that passes on the target branch."""


class Breaking(Value):
    """Changes that are green alone and make tests fail together."""

    changes: tuple[int, ...]
    """In the suggested order; one alone breaks with what the target branch has by now."""
    tests: tuple[TestName, ...] = Field(max_length=MOST_FILES)
    smallest: bool = True
    """Whether it was shown that none of them can be left out; else the search ended before."""
    reason: str = Field(default="", max_length=1000)


class Advice(StrEnum):
    """What to do with a change."""

    MERGE = "merge"
    REBASE = "rebase"
    """Merge what stands before it first; then it conflicts, and has to be made again on top."""
    ADAPT = "adapt"
    """It merges, and tests fail: it has to be changed, or the other one."""
    WAIT = "wait"
    """Its own gates did not pass."""


class OrderLine(Value):
    """A place in the suggested merge order."""

    place: int = Field(ge=1)
    merge_request: int
    ticket_id: TicketId
    advice: Advice
    reason: str = Field(max_length=1000)


class CandidateResult(Artifact):
    """candidate.json: what a job without any token found out about a candidate; read as hostile."""

    key: str = Field(pattern=r"^[0-9a-f]{64}$")
    """Of the merge_truth.json that has the candidate."""
    tree: Sha
    tests: CandidateTests
    breaking: tuple[Breaking, ...] = Field(default=(), max_length=MOST_CHANGES)


class MergeTruth(Artifact):
    """merge_truth.json: what git and the project's tests say about merging the open changes."""

    key: str = Field(pattern=r"^[0-9a-f]{64}$")
    """Of the heads, the target branch's commit and the configuration; the same key has the same answer."""
    made_at: Moment
    batch_id: str | None = None
    target_branch: str
    base: Sha
    """The target branch's newest commit."""
    changes: tuple[TriedChange, ...] = Field(default=(), max_length=MOST_CHANGES)
    """In the order of the review queue."""
    passed_over: int = Field(default=0, ge=0)
    """Open changes that were too many to be tried."""
    pairs_tried: int = Field(default=0, ge=0)
    """Pairs that git had to merge; the others touch nothing in common."""
    clashes: tuple[Clash, ...] = ()
    candidate: Candidate = Candidate()
    tests: CandidateTests = CandidateTests()
    breaking: tuple[Breaking, ...] = ()
    order: tuple[OrderLine, ...] = ()

    @property
    def pending(self) -> bool:
        """Whether the candidate's tests are still to be run, by another job."""
        return self.tests.outcome is Outcome.NOT_RUN and not self.tests.reason

    @property
    def counted(self) -> frozenset[int]:
        """The batch's changes that merge into the target branch: every two of them are a pair."""
        return frozenset(each.merge_request for each in self.changes if each.in_batch and each.arrives)

    @property
    def pairs(self) -> int:
        """Pairs of the batch."""
        return sum(1 for _ in combinations(self.counted, 2))

    @property
    def conflicting(self) -> int:
        """Those of them that do not merge."""
        return sum(clash.pair <= self.counted for clash in self.clashes)

    @property
    def conflict_rate(self) -> float | None:
        """Pairs that do not merge / pairs of the batch; `None` without a pair."""
        return self.conflicting / self.pairs if self.pairs else None

    def ticket_of(self, merge_request: int) -> str:
        """The ticket of a merge request."""
        return next(each.ticket_id for each in self.changes if each.merge_request == merge_request)

    @property
    def affected(self) -> frozenset[int]:
        """Merge requests about which there is something to say."""
        alone = {each.merge_request for each in self.changes if not each.arrives}
        pairs = {number for clash in self.clashes for number in clash.pair}
        return frozenset(alone | pairs | {number for each in self.breaking for number in each.changes})
