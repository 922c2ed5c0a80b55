"""Which forge a command works on."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ci_factory.cli import forges
from ci_factory.config import Config, ForgeConfig
from ci_factory.errors import ConfigError, UsageError
from ci_factory.forge.gitlab.forge import GitLabForge
from ci_factory.forge.local import LocalForge
from ci_factory.system.git import Git

TOKEN = "glpat-a-token-for-nobody"  # noqa: S105 - of nobody
DEAD = "http://127.0.0.1:9"
JOB = {
    "CI_SERVER_URL": "https://gitlab.example.com",
    "CI_PROJECT_PATH": "acme/shop",
    "CI_FACTORY_TOKEN": TOKEN,
}


@pytest.fixture(name="variables")
def variables_of_a_job(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`variables(CI_SERVER_URL=…)`."""

    def set_them(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return set_them


@pytest.fixture(name="git")
def some_repository(new_repo: Callable[..., Path]) -> Git:
    return Git(new_repo({"a.py": "x = 1\n"}))


@pytest.mark.parametrize("left_out", [*JOB, None])
def test_auto_is_gitlab_only_with_server_project_and_token(
    variables: Callable[..., None], left_out: str | None
) -> None:
    """In a job of a project with a token it is GitLab; with one of the three missing it is the embedded forge."""
    variables(**{name: value for name, value in JOB.items() if name != left_out})
    expected = None if left_out else forges.Place("https://gitlab.example.com", "acme/shop")
    assert forges.place(ForgeConfig()) == expected


def test_missing_names_keys_and_the_tokens_variable() -> None:
    """What is to be set is called as it is set."""
    config = ForgeConfig(url="https://gitlab.example.com", token_variable="OTHER")  # noqa: S106 - a name
    assert forges.missing(config) == ("forge.project", "OTHER")


def test_the_configuration_comes_before_the_job(variables: Callable[..., None]) -> None:
    """A project that names its server and path is there, whatever job runs."""
    variables(**JOB)
    config = ForgeConfig(url="https://other.example.com", project="a/b")
    assert forges.place(config) == forges.Place("https://other.example.com", "a/b")


def test_embedded_stays_embedded_in_a_job(variables: Callable[..., None], git: Git) -> None:
    """Who asks for the embedded forge gets it, token or not."""
    variables(**JOB)
    config = Config(forge=ForgeConfig(kind="embedded"))
    forge = forges.open_forge(git, config)
    assert isinstance(forge, LocalForge)
    forge.disconnect()


@pytest.mark.parametrize("left_out", list(JOB))
def test_gitlab_asked_for_without_what_it_takes_is_refused(
    variables: Callable[..., None], left_out: str
) -> None:
    """It never falls back to the embedded forge; the message names what is missing and how to give it."""
    variables(**{name: value for name, value in JOB.items() if name != left_out})
    key = {"CI_SERVER_URL": "forge.url", "CI_PROJECT_PATH": "forge.project"}.get(left_out, left_out)
    with pytest.raises(UsageError, match=f"without {key}\n") as caught:
        forges.place(ForgeConfig(kind="gitlab"))
    assert key in caught.value.fix
    assert TOKEN not in str(caught.value)


def test_opening_asks_nothing(variables: Callable[..., None], git: Git) -> None:
    """Nothing is sent before something is wanted: the server may be down."""
    variables(**JOB | {"CI_SERVER_URL": DEAD})
    assert isinstance(forges.open_forge(git, Config()), GitLabForge)


@pytest.mark.parametrize("value", ["true", "TRUE", "1", "yes"])
def test_a_job_that_logs_its_variables_gets_no_forge(
    variables: Callable[..., None], git: Git, value: str
) -> None:
    """With CI_DEBUG_TRACE on, the token stands in the log; the factory does not work then."""
    variables(**JOB, CI_DEBUG_TRACE=value)
    with pytest.raises(UsageError, match="token") as caught:
        forges.open_forge(git, Config())
    assert caught.value.where == "CI_DEBUG_TRACE"


def test_plain_http_to_another_host_is_refused_unless_allowed(
    variables: Callable[..., None], git: Git
) -> None:
    """The token does not go unencrypted over a network, unless the project says so."""
    variables(**JOB | {"CI_SERVER_URL": "http://gitlab.example.com"})
    with pytest.raises(ConfigError, match="not encrypted"):
        forges.open_forge(git, Config())
    opened = forges.open_forge(git, Config(forge=ForgeConfig(allow_http=True)))
    assert isinstance(opened, GitLabForge)
