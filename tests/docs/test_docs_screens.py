"""What commands show on a terminal fits it."""

import re

import pytest

from tests.cli.terminal import environment, on_terminal
from tests.docs.conftest import Place

LONG = pytest.mark.long
CALLS = ["mr list"]
MORE = [
    "status",
    "report --alerts",
    "simulate --runs 2",
    "review --last",
    "routing",
    "integrate",
    "ticket list --all",
    "audit !1",
    "plan --dry-run",
]


@pytest.mark.parametrize("call", [*CALLS, *(pytest.param(each, marks=LONG) for each in MORE)])
@pytest.mark.parametrize("width", [80, pytest.param(120, marks=LONG)])
def test_no_line_is_longer_than_the_terminal(played: Place, call: str, width: int) -> None:
    """No terminal has to break a line, which it would do within a word."""
    env = played.environment(**environment(COLUMNS=str(width)))
    drawn = on_terminal(call.split(), played.repo, env).replace("\r\x1b[2K", "\n")
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", drawn)
    assert "Greet in French" in shown or call in {
        "simulate --runs 2",
        "report --alerts",
        "routing",
        "integrate",
    }
    assert [line for line in shown.splitlines() if len(line.rstrip()) > width] == []
