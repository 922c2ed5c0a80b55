"""Where output goes: terminals, pipes, jobs; colours, signs of life, completion, pipes that close, full disks, Ctrl-C."""

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ci_factory import __version__
from ci_factory.cli import heartbeat, main
from ci_factory.errors import ExitCode
from tests.cli.terminal import PROGRAM, environment, on_terminal

Cli = Callable[..., Any]
COLOUR = "\x1b["


@pytest.fixture
def reported(new_repo: Callable[..., Path]) -> Path:
    """A repository with a report that another tool wrote."""
    return new_repo({"junit.xml": '<testsuite tests="1"><testcase classname="a" name="b"/></testsuite>\n'})


SCORE = ("score", "--reports", "junit.xml", "--out", "gates")


@pytest.mark.parametrize(
    ("terminal", "variables", "coloured"),
    [
        (True, {}, True),
        (True, {"NO_COLOR": "1"}, False),
        (False, {}, False),
        (False, {"CI": "true"}, False),
        (False, {"FORCE_COLOR": "1"}, True),
        (False, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_colours_are_for_terminals_and_whoever_asks(
    factory_cli: Cli,
    reported: Path,
    terminal: bool,
    variables: dict[str, str],
    coloured: bool,
) -> None:
    """A terminal has colours, a pipe and a job's log have none; NO_COLOR and FORCE_COLOR decide otherwise."""
    env = environment(**variables)
    shown = on_terminal(SCORE, reported, env) if terminal else factory_cli(*SCORE, cwd=reported, env=env).out
    assert (f"{COLOUR}32m" in shown or f"{COLOUR}1;32m" in shown) == coloured, shown


@pytest.mark.parametrize(("variables", "coloured"), [({}, False), ({"FORCE_COLOR": "1"}, True)])
def test_what_is_printed_line_by_line_is_coloured_alike(
    factory_cli: Cli, reported: Path, variables: dict[str, str], coloured: bool
) -> None:
    """So it is for what is no table."""
    ran = factory_cli("doctor", cwd=reported, env=environment(**variables))
    assert (f"{COLOUR}32m" in ran.out) == coloured


class Terminal(io.StringIO):
    """A screen."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits two seconds here."""
    monkeypatch.setattr(heartbeat, "PATIENCE_SECONDS", 0.01)
    monkeypatch.setattr(heartbeat, "_TICK_SECONDS", 0.01)
    monkeypatch.setenv("TERM", "xterm")


def shown_while_working(monkeypatch: pytest.MonkeyPatch, screen: io.StringIO, *, drawn: bool = True) -> str:
    """What is on the screen of somebody who waits for a command."""
    monkeypatch.setattr(sys, "stderr", screen)
    with heartbeat.beating("nights are simulated", drawn=drawn):
        end = time.monotonic() + 0.5
        while "nights" not in screen.getvalue() and time.monotonic() < end:
            time.sleep(0.01)
    return screen.getvalue()


@pytest.mark.usefixtures("impatient")
def test_a_terminal_shows_what_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes long says what it is and for how long, on one line that is gone in the end."""
    shown = shown_while_working(monkeypatch, Terminal())
    assert "nights are simulated, 0 s" in shown
    assert "\n" not in shown
    assert shown.endswith("\r\x1b[2K")


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("screen", "variables", "drawn"),
    [
        (io.StringIO, {}, True),
        (Terminal, {"CI": "true"}, True),
        (Terminal, {"TERM": "dumb"}, True),
        (Terminal, {}, False),
    ],
    ids=["a pipe", "a job", "a dumb terminal", "a screen that another draws on"],
)
def test_nothing_is_drawn_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
    screen: type[io.StringIO],
    variables: dict[str, str],
    drawn: bool,
) -> None:
    """A log, a job, a terminal that can't go back, and a live table get no line that is drawn again."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert shown_while_working(monkeypatch, screen(), drawn=drawn) == ""


@pytest.mark.parametrize("argv", [("config", "--json"), ("--help",)])
def test_a_pipe_that_closes_is_no_verdict(reported: Path, argv: tuple[str, ...]) -> None:
    """`ci-factory … | head -1` ends with 141, not with the code of work that was judged, and says nothing."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [*PROGRAM, *argv], cwd=reported, stdout=writing, stderr=subprocess.PIPE, check=False
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (ExitCode.UNREAD, b"")


def test_a_full_disk_is_no_bug_of_ours(reported: Path) -> None:
    """What the machine refuses is one message with what to do, and exit code 3."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*PROGRAM, "config"], cwd=reported, stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == ExitCode.FACTORY
    assert b"error: No space left on device\n  fix: " in done.stderr
    assert b"bug" not in done.stderr


@pytest.mark.long
def test_ctrl_c_ends_with_130(reported: Path) -> None:
    """Whatever runs, Ctrl-C is one line and exit code 130."""
    argv = ["env", "--default-signal=INT", *PROGRAM, "simulate", "--runs", "10000"]
    with subprocess.Popen(
        argv, cwd=reported, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(PYTHONVERBOSE="")
    ) as running:
        _until_it_simulates(running.pid)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=60)
    assert running.returncode == ExitCode.INTERRUPTED
    assert said.lstrip() == b"interrupted; what was done is kept, the same command goes on from there\n"


def _until_it_simulates(pid: int) -> None:
    """Until the process has used more time than its imports take."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        if int(fields[11]) / os.sysconf("SC_CLK_TCK") > 1:
            return
        time.sleep(0.05)


def test_version(factory_cli: Cli) -> None:
    """`--version` names program and version."""
    assert factory_cli("--version").out == f"ci-factory, version {__version__}\n"


TYPOS = {
    "plna": "Did you mean 'plan'?",
    "mr shwo 1": "Did you mean 'show'?",
    "run --tickts x": "Did you mean '--tickets'?",
    "run --agent autofxi": "did you mean `autofix`?",
    "score --reports junitt=junit.xml --out gates": "junit",
}


@pytest.mark.parametrize("typed", TYPOS)
def test_typos_get_a_suggestion(factory_cli: Cli, reported: Path, typed: str) -> None:
    """A mistyped command, option or name is exit code 2 with what was probably meant."""
    ran = factory_cli(*typed.split(), cwd=reported)
    assert (ran.code, ran.out) == (2, "")
    assert TYPOS[typed] in ran.err


@pytest.mark.parametrize(
    ("config", "suggestion"),
    [
        ("gates: {disabled: [mypi]}", "did you mean `mypy`?"),
        ("agents: [{name: a, adapter: claude-cod}]", "did you mean `claude-code`?"),
        ("batch: {paralel: 2}", "did you mean `parallel`?"),
        ("gates: {disabled: [zzz]}", "known gates: policy, "),
    ],
)
def test_typos_in_the_configuration_get_a_suggestion(
    factory_cli: Cli, new_repo: Callable[..., Path], config: str, suggestion: str
) -> None:
    """So does a mistyped gate, adapter or key; where nothing is near, all that are known are listed."""
    repo = new_repo({".ci-factory.yml": config, "t/1.md": "# Say hello\n"})
    command = "gate --base HEAD --head HEAD --out g" if "gates" in config else "run --tickets t"
    ran = factory_cli(*command.split(), cwd=repo)
    assert ran.code == 2
    assert suggestion in ran.err


def completed(cli: Cli, words: str) -> list[str]:
    """What bash would offer for words, the last of them unfinished."""
    count = len(words.split(" ")) - 1
    env = {
        **os.environ,
        "COMP_WORDS": words,
        "COMP_CWORD": str(count),
        "_CI_FACTORY_COMPLETE": "bash_complete",
    }
    return [line.partition(",")[2] for line in cli(env=env).out.splitlines()]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("ci-factory rep", ["report"]),
        ("ci-factory mr re", ["request-changes"]),
        ("ci-factory review --la", ["--last"]),
        ("ci-factory simulate --policy r", ["round-robin"]),
        ("ci-factory completion ", ["bash", "zsh", "fish"]),
    ],
)
def test_commands_options_and_values_are_completed(factory_cli: Cli, words: str, offered: list[str]) -> None:
    """Each word on the way to a call is offered, as it is."""
    assert completed(factory_cli, words) == offered


def test_bash_completes_with_what_the_command_prints(factory_cli: Cli, tmp_path: Path) -> None:
    """The script is one that bash runs, and Tab then completes a command."""
    (tmp_path / "ci-factory").write_text(
        f'#!/bin/sh\nexec {sys.executable} -m ci_factory "$@"\n', encoding="utf-8"
    )
    (tmp_path / "ci-factory").chmod(0o755)
    script = factory_cli("completion", "bash").out
    typed = (
        'COMP_WORDS=(ci-factory das); COMP_CWORD=1; _ci_factory_completion ci-factory; echo "${COMPREPLY[@]}"'
    )
    env = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "--norc", "-c", f"{script}\n{typed}"], env=env, capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("dashboard\n", "")


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_have_scripts_of_their_own(factory_cli: Cli, shell: str) -> None:
    """zsh and fish ask us in their own way."""
    ran = factory_cli("completion", shell)
    assert f"_CI_FACTORY_COMPLETE={shell}_complete" in ran.out


def test_offering_commands_imports_none() -> None:
    """Tab after the program's name costs no more than `--help`."""
    asked = "import sys; from ci_factory.cli.main import cli; import click; context = click.Context(cli)"
    ask = f"{asked}; print(len(cli.shell_complete(context, '')), 'pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert done.stdout == f"{len(main.COMMANDS)} False\n"
