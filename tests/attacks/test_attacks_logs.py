"""Output that a terminal or a job log would obey, through the real command line and real agents."""

from collections.abc import Callable
from typing import Any

import pytest

from ci_factory.config import AgentConfig, Config
from tests.attacks.table import variants
from tests.work.conftest import Room

Seen = Callable[[str], None]
MakeLine = Callable[..., Any]
OBEYED = ("\x1b", "\x9b", "\x07", "section_start:", "section_end:", "\x00")


def obeyed(text: str) -> list[str]:
    """What in a text a terminal or GitLab's log would obey."""
    return [sign for sign in OBEYED if sign in text] + (["\r"] if "\r" in text.replace("\r\n", "") else [])


CODES = {
    "colours and a cleared screen": "\x1b[31mred\x1b[2J\x1b[1;1H",
    "a section of the log that hides what follows": "section_start:1700000000:x[collapsed=true]\r\x1b[0K",
    "a section mark within a section mark": "section_section_start:start:1:x\r",
    "a link, a title and a bell": "\x1b]8;;https://evil.example\x07x\x1b]8;;\x07\x1b]0;t\x07",
    "control characters of eight bits": "\x9b31mred\x9d0;t\x9c",
    "a carriage return that writes over": "failed\rpassed",
    "a device control string": "\x1bPq#0;2;0;0;0\x1b\\",
}


@pytest.mark.attack(row=12, defence="removed from transcripts and records")
@variants("code", CODES, quick=3)
def test_an_agents_output_is_plain(room: Room, code: str, seen: Seen) -> None:
    """What an agent prints is kept without anything that a terminal or a log would obey; so are its last words."""
    program = f"import sys; print({code!a}); print({code!a}, file=sys.stderr); sys.exit({code!a})"
    agent = AgentConfig(name="one", adapter="command", command=Room.python(program))
    attempt = room.work(
        agent=agent, config=Config.model_validate({"retries": {"limit": 0}, "sandbox": "off"})
    )
    files = [
        each for each in (room.root / "out/T-1").rglob("*") if each.suffix in {".md", ".txt", ".log", ".json"}
    ]
    texts = [
        attempt.reason,
        *(run.detail for run in attempt.runs),
        *(each.read_text(encoding="utf-8") for each in files),
    ]
    assert files
    assert [found for text in texts for found in obeyed(text)] == []
    seen("transcript, record and last words are plain text")


@pytest.mark.attack(row=12, defence="removed from what commands print")
@variants("code", {name: CODES[name] for name in list(CODES)[:4]}, quick=0)
def test_commands_print_plain_text(make_line: MakeLine, code: str, seen: Seen) -> None:
    """A night, and every command that shows it, prints no code of a ticket's words, an agent's output or a file's name."""
    line = make_line(
        [
            {"id": "1", "body": f"do it {code}", "title": f"Add value {code} x"},
            {"id": "2", "body": "do: crash"},
        ]
    )
    (line.log.parent / "agent.py").write_text(
        f"import sys, pathlib\nprint({code!a})\nprint({code!a}, file=sys.stderr)\n"
        'pathlib.Path(\'shop/mod1.py\').write_text(\'"""x."""\\n\')\n'
        f"sys.exit({code!a} if '2' in sys.argv[1:] else 0)\n",
        encoding="utf-8",
    )
    shown = ("status", "review", "ticket list", "ticket show 1", "mr list", "mr show 1")
    night = line.run()
    commands = [line.cli(*words.split(), "--repo", line.repo, cwd=line.repo) for words in shown]
    printed = [night, *commands]
    assert all(ran.code in {0, 1, 4} for ran in printed), [ran.err for ran in printed]
    assert [found for ran in printed for found in obeyed(ran.out + ran.err)] == []
    assert obeyed((line.out / "report.md").read_text(encoding="utf-8")) == []
    seen("the night, its report, status, review, tickets and merge requests print no code")
