"""Nights in which the world fails, and what one more run makes of them. Many more are lived in tests/soak."""

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path

import pytest

from ci_factory.config import Labels
from ci_factory.forge import kept_notes
from ci_factory.model.forge import NoteTarget
from ci_factory.publishing.note import NOTE_KEY
from tests.attacks.table import variants
from tests.gitlab_standin.control import StandIn
from tests.soak import invariants
from tests.soak.faults import Fault
from tests.soak.life import SECRET, Life, template
from tests.soak.on_gitlab import GitLabLife

pytestmark = pytest.mark.attack(row="reliability", defence="one more run")

FAULTS = {
    "kill -9 before an effect": (Fault.KILL,),
    "a write that took place and whose answer is lost": (Fault.LOST,),
    "a storm of 429 and 5xx": (Fault.REFUSED,),
    "answers that are behind": (Fault.STALE,),
    "a full disk": (Fault.FULL_DISK,),
    "a clock that jumps ahead": (Fault.FORWARD,),
    "a clock that jumps back": (Fault.BACKWARD,),
    "a worker that comes back after another did its work": (Fault.TWIN,),
    "kill, lost answer and refusal, one night after the other": (Fault.KILL, Fault.LOST, Fault.REFUSED),
}
_TICKETS = ("edit", "edit")
_NUMBERS = count(1)
Begin = Callable[[str], Life]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository that lives begin with."""
    return template(tmp_path_factory.mktemp("lives"))


@pytest.fixture
def begin(
    request: pytest.FixtureRequest, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Begin]:
    """`begin(forge)`: two tickets, and nothing done yet."""
    monkeypatch.setenv("CI_FACTORY_TOKEN", SECRET)
    lives: list[Life] = []

    def make(forge: str) -> Life:
        folder = tmp_path / f"life-{next(_NUMBERS)}"
        if forge == "local":
            lives.append(Life(3, folder, made, orders=_TICKETS))
        else:
            server: StandIn = request.getfixturevalue("gitlab_server")
            lives.append(GitLabLife.on(server, 3, folder, made, _TICKETS))
            request.addfinalizer(lambda: server.clock(None))
        return lives[-1]

    yield make
    for life in lives:
        life.close()


def amiss(life: Life) -> list[str]:
    """What is not as it should be: each ticket in review with one branch, merge request and note of ours, its tree judged."""
    with life.quietly():
        offered = life.forge.merge_requests()
        notes = [life.forge.notes(NoteTarget.MERGE_REQUEST, str(each.iid)) for each in offered]
        ours = [sum(kept_notes.carries(note.body, NOTE_KEY) for note in each) for each in notes]
        states = {
            each.ticket.id: Labels().state_of(each.ticket.labels)
            for each in life.forge.issues(opened_only=False)
        }
        found = {
            "offered": sorted(each.ticket_id for each in offered) == ["1", "2"],
            f"notes {ours}": set(ours) == {1},
            f"branches {life.branches()}": len(life.branches()) == len(_TICKETS),
            f"states {states}": set(states.values()) == {"review"},
        }
    wrong = [what for what, well in found.items() if not well]
    return [*wrong, *invariants.always(life), *invariants.at_last(life)]


def suffer(life: Life, faults: Sequence[Fault], places: Sequence[int]) -> int:
    """A night for each place, with a fault there, then a calm one; how many faults met something."""
    for number, place in enumerate(places):
        life.night([(place, faults[number % len(faults)])])
        assert list(invariants.always(life)) == []
    life.night()
    return sum(len(night.met) for night in life.nights)


@pytest.mark.parametrize("forge", ["local"])
@variants("faults", FAULTS)
def test_one_more_run_brings_one_of_each(
    begin: Begin, forge: str, faults: tuple[Fault, ...], seen: Callable[[str], None]
) -> None:
    """Whatever failed, wherever: afterwards there is exactly one of each, and no ticket is lost."""
    met = 0
    for start in (95, 170):
        life = begin(forge)
        met += suffer(life, faults, (start, 35, 60))
        assert amiss(life) == [], f"from effect {start}"
    assert met >= len(faults)
    seen("each ticket has one branch, one merge request and one note; none is lost, no call is paid twice")


@pytest.mark.attack(variant="a power cut that tears the files written last")
@pytest.mark.parametrize("forge", ["local"])
def test_torn_files_are_made_again(begin: Begin, forge: str, seen: Callable[[str], None]) -> None:
    """What is cut off is taken for missing, and what it said is found out again."""
    for place in (90, 180):
        life = begin(forge)
        life.night([(place, Fault.KILL)])
        life.cut_power()
        life.night()
        assert amiss(life) == [], f"cut at effect {place}"
    seen("torn files are taken for missing ones; each ticket has one branch, one merge request and one note")


@pytest.mark.attack(variant="kill, lost answer and refusal, one night after the other")
@pytest.mark.parametrize("forge", ["gitlab"])
def test_one_more_run_brings_one_of_each_on_gitlab(
    begin: Begin, forge: str, seen: Callable[[str], None]
) -> None:
    """The same on a server, asked over HTTP."""
    life = begin(forge)
    assert suffer(life, (Fault.KILL, Fault.LOST, Fault.REFUSED), (120, 30, 20)) > 1
    assert amiss(life) == []
    seen("each ticket has one branch, one merge request and one note; none is lost, no call is paid twice")
