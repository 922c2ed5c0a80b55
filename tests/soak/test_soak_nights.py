"""A bounded share of the simulated nights; `make soak` lives the rest."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ci_factory.forge import kept_notes
from ci_factory.model.forge import NoteTarget
from ci_factory.publishing.note import NOTE_KEY
from tests.soak import invariants, soak
from tests.soak.faults import Fault, drawn
from tests.soak.life import SECRET, US, Life
from tests.soak.people import LABELS

NIGHTS = 40


def test_nights_with_faults_break_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever meets a night: one branch, merge request and note for each ticket, judged trees, nothing lost or paid twice."""
    monkeypatch.setenv("CI_FACTORY_TOKEN", SECRET)
    result = soak.soak(1, NIGHTS, tmp_path)
    assert result.broken == []
    assert result.nights >= NIGHTS
    assert len(result.met) > len(Fault) / 2


@pytest.mark.long
def test_a_night_killed_before_any_effect_goes_on(new_life: Callable[..., Life]) -> None:
    """Each effect of a night, one by one: killed before it, and then three calm nights."""
    whole = new_life(3, "edit", "mend").night().effects
    for place in range(whole):
        life = new_life(3, "edit", "mend")
        life.night([(place, Fault.KILL)])
        for _ in range(2):
            life.night()
            assert list(invariants.always(life)) == [], f"killed before effect {place}"
        assert list(invariants.at_last(life)) == [], f"killed before effect {place}"
        life.close()


def test_a_seed_is_one_life(new_life: Callable[..., Life]) -> None:
    """The same seed meets the same faults at the same effects and ends the same way."""
    nights = []
    for _ in range(2):
        life = new_life(11)
        soak.live(life)
        nights.append(life.nights)
    assert nights[0] == nights[1]
    assert any(night.met for night in nights[0])


def test_a_killed_night_makes_no_effect_any_more(new_life: Callable[..., Life]) -> None:
    """After the kill nothing is written, not even by code that tidies up."""
    life = new_life(3, "edit", "mend")
    killed = life.night([(120, Fault.KILL)])
    assert killed.ended == "killed"
    assert killed.effects == 121
    assert any(life.layout.worktrees.iterdir()), "a killed night leaves what it was at work on"


def _second_branch(life: Life) -> None:
    life.git.update_ref("refs/heads/factory/1-another", life.git.resolve("main"), None)


def _second_note(life: Life) -> None:
    (change, *_) = life.forge.merge_requests()
    life.forge.add_note(NoteTarget.MERGE_REQUEST, str(change.iid), kept_notes.marked(NOTE_KEY, "Again."))


def _tree_of_nobody(life: Life) -> None:
    (change, *_) = life.forge.merge_requests()
    tree = life.git.tree_of("main")
    commit = life.git.commit_tree(
        tree, parents=(change.head,), message="x\n", author=US, committer=US, when=life.clock.now()
    )
    life.forge.push(change.source_branch, commit, expected=change.head)


def _secret_told(life: Life) -> None:
    (life.layout.root / "told.txt").write_text(f"the token is {SECRET}", encoding="utf-8")


def _command_told(life: Life) -> None:
    life.forge.add_note(NoteTarget.ISSUE, "1", "It is done.\n/merge")


def _paid_again(life: Life) -> None:
    for folder in (life.layout.root / "batches").glob("*/tickets/*"):
        for name in ("attempt.json", "publication.json", "agent/state.json"):
            (folder / name).unlink(missing_ok=True)
    batch = next((life.layout.root / "batches").glob("*/batch.json"))
    batch.write_text(batch.read_text().replace('"completed"', '"running"'), encoding="utf-8")
    life.night()


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (_second_branch, "2 branches"),
        (_second_note, "2 notes of ours"),
        (_tree_of_nobody, "no gate judged"),
        (_secret_told, "a secret is in"),
        (_command_told, "untrusted text acts"),
        (_paid_again, "paid twice"),
    ],
)
def test_what_is_broken_is_seen(
    new_life: Callable[..., Life], harm: Callable[[Life], None], told: str
) -> None:
    """Each invariant can fail: a life that is harmed is told as harmed."""
    life = new_life(3, "edit", "mend")
    life.night()
    assert list(invariants.always(life)) == []
    harm(life)
    assert told in "; ".join(invariants.always(life))


def test_a_lost_ticket_is_seen(new_life: Callable[..., Life]) -> None:
    """A ticket that says it is at work while nobody is, is lost."""
    life = new_life(3, "edit", "mend")
    life.night()
    assert list(invariants.at_last(life)) == []
    life.forge.change_labels("1", add=["factory::running"], remove=["factory::review"])
    assert any("nobody is at work" in each for each in invariants.at_last(life))


def test_faults_are_drawn_from_all(new_life: Callable[..., Life]) -> None:
    """Every fault has its turn."""
    life = new_life(5)
    assert {fault for _ in range(300) for _, fault in drawn(life.random, 100)} == set(Fault)


@pytest.mark.parametrize(
    ("last", "calls"),
    [
        pytest.param(("write", "ensure_note"), 2, id="a draft"),
        pytest.param(("write", "change_labels"), 1, id="ready"),
    ],
)
def test_a_publication_cut_short_whose_artifacts_are_gone_is_not_lost(
    new_life: Callable[..., Life], last: tuple[str, str], calls: int
) -> None:
    """A draft is worked on again, as nobody has its change any more; what is ready already is not, and goes to people."""
    rehearsed = new_life(3, "edit")
    rehearsed.night()
    published = rehearsed.seen.index(("write", "ensure_merge_request"))
    life = new_life(3, "edit")
    life.night([(rehearsed.seen.index(last, published), Fault.KILL)])
    life.lose_output()
    for _ in range(2):
        life.night()
        assert list(invariants.always(life)) == []
    assert list(invariants.at_last(life)) == []
    assert sum(life.calls.values()) == calls
    (change,) = life.forge.merge_requests()
    assert not change.draft


def test_a_call_killed_hours_ago_leaves_time_to_make_it_again(new_life: Callable[..., Life]) -> None:
    """The night after a kill in the middle of a call makes the call again and delivers."""
    rehearsed = new_life(3, "edit")
    rehearsed.night()
    life = new_life(3, "edit")
    life.night([(rehearsed.seen.index(("program", "after simulated-agent")), Fault.KILL)])
    life.night()
    assert sum(life.calls.values()) == 1 + 1
    assert LABELS.state_of(life.forge.issue("1").ticket.labels) == "review"
    assert list(invariants.at_last(life)) == []
