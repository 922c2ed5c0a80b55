"""Settings of the gates: which run, with what, and how they are judged."""

from typing import Literal

from pydantic import Field, field_validator

from ci_factory.model.base import Value
from ci_factory.model.commands import CommandConfig, Inside, Presets, Words
from ci_factory.model.gate import Component

DEFAULT_WEIGHTS: dict[Component, float] = {
    Component.SYNTAX: 0.2,
    Component.TESTS: 0.3,
    Component.SECURITY: 0.3,
    Component.COMPLEXITY: 0.1,
    Component.DOCUMENTATION: 0.1,
}


class MutantsConfig(Value):
    """Small faults put into changed lines, to see whether a test notices."""

    sample: int = Field(default=20, ge=0, le=1000)
    """Most of them for one change; 0 makes none."""
    seconds: float = Field(default=60, gt=0)
    """For all of them together."""


class ProofPoints(Value):
    """Points of the test component's 100 that are lost when its tests prove little."""

    unproven: float = Field(default=20, ge=0, le=100)
    """When no test fails without the change."""
    mutants: float = Field(default=20, ge=0, le=100)
    """When no mutant is noticed; in proportion when some are."""


class TestsConfig(Value):
    """The tests gate."""

    __test__ = False  # not a test class, whatever pytest thinks of its name
    args: tuple[str, ...] = ()
    """Added to `python -m pytest`."""
    timeout_seconds: float = Field(default=600, gt=0)
    """The whole run, on one side."""
    test_timeout_seconds: float = Field(default=60, gt=0)
    """One test; it fails after that."""
    coverage_minimum: float = Field(default=60, ge=0, le=100)
    """Percent of the new executable lines."""
    coverage_target: float = Field(default=80, ge=0, le=100)
    reruns: int = Field(default=2, ge=0, le=20)
    """How often a test that fails, or that the change brings, is run again to see whether it always ends the same."""
    proof: bool = True
    """Whether the change's own tests are run on the base's source, where at least one must fail."""
    mutants: MutantsConfig = MutantsConfig()
    points: ProofPoints = ProofPoints()
    command: Words = ()
    """Runs the tests in place of pytest or what a preset knows."""
    report: Inside | None = None
    """File, or pattern of files, that the command writes; `null` is its standard output."""
    format: Literal["junit", "go-test-json"] = "junit"
    coverage: Inside | None = None
    """File that the command writes about covered lines; `null` when it measures none."""
    coverage_format: Literal["cobertura", "lcov", "coverage-json"] = "lcov"


class RootConfig(Value):
    """A project inside the repository; what it does not set is as for the repository."""

    path: Inside
    """Its folder; `.` is the repository itself, without the other roots."""
    presets: Presets = ("auto",)
    commands: tuple[CommandConfig, ...] = ()
    setup: Words = ()
    setup_paths: tuple[Inside, ...] = ()
    disabled: tuple[str, ...] = ()
    """Names of gates, without the root before them."""
    tests: TestsConfig | None = None
    python: str | None = None


class LicencesConfig(Value):
    """Licences that are judged otherwise than their class."""

    allow: tuple[str, ...] = ()
    """SPDX identifiers that pass."""
    review: tuple[str, ...] = ()
    """SPDX identifiers that a person looks at; they warn."""


class DependenciesConfig(Value):
    """The dependencies gate."""

    new: Literal["review", "block", "allow"] = "review"
    """What a new or changed dependency means by itself."""
    allow: tuple[str, ...] = ()
    """Names that are never questioned."""
    licences: LicencesConfig = LicencesConfig()
    check_index: bool = True
    """Whether the configured package index is asked for names and licences of new dependencies."""
    timeout_seconds: float = Field(default=30, gt=0)
    """For one question to the index."""


class GatesConfig(Value):
    """Which gates run and how they are judged."""

    threshold: float = Field(default=80, ge=0, le=100)
    weights: dict[Component, float] = Field(default_factory=lambda: dict(DEFAULT_WEIGHTS))
    disabled: tuple[str, ...] = ()
    """Names of gates that are not run; a component left without a gate has no weight."""
    presets: Presets = ("auto",)
    """Languages whose usual tools run; `auto` is those that the repository is written in."""
    commands: tuple[CommandConfig, ...] = ()
    """The project's own gates."""
    setup: Words = ()
    """Installs what the tools and tests need, such as `npm ci`; runs once for the same lock files."""
    setup_paths: tuple[Inside, ...] = ()
    """Folders that it fills; none given: those that are usual for the presets."""
    setup_timeout_seconds: float = Field(default=900, gt=0)
    roots: tuple[RootConfig, ...] = ()
    """Projects of a repository that holds several; none: the repository is one."""
    tests: TestsConfig = TestsConfig()
    dependencies: DependenciesConfig = DependenciesConfig()
    tool_timeout_seconds: float = Field(default=300, gt=0)
    python: str | None = None
    """Interpreter of the project's environment; `null` is the one that runs ci-factory."""
    protected: Literal["block", "review"] = "block"
    """What a change of pipelines, owners, the factory's own file or the settings of tools asks for."""
    suppressions: Literal["block", "review", "allow"] = "block"
    """What a new comment that silences a tool asks for."""
    semgrep_rules: tuple[str, ...] = ()
    """More rules: files or folders, relative to the repository's root, or packs of the registry such as `p/python`."""

    @field_validator("roots")
    @classmethod
    def _paths_differ(cls, roots: tuple[RootConfig, ...]) -> tuple[RootConfig, ...]:
        paths = [root.path for root in roots]
        if twice := sorted({path for path in paths if paths.count(path) > 1}):
            msg = f"paths must differ, twice: {', '.join(twice)}"
            raise ValueError(msg)
        return roots

    @field_validator("weights")
    @classmethod
    def _weights_sum_to_one(cls, weights: dict[Component, float]) -> dict[Component, float]:
        if any(weight < 0 for weight in weights.values()):
            msg = "weights can't be negative"
            raise ValueError(msg)
        if abs(sum(weights.values()) - 1) > 1e-6:  # noqa: PLR2004 - rounding of decimal fractions
            msg = f"weights must sum to 1, these sum to {sum(weights.values()):g}"
            raise ValueError(msg)
        return {component: weights.get(component, 0.0) for component in DEFAULT_WEIGHTS}
