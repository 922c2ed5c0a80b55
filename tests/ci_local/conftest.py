"""Projects on the stand-in whose pipelines gitlab-ci-local runs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from tests.ci_local import installation
from tests.ci_local.driver import Runner, Secret
from tests.ci_local.night import Demonstration, both_levels
from tests.gitlab_standin.control import StandIn
from tests.workflow.gitlab_line import BOSS, GitLabLine

_NUMBERS = count(1)
_TOKENS: dict[str, dict[str, str]] = {}
_WITHOUT_PIPELINES = "test_ci_local_demonstration.py"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without gitlab-ci-local these tests are skipped, and say what is missing."""
    if reason := installation.missing():
        for item in items:
            if Path(__file__).parent in item.path.parents and item.path.name != _WITHOUT_PIPELINES:
                item.add_marker(pytest.mark.skip(reason=f"not installed: {reason}"))


@pytest.fixture(scope="session")
def ci_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """One GitLab for all of these tests."""
    with StandIn.start(tmp_path_factory.mktemp("gitlab")) as server:
        yield server


@contextmanager
def git_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nobody's, for fixtures that live longer than a test."""
    path = tmp_path_factory.mktemp("home") / ".gitconfig"
    path.write_text("[user]\n\tname = Tess Tester\n\temail = tess@example.com\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_CONFIG_GLOBAL", str(path))
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        yield


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Demonstration:
    """The demonstration's repository with our components."""
    with git_settings(tmp_path_factory):
        return Demonstration.prepare(tmp_path_factory.mktemp("demo") / "place", both_levels())


@pytest.fixture(scope="session")
def here(ci_server: StandIn, made: Demonstration, tmp_path_factory: pytest.TempPathFactory) -> GitLabLine:
    """The demonstration's night on one machine, without pipelines."""
    folder = tmp_path_factory.mktemp("here")
    with git_settings(tmp_path_factory):
        line = made.line(ci_server, f"lendery/here-{next(_NUMBERS)}", folder / "clone")
        assert line.command("run") == 0
    return line


@pytest.fixture
def line_of(ci_server: StandIn, tmp_path: Path) -> Callable[[Path], GitLabLine]:
    """`line_of(repository)`: a new project with its branches."""

    def make(repository: Path) -> GitLabLine:
        tokens = _TOKENS.setdefault(ci_server.url, {})
        path = f"ci/project-{next(_NUMBERS)}"
        return GitLabLine.make(ci_server, path, repository, tmp_path / "out", tokens)

    return make


@pytest.fixture
def runner_of(tmp_path: Path) -> Callable[..., Runner]:
    """`runner_of(line)`: runs the project's pipelines; the token is protected, and for jobs of environment `factory` alone."""

    def make(line: GitLabLine, *, protected: bool = True) -> Runner:
        token = Secret("CI_FACTORY_TOKEN", line.token, "factory", protected=protected)
        folder = tmp_path / "runner"
        folder.mkdir(exist_ok=True)
        job_token = line.server.job_token(BOSS, line.id)
        return Runner(line.server, line.path, line.id, folder, job_token, (token,))

    return make
