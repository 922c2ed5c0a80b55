"""Hidden data in our notes: ours alone, and without secrets."""

import pytest

from ci_factory.model import block, work_record
from ci_factory.model.attempt import Attempt, DiffStat
from ci_factory.model.batch import PlannedTicket
from ci_factory.model.gate import Component, Finding, GateReport, GateResult, GateStatus, Severity
from ci_factory.publishing import sanitise

# Nobody issued it; in two parts for the scanners of this repository.
TOKEN = "glpat-" + "Q3eGRx7Zp2LmN4TbKw9c"
DATA = block.write("earlier", {"head": "b" * 40})


@pytest.mark.parametrize(
    "quoted", [f"x {DATA}", f"{DATA} x", sanitise.code(DATA), "\n".join(sanitise.fenced(DATA))]
)
def test_quoted_data_is_no_data(quoted: str) -> None:
    """Only a whole line of a note is hidden data; code spans and blocks never hold one."""
    assert block.read(f"a note\n{quoted}\nmore", "earlier") is None


@pytest.mark.parametrize("after", ["", "\n", "\r\n", "  \n\nmore"])
def test_a_whole_line_is_data(after: str) -> None:
    """However the line ends, what was written is read back."""
    assert block.read(f"a note\n\n{DATA}{after}", "earlier") == {"head": "b" * 40}


def test_data_holds_no_token() -> None:
    """A token of a known form is masked wherever it stands in the data."""
    written = block.write("x", {"a": [f"it is {TOKEN}", {"b": TOKEN}], "n": 1})
    assert TOKEN not in written
    assert block.read(written, "x") == {"a": ["it is [secret]", {"b": "[secret]"}], "n": 1}


def test_folders_of_a_change_with_a_secret_are_not_told(
    attempt: Attempt, planned: PlannedTicket, report: GateReport
) -> None:
    """A name of a folder may be the secret: then, and where nobody judged the change, the expected folders are told."""
    leaky = attempt.model_copy(update={"diff": DiffStat(files=(f"{TOKEN}/x.txt",), added=1)})
    found = Finding(tool="x", rule="y", severity=Severity.HIGH, message="z", path="a", fingerprint="f")
    gate = GateResult(
        gate="secrets", component=Component.SECURITY, status=GateStatus.BLOCKED, summary="", findings=(found,)
    )
    told = [
        work_record.of(leaky, planned, None, each, None).folders
        for each in (None, report.model_copy(update={"gates": (gate,)}), report)
    ]
    assert told == [("shop",), ("shop",), (TOKEN,)]
