"""Findings, gate results and the score."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from ci_factory.model.base import Artifact, Ranked, Sha, Value


class Severity(Ranked):
    """How bad a finding is, worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"


class Region(Value):
    """Where in a file; lines and columns count from 1."""

    line: int = Field(ge=1)
    column: int | None = Field(default=None, ge=1)
    end_line: int | None = Field(default=None, ge=1)
    end_column: int | None = Field(default=None, ge=1)


class Finding(Value):
    """One thing that one tool says about one place."""

    tool: str
    rule: str
    severity: Severity
    message: str
    path: str
    region: Region | None = None
    fingerprint: str
    is_new: bool = True
    suppressed: bool = False
    help: str = ""


class Component(StrEnum):
    """Parts of the score; `policy` has no weight, it only blocks."""

    SYNTAX = "syntax"
    TESTS = "tests"
    SECURITY = "security"
    COMPLEXITY = "complexity"
    DOCUMENTATION = "documentation"
    POLICY = "policy"


class GateStatus(StrEnum):
    """What a gate says. Inconclusive is not a pass."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    BLOCKED = "blocked"
    """A person must decide; the agent may not fix it on its own."""
    INCONCLUSIVE = "inconclusive"
    SKIPPED = "skipped"
    """Declared optional, and could not be measured: it says nothing, for or against."""


class Reason(Value):
    """Points lost, and where to look."""

    component: Component
    points: float = Field(ge=0)
    """Of the component's 100, before its weight; 0 for remarks."""
    message: str
    path: str | None = None
    line: int | None = Field(default=None, ge=1)


class PlannedGate(Value):
    """A gate that a result is expected of; a missing result must not look like a pass."""

    gate: str
    """Unique in a report; gates of a root that is not the repository's are called `root:gate`."""
    component: Component
    root: str = ""
    """Folder of the project inside the repository; empty is the repository itself."""


class CaseResult(Value):
    """One test of a run, for reports that people read; the judgement does not depend on it."""

    file: str = ""
    """Path; empty when unknown."""
    name: str
    outcome: Literal["passed", "failed", "error", "skipped", "xfailed"]
    line: int | None = Field(default=None, ge=1)
    message: str = ""
    seconds: float = Field(default=0, ge=0)


class LineCoverage(Value):
    """Executable lines of one file, from 1."""

    executed: tuple[int, ...] = ()
    missing: tuple[int, ...] = ()


class GateResult(Value):
    """What one gate measured and decided about one change."""

    gate: str
    component: Component
    root: str = ""
    status: GateStatus
    score: float | None = Field(default=None, ge=0, le=100)
    """The gate's part of its component; `None` when it could not measure or does not score."""
    summary: str
    """One line for the table in the note."""
    reasons: tuple[Reason, ...] = ()
    findings: tuple[Finding, ...] = ()
    figures: dict[str, float | None] = {}
    """Named numbers, such as tests_total; `None` is unknown."""
    cases: tuple[CaseResult, ...] = ()
    """Tests that ran, of gates that run some; may be cut, figures count all of them."""
    coverage: dict[str, LineCoverage] = {}
    """Changed files whose lines were measured."""
    tools: dict[str, str] = {}
    """Tool name to version."""
    seconds: float = Field(default=0, ge=0)


class GateReport(Artifact):
    """gate.json: every gate's result, bound to the trees that were judged."""

    tree: Sha | None
    """`None`, as base and head: reports were read without the repository they belong to. Nothing is published on it."""
    base: Sha | None
    head: Sha | None
    config_hash: str
    changed_files: tuple[str, ...]
    added_lines: int = Field(ge=0)
    removed_lines: int = Field(ge=0)
    planned: tuple[PlannedGate, ...] = ()
    """Every gate that was to run; `gates` has exactly one result of each."""
    gates: tuple[GateResult, ...]


class Verdict(StrEnum):
    """The decision about a change."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    BLOCKED = "blocked"
    INCONCLUSIVE = "inconclusive"


class ComponentScore(Value):
    """One row of the score table."""

    score: float | None = Field(ge=0, le=100)
    weight: float = Field(ge=0, le=1)
    status: GateStatus


class RootScore(Value):
    """The score of one project inside a repository, by its own gates."""

    score: float | None = Field(ge=0, le=100)
    verdict: Verdict
    components: dict[Component, ComponentScore]


class ReviewFinding(Value):
    """One thing that a reviewing agent says about a change."""

    severity: Severity
    message: str = Field(min_length=1, max_length=2_000)
    path: str | None = Field(default=None, max_length=1_000)
    line: int | None = Field(default=None, ge=1, le=10_000_000)


class Advice(Value):
    """What a reviewing agent said; untrusted words."""

    agent: str
    points: float = Field(ge=0)
    """What it took from the score."""
    most: float = Field(ge=0)
    """What it could have taken."""
    summary: str = ""
    findings: tuple[ReviewFinding, ...] = ()
    problem: str = ""
    """Why there is none; that costs nothing."""


class Score(Artifact):
    """score.json: the same input gives the same bytes."""

    score: float | None = Field(ge=0, le=100)
    """Points proven; a component that could not be measured adds none. `None`: nothing could be judged."""
    verdict: Verdict
    threshold: float = Field(ge=0, le=100)
    tree: Sha | None
    base: Sha | None
    head: Sha | None
    config_hash: str
    components: dict[Component, ComponentScore]
    roots: dict[str, RootScore] = {}
    """One for each project of a repository that holds several; empty when there is one."""
    reasons: tuple[Reason, ...] = ()
    advice: Advice | None = None
    """Of a reviewing agent, where one is configured; already taken from the score."""
