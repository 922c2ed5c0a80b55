"""What every test shares: a clean git environment, a repository, the command line."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.forked_cli import ForkedCommands
from tests.loopback import only_loopback

__all__ = ["only_loopback"]  # for every test, by being here
PYTHON = sys.executable


@dataclass(frozen=True)
class Ran:
    """What a command left."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def git_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The settings of git for all tests; none may change them."""
    path = tmp_path_factory.mktemp("home") / ".gitconfig"
    text = "[user]\n\tname = Tess Tester\n\temail = tess@example.com\n[init]\n\tdefaultBranch = main\n"
    path.write_text(text, encoding="utf-8")
    yield path
    assert path.read_text(encoding="utf-8") == text


@pytest.fixture(autouse=True)
def _own_git(git_settings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git without the settings of whoever runs the tests, and an identity that says so."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(git_settings))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)


def pytest_configure() -> None:
    """Whatever job runs the tests is not theirs: a test, or what it shares with others, says itself what job it plays."""
    for name in [name for name in os.environ if _of_a_job(name)]:
        del os.environ[name]


def _of_a_job(name: str) -> bool:
    ours = name.startswith("CI_FACTORY_") and name != "CI_FACTORY_TOKEN"
    return name == "CI" or (name.startswith(("CI_", "GITLAB_")) and not ours)


def git(folder: Path, *args: str) -> str:
    """Run git and return what it says."""
    done = subprocess.run(["git", *args], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit_files(folder: Path, files: dict[str, str], message: str = "change") -> str:
    """Write files, commit them, return the commit."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture(name="git")
def git_command() -> Callable[..., str]:
    """`git(folder, *args)`."""
    return git


@pytest.fixture(name="commit")
def commit_command() -> Callable[..., str]:
    """`commit(folder, {path: text}, message)`."""
    return commit_files


@pytest.fixture
def new_repo(tmp_path: Path) -> Callable[..., Path]:
    """`new_repo({path: text}, name="repo")`: a repository with one commit on main."""

    def make(files: dict[str, str], name: str = "repo") -> Path:
        folder = tmp_path / name
        folder.mkdir(parents=True)
        git(folder, "init", "--quiet", "--initial-branch", "main")
        commit_files(folder, files, "first")
        return folder

    return make


@pytest.fixture(scope="session")
def factory_cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Ran]]:
    """`factory_cli(*args, cwd=None, env=None)`: run the real command line as a process."""
    with ForkedCommands(tmp_path_factory.mktemp("forked")) as commands:

        def run(*args: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None) -> Ran:
            return Ran(*commands.run([str(each) for each in args], cwd, env))

        yield run


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate that nobody signed (`cert`), its key (`key`), and `both` in one file."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("certificate")
    words = (
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    )
    argv = ["openssl", *words.split(), "-keyout", str(folder / "key"), "-out", str(folder / "cert")]
    subprocess.run(argv, check=True, capture_output=True)
    (folder / "both").write_bytes((folder / "key").read_bytes() + (folder / "cert").read_bytes())
    return folder
