"""The autofix agent: real tools, told by a strictly read block in the ticket."""

import contextlib
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_factory.config import AgentConfig
from ci_factory.errors import TicketError
from ci_factory.model.attempt import Ending, Usage
from ci_factory.system import process
from ci_factory.work.agents import autofix_block
from ci_factory.work.agents.autofix_block import RuffFix, RuffFormat, SemgrepFix

Room = Any  # tests/work/conftest.py

AGENT = AgentConfig(name="one", adapter="autofix")
UNUSED = "import os\nimport re\n\nprint( re.compile('a') )\n"


@pytest.fixture
def project(room: Room, commit: Any) -> Room:
    """The room's project with things to mend."""
    files = {
        "lint.py": UNUSED,
        "other.py": UNUSED,
        "test_old.py": OLD,
        "pyproject.toml": "[tool.ruff]\nexclude=['*']\n",
    }
    room.base = commit(room.repo, files)
    return room


OLD = """import logging
import unittest


class T(unittest.TestCase):
    def test(self) -> None:
        self.assertEquals(
            1,  # a comment that stays
            1,
        )
        logging.warn("x")
"""


def fix(room: Room, job: Any) -> Any:
    return room.work(room.planned(body=f"Mend it.\n\n{autofix_block.render(job)}\n"), agent=AGENT)


def test_ruff_mends_the_named_rules_in_the_named_files(project: Room) -> None:
    """Only those; what a tool did without a model costs nothing."""
    attempt = fix(project, RuffFix(tool="ruff", rules=("F401",), files=("lint.py",)))
    assert attempt.ending is Ending.COMPLETED
    assert attempt.diff.files == ("lint.py",)
    assert project.read(attempt, "lint.py") == UNUSED.replace("import os\n", "")
    assert attempt.usage == Usage(input_tokens=0, output_tokens=0, cost_usd=0)


def test_ruff_format_formats(project: Room) -> None:
    """Formatting is a job of its own."""
    attempt = fix(project, RuffFormat(tool="ruff-format", files=("lint.py",)))
    assert 'print(re.compile("a"))' in (project.read(attempt, "lint.py") or "")


@pytest.mark.slow
@pytest.mark.skipif(
    process.which("semgrep", beside=sys.executable) is None, reason="semgrep is not installed"
)
def test_semgrep_upgrades_names_and_keeps_comments(project: Room) -> None:
    """Our own rules replace names that Python removed, and nothing else."""
    rules = ("unittest-assert-equals", "logging-warn")
    attempt = fix(project, SemgrepFix(tool="semgrep", rules=rules, files=("test_old.py",)))
    expected = OLD.replace("assertEquals", "assertEqual").replace(".warn(", ".warning(")
    assert project.read(attempt, "test_old.py") == expected


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("No block here.", "has no autofix block"),
        ("```autofix\ntool: ruff\nrules: [F401, --config=evil]\nfiles: [lint.py]\n```", "rules.1"),
        ("```autofix\ntool: ruff\nrules: [F401]\nfiles: [../x.py]\n```", "not a path inside"),
        ("```autofix\ntool: ruff\nrules: [F401]\nfiles: [-lint.py]\n```", "not a path inside"),
        (
            "```autofix\ntool: ruff\nrules: [F401]\nfiles: [untracked.py]\n```",
            "'untracked.py' is not a tracked file",
        ),
        ("```autofix\ntool: sh\nfiles: [lint.py]\n```", "the block"),
        (
            "```autofix\ntool: semgrep\nrules: [no-such]\nfiles: [lint.py]\n```",
            "there is no upgrade rule 'no-such'",
        ),
        ("```autofix\ntool: ruff\nrules: [F401]\nfiles: [lint.py]\nexec: yes\n```", "exec"),
        ("```autofix\n- !!python/object/apply:os.system [id]\n```", "not valid YAML"),
        ("```autofix\na: &a [x]\nb: *a\n```", "anchors"),
        ("```autofix\ntool: ruff\n```\n```autofix\ntool: ruff\n```", "several autofix blocks"),
    ],
)
def test_a_block_that_is_not_sound_changes_nothing_and_says_why(
    project: Room, body: str, reason: str
) -> None:
    """Tickets are written by anybody: rules and files are checked before a tool sees them."""
    attempt = project.work(project.planned(body=body), agent=AGENT)
    assert attempt.ending is Ending.NO_CHANGE
    assert reason in attempt.reason
    assert project.checked == []


def test_a_link_to_a_file_elsewhere_is_not_followed(room: Room, commit: Any) -> None:
    """A tracked symbolic link is no file to mend."""
    target = room.root / "outside.py"
    target.write_text(UNUSED, encoding="utf-8")
    (room.repo / "link.py").symlink_to(target)
    room.base = commit(room.repo, {})
    attempt = fix(room, RuffFix(tool="ruff", rules=("F401",), files=("link.py",)))
    assert attempt.ending is Ending.NO_CHANGE
    assert target.read_text(encoding="utf-8") == UNUSED


NAMES = st.from_regex(r"[a-z]{1,8}(/[a-z]{1,8}){0,2}\.py", fullmatch=True)


@given(
    st.lists(st.from_regex(r"[A-Z]{1,4}[0-9]{0,4}", fullmatch=True), min_size=1, max_size=10),
    st.lists(NAMES, min_size=1, max_size=10),
)
def test_a_rendered_block_reads_back(rules: list[str], files: list[str]) -> None:
    """What from-findings writes is what the runner reads."""
    job = RuffFix(tool="ruff", rules=tuple(rules), files=tuple(files), target_version="py311")
    assert autofix_block.parse(f"Text before.\n{autofix_block.render(job)}\nafter") == job


@given(st.text(max_size=200))
def test_any_text_in_a_block_is_a_job_or_a_clear_refusal(text: str) -> None:
    """No block makes the reader crash."""
    with contextlib.suppress(TicketError):
        autofix_block.parse(f"```autofix\n{text}\n```")
