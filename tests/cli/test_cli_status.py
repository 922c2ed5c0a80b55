"""`ci-factory status`: the night first, then the forge's tickets; a page, a screen that is drawn again, an exit code."""

import io
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console

from ci_factory.cli import main
from ci_factory.cli.live_screen import Screen
from ci_factory.config import Config
from ci_factory.metrics.live_files import NightFiles
from ci_factory.metrics.live_night import live
from ci_factory.model.base import Artifact
from ci_factory.system import records
from ci_factory.system.layout import Layout
from tests.conftest import Ran
from tests.metrics.live_made import NAME, Made, at, busy_night

Status = Callable[..., Ran]
EVIL = "\x1b]0;owned\x07<script>alert(1)</script> [red]bold[/red]"


def laid_out(root: Path, files: NightFiles) -> None:
    """Write a made night as the factory would have."""
    folder = Layout(root).batch(files.batch.id)
    known: dict[Path, Artifact | None] = {folder.batch: files.batch}
    known |= {folder.breakers: files.breakers, folder.pulse: files.pulse}
    for ticket_id, found in files.tickets.items():
        ticket = folder.ticket(ticket_id)
        known |= {ticket.state: found.state, ticket.attempt: found.attempt, ticket.score: found.score}
        known |= {ticket.publication: found.publication, ticket.meter: found.meter}
    for path, artifact in known.items():
        if artifact is not None:
            records.write_model(path, artifact)
    for ticket_id, found in files.tickets.items():
        if found.state_at is not None:
            moment = found.state_at.timestamp()
            os.utime(folder.ticket(ticket_id).state, (moment, moment))


@pytest.fixture
def status(capsys: pytest.CaptureFixture[str]) -> Status:
    """`status(*options)`: the command in this process."""

    def run(*options: object) -> Ran:
        code = main.run(["status", *map(str, options)])
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return run


@pytest.fixture
def place(new_repo: Callable[..., Path]) -> Path:
    """A repository whose output folder has a night with hostile words, which was killed long ago."""
    repo = new_repo({"a.py": "", ".gitignore": ".ci-factory\n"})
    laid_out(repo / ".ci-factory", busy_night(EVIL))
    return repo


def test_the_night_comes_first_and_then_the_tickets(place: Path, status: Status) -> None:
    """Without options both are shown, and hostile words are plain words."""
    ran = status("--repo", place)
    assert ran.code == 0, ran.err
    assert ran.out.startswith("Stopped: 8 of 15 tickets ended")
    assert ran.out.endswith("\n\nno ticket yet\n")
    assert "<script>alert(1)</script> [red]bold[/red]" in ran.out
    assert "\x1b" not in ran.out


def test_json_of_the_tickets_is_as_it_was(place: Path, status: Status) -> None:
    """Programs that read the list of tickets go on to get a list; the night is asked for by its own option."""
    assert json.loads(status("--repo", place, "--json").out) == []
    night = json.loads(status("--repo", place, "--night", "--json").out)
    assert (night["batch"], night["state"], len(night["tickets"])) == (NAME, "stopped", 15)
    assert {"key", "level", "value", "target", "definition", "interval", "n"} <= set(night["alerts"][0])


def test_without_a_token_the_night_is_shown_all_the_same(place: Path, status: Status) -> None:
    """Where the forge can't be asked, its tickets are missing, which is said, and the exit code is that of the night."""
    (place / ".ci-factory.yml").write_text(
        "forge: {kind: gitlab, url: https://gitlab.example.com, project: a/b}\n"
    )
    ran = status("--repo", place)
    assert ran.code == 0
    assert "Stopped: 8 of 15" in ran.out
    assert (
        ran.err
        == "the forge was not asked for its tickets: GitLab can't be reached without CI_FACTORY_TOKEN\n"
    )


@pytest.mark.parametrize(
    ("bounds", "code"), [("", 1), ("silent_minutes: {alert: null}", 0), ("{at_least: 3, silent_minutes: {alert: null}, completion_minutes: {target: 5, alert: 20}}", 1)]
)  # fmt: skip
def test_an_alert_fails_the_command_on_request(place: Path, status: Status, bounds: str, code: int) -> None:
    """With --fail-on-alert any alert is exit code 1, and the configuration says what one is; without it never."""
    alerts = f"alerts: {bounds if bounds.startswith('{') else '{' + bounds + '}'}\n"
    (place / ".ci-factory.yml").write_text(alerts)
    ran = status("--repo", place, "--night", "--fail-on-alert")
    assert (ran.code, ran.err.count("alert: ")) == (code, code)
    assert status("--repo", place, "--night").code == 0


@pytest.mark.parametrize("out", ["empty", "missing"])
def test_without_a_batch_there_is_no_night(place: Path, status: Status, tmp_path: Path, out: str) -> None:
    """Nothing is made up, nothing is written, and no error is raised where nothing was planned."""
    (tmp_path / "empty").mkdir()
    where = ("--repo", place, "--out", tmp_path / out)
    assert status(*where, "--night") == Ran(0, "no batch yet\n", "")
    assert status(*where, "--night", "--json").out == "null\n"
    assert status(*where).out == "no ticket yet\n"
    assert not (tmp_path / "missing").exists()


class Page(HTMLParser):
    """What of a page matters: its text, and every address that it would load."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.refresh: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        known = dict(attrs)
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href"}]
        if known.get("http-equiv") == "refresh":
            self.refresh.append(known.get("content") or "")


def test_the_page_needs_nothing_else(place: Path, status: Status, tmp_path: Path) -> None:
    """One file without script, without an address outside of it; it reloads itself only when that was asked for."""
    file = tmp_path / "deep" / "status.html"
    assert status("--repo", place, "--html", file).code == 0
    page = Page(file.read_text(encoding="utf-8"))
    assert "script" not in page.tags
    assert all(address.startswith("#") or address == "data:," for address in page.addresses)
    assert page.refresh == []
    assert status("--repo", place, "--html", file, "--refresh", "9").code == 0
    assert Page(file.read_text(encoding="utf-8")).refresh == ["9"]
    assert status("--repo", place, "--out", tmp_path / "none", "--html", file).code == 0
    assert "There is no batch yet." in file.read_text(encoding="utf-8")


def test_another_night_can_be_named(place: Path, status: Status) -> None:
    """--batch shows an older night; one that is not there, or no name of a batch, is an error that says where to look."""
    newer = Made().plan("1").files()
    laid_out(
        place / ".ci-factory",
        NightFiles(newer.batch.model_copy(update={"id": "20270101-000000"}), newer.tickets),
    )
    assert json.loads(status("--repo", place, "--night", "--json").out)["batch"] == "20270101-000000"
    assert json.loads(status("--repo", place, "--batch", NAME, "--json").out)["batch"] == NAME
    for name in ("20200101-000000", "../../secrets"):
        ran = status("--repo", place, "--batch", name)
        assert (ran.code, "names those that exist" in ran.err) == (2, True)


@pytest.mark.parametrize(
    "options", [("--refresh", "5"), ("--watch", "--json"), ("--watch", "--html", "x.html"), ("--watch",), ("--watch", "0")]
)  # fmt: skip
def test_options_that_do_not_go_together_are_refused(
    place: Path, status: Status, options: tuple[str, ...]
) -> None:
    """A reload without a page, a screen without a terminal or beside another output is a mistake, with exit code 2."""
    ran = status("--repo", place, *options)
    assert (ran.code, ran.out) == (2, "")


def test_the_screen_is_drawn_again_and_left_clean(place: Path) -> None:
    """On a terminal of 80 by 24 the night is drawn within it, again when it changes, and Ctrl-C leaves the cursor there."""
    leader, follower = pty.openpty()
    # a suite that runs in the background of a shell may have been told to ignore Ctrl-C
    argv = ["env", "--default-signal=INT", sys.executable, "-m", "ci_factory", "status"]
    argv += ["--repo", str(place), "--watch", "0.5"]
    env = {**os.environ, "COLUMNS": "80", "LINES": "24", "TERM": "xterm"}
    with subprocess.Popen(
        argv, stdin=follower, stdout=follower, stderr=follower, env=env, start_new_session=True
    ) as shown:
        os.close(follower)
        first = _until(leader, b"15 tickets ended")
        laid_out(place / ".ci-factory", Made().plan("1").files())
        second = _until(leader, b"the only ticket")
        shown.send_signal(signal.SIGINT)
        assert shown.wait(20) == 0
        rest = _until(leader, b"\x1b[?25h")
    os.close(leader)
    drawn = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", first.decode("utf-8", "replace"))
    assert max(map(len, drawn.split("\r\n"))) <= 80
    assert drawn.count("\r\n") < 24
    assert b"Traceback" not in first + second + rest


def _until(terminal: int, words: bytes) -> bytes:
    """What the terminal shows up to some words."""
    seen, end = b"", time.monotonic() + 30
    while words not in seen:
        assert time.monotonic() < end, seen.decode("utf-8", "replace")
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                seen += os.read(terminal, 65536)
            except OSError:  # the other side is gone
                return seen
    return seen


@pytest.mark.parametrize("height", [24, 30, 40, 60])
@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_a_screen_is_never_left(width: int, height: int) -> None:
    """Whatever its size, the night is drawn within it, with the tickets at work."""
    night = live(busy_night(EVIL), Config(), at(150))
    console = Console(width=width, file=io.StringIO())
    console.print(Screen(night, width, height).drawn())
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().rstrip("\n").split("\n")
    assert len(lines) <= height
    assert max(map(len, lines)) <= width
    assert sum(line.startswith(("T-10", "T-11", "T-09")) for line in lines) == 3
