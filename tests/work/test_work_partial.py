"""A part of a ticket is delivered as such: as the agent says, or after it was cut short."""

import os
import shlex
from typing import Any

import pytest

from ci_factory.config import AgentConfig, Config
from ci_factory.model.attempt import Ending, Leftover, Partial
from ci_factory.model.gate import GateStatus
from ci_factory.model.ticket import Size
from ci_factory.work import checkpoints, leftovers
from tests.work.conftest import Room

TWO = ("greet('fr') says Bonjour", "greet('de') says Guten Tag")
CHANGE = "echo '# French' >> app.py"


def saying(document: str) -> str:
    """A command that changes something and leaves this document."""
    return f'{CHANGE}; printf %s {shlex.quote(document)} > "$CI_FACTORY_OUT/partial.json"'


def test_what_the_agent_left_is_delivered_as_a_part(room: Room) -> None:
    """The gates pass, so the part goes on; the criterion that it did not speak of counts as left."""
    document = '{"done": ["1"], "left": [{"criterion": "a table of languages", "why": "needs a design"}], "summary": "half"}'
    attempt = room.work(room.planned(acceptance_criteria=TWO), command=saying(document))
    assert attempt.ending is Ending.PARTIAL
    assert attempt.partial == Partial(
        done=("1",),
        left=(
            Leftover(criterion="a table of languages", why="needs a design"),
            Leftover(criterion=TWO[1], why="the agent did not say what became of it"),
        ),
        summary="half",
    )
    assert attempt.head is not None
    assert [one.name.value for one in attempt.checkpoints] == ["C0", "C1", "C2", "C3"]
    assert attempt.reason == "the gates pass; left: 2 of the acceptance criteria"


@pytest.mark.parametrize(
    "document", ['{"left": []}', '{"left": [{"criterion": "x"}], "push": true}', "nonsense"]
)
def test_an_account_that_can_not_be_read_goes_to_a_person(room: Room, document: str) -> None:
    """Nobody knows then what the change is; the work is kept."""
    attempt = room.work(command=saying(document))
    assert attempt.ending is Ending.ESCALATED
    assert attempt.head is not None
    assert room.checked == []


def test_only_the_last_account_counts(room: Room) -> None:
    """What the first round left undone and the second did is done."""

    def judge(checkout: Any) -> Any:
        rounds = (checkout / "app.py").read_text(encoding="utf-8").count("# French")
        return room.gate(GateStatus.PASS if rounds == 2 else GateStatus.FAIL)

    first = saying('{"left": [{"criterion": "1"}]}')
    attempt = room.work(
        command=f'if [ "$CI_FACTORY_ITERATION" = 1 ]; then {first}; else {CHANGE}; fi', judge=judge
    )
    assert (attempt.ending, attempt.partial) == (Ending.COMPLETED, None)


AT_ITS_LIMIT = f"""#!/bin/sh
cat > /dev/null
{CHANGE}
echo '{{"type": "result", "subtype": "error_max_turns", "is_error": true}}'
exit 1
"""


@pytest.mark.parametrize(
    ("status", "ending"), [(GateStatus.PASS, Ending.PARTIAL), (GateStatus.FAIL, Ending.AGENT_FAILED)]
)
def test_work_that_was_cut_short_is_a_part_if_the_gates_pass(
    room: Room, status: GateStatus, ending: Ending, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ended at its limit of turns: what passes is offered with every criterion open, what does not is kept; no retry."""
    tool = room.root / "bin" / "claude"
    tool.parent.mkdir()
    tool.write_text(AT_ITS_LIMIT, encoding="utf-8")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}{os.pathsep}{os.environ['PATH']}")
    attempt = room.work(
        room.planned(acceptance_criteria=TWO, size=Size.TRIVIAL),
        agent=AgentConfig(name="one", adapter="claude-code", max_turns=1),
        judge=lambda _: room.gate(status),
        config=Config.model_validate({"retries": {"limit": 2}, "sandbox": "off"}),
    )
    assert (attempt.ending, [run.ended for run in attempt.runs]) == (ending, ["limit"])
    assert attempt.head is not None
    left = [each.criterion for each in attempt.partial.left] if attempt.partial else []
    assert left == (list(TWO) if ending is Ending.PARTIAL else [])


def test_a_ticket_without_criteria_is_left_as_a_whole(room: Room) -> None:
    """Of a call that was cut short, the title stands for what nobody spoke of."""
    ticket = room.planned(acceptance_criteria=()).candidate.ticket
    assert [each.criterion for each in leftovers.at_limit(ticket, "too long").left] == ["Greet in French"]


def test_a_large_change_asks_for_a_second_reviewer(room: Room) -> None:
    """The size table's extra review stands with C3, from where the note on the merge request takes it."""
    attempt = room.work(command="seq 300 > numbers.txt")
    assert checkpoints.EXTRA_REVIEW in attempt.checkpoints[-1].notes
    assert room.work(room.planned("T-2"), command=CHANGE).checkpoints[-1].notes == ()
