"""The frame of the attacks: a marker that says what is tried, a record of what was seen, and one table of all."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from ci_factory.model.attempt import Attempt
from ci_factory.model.gate import GateReport, Score
from ci_factory.system.git import Git
from tests.attacks import table
from tests.attacks.judged import Place
from tests.attacks.stage import NewStage, Stage, Words
from tests.conftest import git
from tests.publishing.conftest import Entry, attempt, plant, report, score
from tests.work.conftest import room
from tests.workflow.conftest import desk, gitlab_server, make_line, on_embedded, on_gitlab

__all__ = [
    "attempt",
    "desk",
    "gitlab_server",
    "make_line",
    "report",
    "room",
    "score",
]  # fixtures, by being here
COLLECTED = pytest.StashKey[list[tuple[str, table.Case]]]()
"""File and case of everything that was found, also of what is not run."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option of `make attacks`."""
    parser.addoption(
        "--attack-table", metavar="PATH", help="print the table of attacks and write it as Markdown"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Remember every case before any is deselected; the report of each says what it is, whatever process it ran in.

    On GitLab the first variant of each test is in `make test`, the others are in `make attacks` and `make test-long`.
    """
    config.stash[COLLECTED] = []
    tried: set[str] = set()
    for item in items:
        if case := table.case_of(item):
            config.stash[COLLECTED].append((item.path.name, case))
            table.record_case(item, case)
            test = item.nodeid.partition("[")[0]
            if case.forge == table.FORGES["gitlab"]:
                if test in tried:
                    item.add_marker(pytest.mark.long)
                tried.add(test)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """A case that saw nothing proves nothing."""
    yield
    if table.case_of(item) and not table.effects(item):
        pytest.fail("this attack recorded no effect: tell `seen` what became of the world", pytrace=False)


@pytest.fixture
def seen(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """`seen("the note shows `/merge` as text; nothing was merged")`: what became of the world, in words that stay the same."""
    return lambda effect: table.record_seen(request.node, effect)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The table of what ran."""
    path = config.getoption("--attack-table", default=None)
    if not path:
        return
    found = table.cases(report for reports in terminalreporter.stats.values() for report in reports)
    terminalreporter.section("attacks")
    for line in table.plain(found):
        terminalreporter.line(line)
    Path(path).write_text(table.markdown(found), encoding="utf-8")


_FILES = {"app.py": "x = 1\n", "README.md": "# Example\n", ".ci-factory.yml": "enabled: true\n"}


@pytest.fixture
def new_stage(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    new_repo: Callable[..., Path],
    attempt: Attempt,
    report: GateReport,
    score: Score,
) -> NewStage:
    """`new_stage("local" or "gitlab", {path: (mode, content)})`: a project of its own, also with these files."""

    def make(kind: str, before: Mapping[bytes, Entry | None] | None = None) -> Stage:
        repo = new_repo(_FILES)
        if before:
            tree = plant(Git(repo), Git(repo).tree_of("HEAD"), before)
            commit = git(repo, "commit-tree", "-p", "HEAD", "-m", "before", tree)
            git(repo, "reset", "--quiet", "--hard", commit)
        world, _, _ = {"local": on_embedded, "gitlab": on_gitlab}[kind](repo, request)
        world.as_user("dana"), world.as_user("rita")
        return Stage(world, tmp_path, Words(attempt, report, score))

    return make


@pytest.fixture(params=["local", "gitlab"])
def forge_kind(request: pytest.FixtureRequest) -> str:
    """Each forge by name, for `new_stage`."""
    return str(request.param)


@pytest.fixture
def stage(new_stage: NewStage, forge_kind: str) -> Stage:
    """A small project on each forge."""
    return new_stage(forge_kind)


@pytest.fixture
def project(new_repo: Callable[..., Path], tmp_path: Path) -> Place:
    """An almost empty repository to judge changes in."""
    return Place(new_repo({"README.md": "# Example\n"}, "judged"), tmp_path / "verdict")
