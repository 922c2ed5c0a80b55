"""A ticket's work that is killed anywhere goes on from its last verified step."""

import pytest

from ci_factory.model.attempt import Ending, Usage
from tests.work.work_kills import KILLED, Table

CALLS = ["plan 0", "implement 1", "implement 2"]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """One planned batch, and what working on it comes to without a kill."""
    return Table(tmp_path_factory.mktemp("kills"))


def test_a_kill_at_any_record_leaves_no_trace(table: Table) -> None:
    """SIGKILL before the record or the attempt is written at the end of each step, then one more run: no phase ran twice.

    `make kill-table-work` does the same at every effect.
    """
    whole = table.whole.attempt()
    assert table.whole.log("agent.log") == CALLS
    assert (whole.ending, whole.usage) == (
        Ending.COMPLETED,
        Usage(input_tokens=30, output_tokens=3, cost_usd=1.5),
    )
    names = ("state.json'", "attempt.json'")
    steps = zip(["", *table.effects], table.effects, strict=False)
    places = [
        number
        for number, (last, each) in enumerate(steps, 1)
        if each.endswith(names) and not last.endswith(names)
    ]
    assert len(places) == 8, table.effects
    rows = [table.kill(place) for place in places]
    assert [row for row in rows if not row.killed or row.objections] == []


@pytest.mark.parametrize("call", ["plan 0", "implement 2"])
def test_a_call_that_is_killed_is_made_again_and_charged_as_unknown(table: Table, call: str) -> None:
    """Only the call in mid-air is repeated; the calls before it are not, and nobody takes its cost for nothing."""
    case = table.case()
    (case.folder / "kill-in-call").write_text(call, encoding="utf-8")
    assert case.work() == KILLED
    assert list(table.finished(case)) == []
    assert sorted(case.log("agent.log")) == sorted([*CALLS, call])
    (killed,) = (run for run in case.attempt().runs if run.ended == "killed")
    assert (f"{killed.phase} {killed.iteration}", killed.usage) == (call, Usage())
    assert case.attempt().usage == Usage()
