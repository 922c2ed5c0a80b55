"""`ci-factory doctor` against a GitLab, and what a publication says to the same trouble."""

import json
import os
import pty
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from ci_factory.cli import main
from ci_factory.model.ticket import Size, Ticket
from tests.gitlab_standin.control import Fault, StandIn
from tests.workflow.gitlab_line import BOSS, BOT, GitLabLine

CONFIG = """
identity: {name: Factory, email: factory@example.com}
forge: {rates: {tries: 2, outage_minutes: 0.05, longest_wait_minutes: 0, connect_seconds: 2}}
gates: {disabled: [ruff, semgrep, mypy, secrets, tests, tampering, complexity]}
agents:
  - name: hand
    adapter: command
    command: echo 'VALUE = 1' > shop/mod1.py
"""
TICKET = Ticket(
    id="1",
    title="Add value 1",
    files=("shop/mod1.py",),
    labels=("ready-for-agent",),
    complexity=Size.SMALL,
    acceptance_criteria=("VALUE is 1",),
)
_NUMBERS = count(1)
_TOKENS: dict[str, dict[str, str]] = {}
Checks = dict[str, dict[str, str]]


@dataclass
class Clinic:
    """A project on GitLab whose doctor is called, in this process."""

    server: StandIn
    line: GitLabLine
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def variable(self, name: str, value: str | None) -> None:
        """Set or take away a variable of the job."""
        if value is None:
            self.monkeypatch.delenv(name, raising=False)
        else:
            self.monkeypatch.setenv(name, value)

    def call(self, *argv: str) -> tuple[int, str, str]:
        """Exit status, output and error output of a command."""
        words = [*argv, "--repo", str(self.line.repo), "--out", str(self.line.out)]
        code = main.run(words)
        said = self.capsys.readouterr()
        return code, said.out, said.err

    def doctor(self) -> tuple[int, Checks]:
        """Its exit status and checks by name. Nothing was written, and the table says the same."""
        self.server.forget_requests()
        code, out, _ = self.call("doctor", "--json")
        checks: Checks = {check["name"]: check for check in json.loads(out)}
        again, table, _ = self.call("doctor")
        assert [each for each in self.server.requests() if each.effect] == []
        assert again == code == (3 if any(each["health"] == "failed" for each in checks.values()) else 0)
        joined = " ".join(table.split())
        missing = [each for each in checks.values() if " ".join(each["message"].split()) not in joined]
        missing += [each for each in checks.values() if " ".join(each["fix"].split()) not in joined]
        assert missing == []
        assert self.line.token not in f"{out}{table}"
        return code, checks


def commit(repo: Path, message: str) -> None:
    for command in ("git add --all", f"git commit --quiet --message {message}"):
        subprocess.run(command.split(), cwd=repo, check=True)


@pytest.fixture
def clinic(
    gitlab_server: StandIn,
    tmp_path: Path,
    new_repo: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Clinic]:
    """A project in whose job everything is as it should be."""
    repo = new_repo({"shop/__init__.py": "", ".ci-factory.yml": CONFIG})
    tokens = _TOKENS.setdefault(gitlab_server.url, {})
    line = GitLabLine.make(gitlab_server, f"doctor/shop-{next(_NUMBERS)}", repo, tmp_path / "out", tokens)
    for name, value in line.environment().items():
        monkeypatch.setenv(name, value)
    gitlab_server.schedule(line.id, "nightly", owner=BOSS)
    yield Clinic(gitlab_server, line, monkeypatch, capsys)
    gitlab_server.clear_faults()


# What stops a publication


def bad_token(clinic: Clinic) -> None:
    clinic.variable("CI_FACTORY_TOKEN", "glpat-nobodyknowsthistoken")


def missing_scope(clinic: Clinic) -> None:
    clinic.variable("CI_FACTORY_TOKEN", clinic.server.token(BOT, ("read_api", "write_repository")))


def expired(clinic: Clinic) -> None:
    clinic.variable("CI_FACTORY_TOKEN", clinic.server.token(BOT, ("api",), "2026-01-31"))


def wrong_role(clinic: Clinic) -> None:
    clinic.server.member(clinic.line.id, BOT, "reporter")


def not_found(clinic: Clinic) -> None:
    clinic.variable("CI_PROJECT_PATH", "doctor/nothing")


def protected(clinic: Clinic) -> None:
    clinic.server.protect(clinic.line.id, "factory/*", push="maintainer")


def archived(clinic: Clinic) -> None:
    clinic.server.archive(clinic.line.id)


def well_again(clinic: Clinic) -> None:
    for name, value in clinic.line.environment().items():
        clinic.variable(name, value)
    clinic.server.member(clinic.line.id, BOT, "developer")
    clinic.server.archive(clinic.line.id, archived=False)
    clinic.server.protect(clinic.line.id, "factory/*", push="developer")


@dataclass(frozen=True)
class Trouble:
    """How it is made, and what is said of it."""

    cause: Callable[[Clinic], None]
    name: str
    says: str
    fix: str


TROUBLES = (
    Trouble(bad_token, "token", "does not accept the token: 401", "make a new token"),
    Trouble(
        missing_scope, "token", "lacks the scope api (it has: read_api, write_repository)", "scope `api`"
    ),
    Trouble(expired, "token", "Token is expired", "make a new token"),
    Trouble(wrong_role, "role", f"{BOT} is only reporter", "role Developer"),
    Trouble(not_found, "project", f"no project 'doctor/nothing' for {BOT}", "forge.project"),
    Trouble(protected, "branches", "protected branch 'factory/*'", "be pushed by Developers"),
    Trouble(archived, "archived", "is archived", "unarchive it"),
)


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.cause.__name__)
def test_the_doctor_names_cause_and_remedy(clinic: Clinic, trouble: Trouble) -> None:
    """One check fails, in words that name the thing and the way out; everything that needs no forge is told as well."""
    trouble.cause(clinic)
    code, checks = clinic.doctor()
    assert code == 3
    assert [name for name, check in checks.items() if check["health"] == "failed"] == [trouble.name]
    assert trouble.says in checks[trouble.name]["message"]
    assert trouble.fix in checks[trouble.name]["fix"]
    local = {"git", "repository", "configuration", "server", "identity", "agent hand", "tools", "last batch"}
    assert local <= checks.keys()


def test_a_publication_says_the_same_and_does_nothing(clinic: Clinic) -> None:
    """Each trouble stops `publish`, `run` and `plan` with exit 3 before anything is written; mended, the work is published once."""
    clinic.line.open_issues([TICKET])
    for words in (("intake",), ("plan",), ("work", "1")):
        code, _, err = clinic.call(*words)
        assert code in {0, 1, 4}, err
    before = clinic.line.state()
    for trouble in TROUBLES:
        trouble.cause(clinic)
        clinic.server.forget_requests()
        for command in ("publish", "plan", "run"):
            code, _, err = clinic.call(command)
            assert (code, err.startswith(f"error: {trouble.name}: ")) == (3, True), err
            assert trouble.says in err
            assert trouble.fix in err
        assert [each for each in clinic.server.requests() if each.effect] == []
        well_again(clinic)
        assert clinic.line.state() == before
    assert not list(clinic.line.out.rglob("publication.json"))
    code, out, err = clinic.call("publish")
    assert (code, "factory/1-" in out) == (0, True), err
    assert clinic.line.state()["count"] == 1


# What is well, and what is only to be known


def test_all_is_well(clinic: Clinic) -> None:
    """Nothing failed, exit 0, and every part of the way is named once, the most fundamental first."""
    code, checks = clinic.doctor()
    assert code == 0
    assert list(checks) == [
        *("git", "repository", "configuration", "components"),
        *("server", "token", "project", "role", "branches"),
        *(
            "git access",
            "schedules",
            "scheduled run",
            "identity",
            "switch",
            "agent hand",
            "sandbox",
            "tools",
            "last batch",
        ),
    ]
    assert {check["health"] for check in checks.values()} <= {"ok", "unknown", "warning"}
    assert checks["schedules"]["message"] == f"active: “nightly” ({BOSS}, 17 18 * * *)"
    assert checks["identity"]["message"].endswith("Factory <factory@example.com>")


def test_a_token_that_ends_soon_is_a_warning(clinic: Clinic) -> None:
    """Days before its end the doctor still exits 0, and says the day."""
    from datetime import timedelta

    from ci_factory.system.clock import SystemClock

    end = (SystemClock().now() + timedelta(days=5)).date().isoformat()
    clinic.variable("CI_FACTORY_TOKEN", clinic.server.token(BOT, ("api",), end))
    code, checks = clinic.doctor()
    assert (code, checks["token"]["health"]) == (0, "warning")
    assert end in checks["token"]["message"]


def test_the_kill_switch_on_the_default_branch_is_told(clinic: Clinic) -> None:
    """Switched off there, whatever the checkout says, it is a warning: the factory does what it was told."""
    repo = clinic.line.repo
    (repo / ".ci-factory.yml").write_text("enabled: false\n")
    commit(repo, "stop")
    there = str(clinic.server.repository(clinic.line.id))
    subprocess.run(["git", "push", "--quiet", there, "HEAD:main"], cwd=repo, check=True)
    subprocess.run(["git", "reset", "--quiet", "--hard", "HEAD~1"], cwd=repo, check=True)
    code, checks = clinic.doctor()
    assert (code, checks["switch"]["health"]) == (0, "warning")
    assert checks["switch"]["message"].endswith("says enabled: false")


def test_without_a_configuration_the_factory_is_on(clinic: Clinic) -> None:
    """A project whose default branch has no configuration file has switched nothing off."""
    (clinic.line.repo / ".ci-factory.yml").unlink()
    commit(clinic.line.repo, "defaults")
    there = str(clinic.server.repository(clinic.line.id))
    subprocess.run(["git", "push", "--quiet", there, "HEAD:main"], cwd=clinic.line.repo, check=True)
    code, checks = clinic.doctor()
    assert (code, checks["switch"]["health"], checks["agents"]["health"]) == (0, "ok", "warning")
    assert "all defaults" in checks["configuration"]["message"]


def test_a_shallow_clone_is_told(clinic: Clinic, tmp_path: Path) -> None:
    """A CI job's clone of depth 1 works, and what it costs is said."""
    commit_more = clinic.line.repo / "more.txt"
    commit_more.write_text("more\n")
    commit(clinic.line.repo, "more")
    shallow = tmp_path / "shallow"
    subprocess.run(
        ["git", "clone", "--quiet", "--depth=1", f"file://{clinic.line.repo}", str(shallow)], check=True
    )
    clinic.line.repo = shallow
    code, checks = clinic.doctor()
    assert (code, checks["clone"]["health"]) == (0, "warning")
    assert "GIT_DEPTH" in checks["clone"]["fix"]


def test_the_last_batch_is_told_and_one_that_stopped_half_way_is_a_warning(clinic: Clinic) -> None:
    """When the last night was planned, and how far it came."""
    clinic.line.open_issues([TICKET])
    for words in (("intake",), ("plan",)):
        assert clinic.call(*words)[0] == 0
    _, checks = clinic.doctor()
    (folder,) = (clinic.line.out / "batches").iterdir()
    assert checks["last batch"]["message"].startswith(f"{folder.name}, planned ")
    assert checks["last batch"]["health"] == "warning"
    (folder / "batch.json").write_text("{")
    code, checks = clinic.doctor()
    assert (code, checks["last batch"]["health"]) == (3, "failed")


# What keeps it from asking


def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.mark.parametrize(
    ("variables", "name", "says", "fix"),
    [
        ({"CI_SERVER_URL": "http://gitlab.example.com"}, "forge", "not encrypted", "https://"),
        ({"CI_DEBUG_TRACE": "true"}, "forge", "log shows every variable", "switch it off"),
        ({"CI_FACTORY_TOKEN": "two words"}, "forge", "white space", "copy the token again"),
        ({"CI_SERVER_URL": "refused"}, "server", "Connection refused", "check forge.url"),
    ],
)
def test_a_forge_that_can_not_be_asked_leaves_the_rest(
    clinic: Clinic, variables: dict[str, str], name: str, says: str, fix: str
) -> None:
    """One failure says why; repository, agents, tools and the last batch are looked at all the same."""
    for key, value in variables.items():
        clinic.variable(key, f"http://127.0.0.1:{closed_port()}" if value == "refused" else value)
    code, checks = clinic.doctor()
    assert code == 3
    assert [each for each, check in checks.items() if check["health"] == "failed"] == [name]
    assert (says in checks[name]["message"], fix in checks[name]["fix"]) == (True, True)
    assert {
        "git",
        "repository",
        "configuration",
        "identity",
        "agent hand",
        "tools",
        "last batch",
    } <= checks.keys()


def test_gitlab_asked_for_without_a_token_fails_by_the_variables_name(clinic: Clinic) -> None:
    """With `kind: gitlab` the doctor names the variable; a publication is a usage error, exit 2, and makes no embedded forge."""
    file = clinic.line.repo / ".ci-factory.yml"
    file.write_text(CONFIG.replace("forge: {", "forge: {kind: gitlab, "))
    commit(clinic.line.repo, "gitlab")
    clinic.variable("CI_FACTORY_TOKEN", None)
    code, checks = clinic.doctor()
    assert (code, "without CI_FACTORY_TOKEN" in checks["forge"]["message"]) == (3, True)
    assert "protected" in checks["forge"]["fix"]
    code, _, err = clinic.call("publish")
    assert (code, "without CI_FACTORY_TOKEN" in err) == (2, True)
    assert not (clinic.line.repo / ".git" / "ci-factory").exists()


def test_a_job_without_a_token_is_warned_of_the_embedded_forge(clinic: Clinic) -> None:
    """`auto` works on the embedded forge then, which nobody in a CI job wants unawares."""
    clinic.variable("CI_FACTORY_TOKEN", None)
    code, checks = clinic.doctor()
    assert (code, checks["forge kind"]["health"]) == (0, "warning")
    assert "CI_FACTORY_TOKEN" in checks["forge kind"]["message"]
    assert "embedded" in checks["forge"]["message"]


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Fault("status", status=503), "503"),
        (Fault("drop-before"), "ConnectionError"),
        (Fault("status", status=429, headers={"Retry-After": "90"}), "asks us to wait 90 s"),
    ],
)
def test_a_storm_is_an_answer_after_seconds(clinic: Clinic, fault: Fault, says: str) -> None:
    """A server that only fails is told after a few tries; a publication stops with exit 3."""
    clinic.server.fault(fault)
    code, checks = clinic.doctor()
    assert (code, says in checks["server"]["message"]) == (3, True)
    assert "token" not in checks
    asked = len(clinic.server.requests())
    assert asked <= 2 * 3  # two calls, three tries each
    code, _, err = clinic.call("publish")
    assert (code, says in err, "fix: " in err) == (3, True, True)


# What is wrong here


def test_a_dirty_checkout_fails(clinic: Clinic) -> None:
    """A run would refuse it."""
    (clinic.line.repo / "shop" / "__init__.py").write_text("x = 1\n")
    code, checks = clinic.doctor()
    assert (code, checks["repository"]["health"]) == (3, "failed")
    assert "'shop/__init__.py'" in checks["repository"]["message"]
    assert checks["token"]["health"] == "ok"


def test_a_broken_configuration_fails_and_stops_what_needs_it(clinic: Clinic) -> None:
    """The key is named; no forge is guessed from defaults."""
    (clinic.line.repo / ".ci-factory.yml").write_text("forge: {knd: gitlab}\n")
    commit(clinic.line.repo, "broken")
    code, checks = clinic.doctor()
    assert (code, "forge.knd: unknown key" in checks["configuration"]["message"]) == (3, True)
    assert "did you mean `kind`?" in checks["configuration"]["fix"]
    assert list(checks) == ["git", "repository", "configuration", "last batch"]


@pytest.mark.parametrize("kind", ["auto", "embedded"])
def test_the_embedded_forge_needs_a_branch(
    new_repo: Callable[..., Path], capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    """With a detached HEAD there is no branch to merge into, which a run would refuse."""
    repo = new_repo({".ci-factory.yml": f"forge: {{kind: {kind}}}\n"})
    subprocess.run(["git", "checkout", "--quiet", "--detach"], cwd=repo, check=True)
    assert main.run(["doctor", "--repo", str(repo), "--json"]) == 3
    checks = {check["name"]: check for check in json.loads(capsys.readouterr().out)}
    assert (checks["branch"]["health"], checks["branch"]["fix"]) == (
        "failed",
        "git switch to the target branch",
    )


def test_agents_that_can_not_work_are_named(clinic: Clinic) -> None:
    """An unknown adapter fails, a program that is not there is a warning: another job may have it."""
    agents = "agents: [{name: a, adapter: nothing}, {name: b, adapter: command, command: no-such-program}]\n"
    (clinic.line.repo / ".ci-factory.yml").write_text(agents)
    commit(clinic.line.repo, "agents")
    code, checks = clinic.doctor()
    assert (code, checks["agent a"]["health"], checks["agent b"]["health"]) == (3, "failed", "warning")


@pytest.mark.parametrize(("mode", "health", "code"), [("off", "warning", 0), ("required", "failed", 3)])
def test_a_missing_sandbox_is_told(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch, mode: str, health: str, code: int
) -> None:
    """Where it is required a run refuses in the same words, and nothing is claimed; else it is a warning."""
    config = clinic.line.repo / ".ci-factory.yml"
    config.write_text(f"{config.read_text()}sandbox: {mode}\n")
    commit(clinic.line.repo, "sandbox")
    clinic.line.open_issues([TICKET])
    programs = clinic.line.repo.parent / "programs"
    programs.mkdir()
    for name in ("git", "sh"):
        (programs / name).symlink_to(shutil.which(name) or name)
    if mode == "required":
        monkeypatch.setenv("PATH", str(programs))
    found, checks = clinic.doctor()
    assert (found, checks["sandbox"]["health"]) == (code, health)
    assert "no sandbox: " in checks["sandbox"]["message"]
    assert ("install bubblewrap" in checks["sandbox"]["fix"]) == (mode == "required")
    if mode == "required":
        clinic.server.forget_requests()
        refused, _, err = clinic.call("run")
        assert (refused, "bubblewrap (bwrap) is not installed" in err) == (3, True)
        assert [each for each in clinic.server.requests() if each.effect] == []


@pytest.mark.parametrize("argv", [("--repo", "nowhere"), ("--config", "nothing.yml"), ("--jsn",)])
def test_a_wrong_command_line_is_exit_2(
    argv: tuple[str, ...], new_repo: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was typed wrong is a usage error, not a finding."""
    monkeypatch.chdir(new_repo({"a.py": "x = 1\n"}))
    assert main.run(["doctor", *argv]) == 2


# The screen


def on_a_terminal(repo: Path, **variables: str) -> str:
    """What the doctor shows on a terminal of 60 columns."""
    ours, theirs = pty.openpty()
    import fcntl
    import struct
    import termios

    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    environment = {key: value for key, value in os.environ.items() if key not in {"NO_COLOR", "COLUMNS"}}
    process = subprocess.Popen(
        [sys.executable, "-m", "ci_factory", "doctor", "--repo", str(repo)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment | {"TERM": "xterm-256color"} | variables,
    )
    os.close(theirs)
    text = b""
    try:
        while part := os.read(ours, 65536):
            text += part
    except OSError:  # Linux says so at the end of a terminal
        pass
    process.wait()
    os.close(ours)
    return text.decode()


def test_the_screen_has_colours_unless_nobody_wants_them(clinic: Clinic) -> None:
    """On a terminal states are coloured and lines fit; with NO_COLOR no escape sequence is sent."""
    clinic.variable("CI_FACTORY_TOKEN", None)
    coloured = on_a_terminal(clinic.line.repo)
    plain = on_a_terminal(clinic.line.repo, NO_COLOR="1")
    assert "\x1b[32m" in coloured
    assert "\x1b" not in plain
    words = [line for line in plain.splitlines() if "/" not in line]
    assert max(map(len, words)) <= 60
    assert all(line == line.rstrip() for line in words)


def test_hostile_names_do_not_reach_the_terminal(clinic: Clinic) -> None:
    """A schedule's description is anybody's text: no escape sequence, no second line of the table."""
    clinic.server.schedule(clinic.line.id, "\x1b[2Jx\nok  token  fine", owner=BOSS)
    _, out, _ = clinic.call("doctor")
    assert "\x1b" not in out
    assert "\nok  token  fine" not in out
    _, checks = clinic.doctor()
    assert "\x1b" not in checks["schedules"]["message"]


def test_the_embedded_forge_needs_no_server(
    new_repo: Callable[..., Path], factory_cli: Callable[..., Any]
) -> None:
    """On a laptop without any server all that a run needs is said to be there."""
    ran = factory_cli("doctor", "--repo", new_repo({"a.py": "x = 1\n"}), "--json")
    checks = {check["name"]: check for check in json.loads(ran.out)}
    assert (ran.code, checks["forge"]["health"]) == (0, "ok")
    assert (checks["switch"]["health"], checks["agents"]["health"]) == ("ok", "warning")
