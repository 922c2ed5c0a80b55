"""The suggested merge order, and the reason of each line."""

from hypothesis import given, settings
from hypothesis import strategies as st

from ci_factory.model.gate import Verdict
from ci_factory.model.merge_truth import Advice, Breaking, Clash, OrderLine, TriedChange
from ci_factory.model.ticket import Priority
from ci_factory.review.merge_order import Advisor, arranged, lines, preferences, suggested

HEAD = "a" * 40


def change(number: int, priority: Priority = Priority.MEDIUM, **fields: object) -> TriedChange:
    """A change that passed its gates."""
    known = {"ticket_id": f"t{number}", "branch": f"factory/t{number}", "head": HEAD, "lines": 10}
    known |= {"verdict": Verdict.PASS, "priority": priority}
    return TriedChange.model_validate({"merge_request": number, **known, **fields})


def advised(
    changes: list[TriedChange], clashes: tuple[Clash, ...] = (), breaking: tuple[Breaking, ...] = ()
) -> dict[int, OrderLine]:
    """Lines by merge request, in the suggested order."""
    preferred = preferences(changes, clashes)
    order = arranged(changes, preferred)
    queue = [each.merge_request for each in changes]
    lines = Advisor(order, queue, clashes, preferred, breaking).lines()
    return {line.merge_request: line for line in lines}


def test_without_trouble_it_is_the_review_queue() -> None:
    """Each line says its place in the queue."""
    lines = advised([change(5), change(2), change(9)])
    assert list(lines) == [5, 2, 9]
    assert [line.reason for line in lines.values()] == [f"place {n} of the review queue" for n in (1, 2, 3)]


def test_of_two_in_conflict_the_more_urgent_one_comes_first_and_the_other_is_told_to_rebase() -> None:
    """Although the queue has them the other way round."""
    lines = advised(
        [change(1), change(2), change(3, Priority.CRITICAL)], (Clash(first=1, second=3, files=("a.py",)),)
    )
    assert list(lines) == [2, 3, 1]
    assert lines[3].reason == "before !1: priority critical before medium; place 3 of the review queue"
    assert lines[1].advice is Advice.REBASE
    assert lines[1].reason == "after !3: both change a.py; priority critical before medium"


def test_of_two_equals_in_conflict_the_smaller_one_comes_first() -> None:
    """And where that is equal too, the queue decides."""
    lines = advised([change(1, lines=50), change(2)], (Clash(first=1, second=2, files=("a.py",)),))
    assert list(lines) == [2, 1]
    assert "10 lines before 50" in lines[2].reason
    lines = advised([change(1), change(2)], (Clash(first=1, second=2, files=("a.py",)),))
    assert list(lines) == [1, 2]


def test_what_is_built_on_a_change_that_has_to_be_made_again_waits_for_it() -> None:
    """The advice passes up the stack."""
    clashes = (
        Clash(first=1, second=2, files=("a.py",)),
        Clash(first=1, second=3, files=("a.py",), through=2),
    )
    lines = advised([change(1, Priority.HIGH), change(2), change(3, below=2)], clashes)
    assert [line.advice for line in lines.values()] == [Advice.MERGE, Advice.REBASE, Advice.REBASE]
    assert lines[3].reason == "it is built on !2, which has to be settled first"


def test_the_last_of_those_that_break_together_is_to_be_adapted() -> None:
    """With the tests and the others; the others may be merged."""
    broken = Breaking(changes=(1, 2), tests=("tests/test_a.py::test_a",))
    lines = advised([change(1), change(2)], (), (broken,))
    assert lines[1].advice is Advice.MERGE
    assert lines[2].advice is Advice.ADAPT
    assert lines[2].reason == "together with !1 tests/test_a.py::test_a fails"


def test_what_can_not_be_merged_by_itself_says_so() -> None:
    """A conflict with the target branch, a verdict that is no pass, a head that git can't merge."""
    lines = advised(
        [
            change(1, conflicts=("a.py",)),
            change(2, verdict=Verdict.BLOCKED),
            change(3, problem="no history"),
            change(4, verdict=None),
        ]
    )
    assert [line.advice.value for line in lines.values()] == ["rebase", "wait", "rebase", "wait"]
    assert "conflicts with the target branch in a.py" in lines[1].reason
    assert "verdict of its own gates is unknown" in lines[4].reason


def test_reasons_of_what_can_not_be_merged_are_told_to_the_word() -> None:
    """At most three names of files, and how many more."""
    names = tuple(f"{letter}.py" for letter in "abcde")
    lines = advised(
        [
            change(1, conflicts=names),
            change(2, conflicts=names[:3]),
            change(3, problem="no history"),
            change(4, verdict=None),
        ]
    )
    assert [line.reason for line in lines.values()] == [
        "it conflicts with the target branch in a.py, b.py, c.py and 2 more",
        "it conflicts with the target branch in a.py, b.py, c.py",
        "it could not be tried: no history",
        "the verdict of its own gates is unknown",
    ]


def test_a_change_says_what_it_is_built_on() -> None:
    """It may be merged after that."""
    lines = advised([change(2, below=1), change(1)])
    assert [(line.place, line.merge_request) for line in lines.values()] == [(1, 1), (2, 2)]
    assert lines[2].reason == "after !1, which it is built on; place 1 of the review queue"


def test_of_two_in_conflict_the_one_whose_gates_passed_comes_first() -> None:
    """Although the other is more urgent; and it is not told to wait for it."""
    changes = [change(1, Priority.CRITICAL, verdict=Verdict.FAIL), change(2)]
    lines = advised(changes, (Clash(first=1, second=2, files=("a.py",)),))
    assert lines[2].reason == "before !1: its gates passed, the other's did not; place 2 of the review queue"
    assert (lines[1].advice, lines[1].reason) == (Advice.WAIT, "the verdict of its own gates is fail")


def test_equals_in_conflict_say_why_one_comes_first() -> None:
    """The smaller one, else the one that the queue has first; every conflicting one is named."""
    clash = Clash(first=1, second=2, files=("a.py",))
    smaller = advised([change(1, lines=50), change(2)], (clash,))
    assert smaller[1].reason == "after !2: both change a.py; equal priority, and 10 lines before 50"
    equal = advised([change(1), change(2), change(3)], (clash, clash.model_copy(update={"second": 3})))
    assert (
        equal[2].reason == "after !1: both change a.py; equal priority and size, and the review queue's order"
    )
    several = advised(
        [change(1), change(2), change(3, Priority.LOW)],
        (Clash(first=1, second=3, files=("a.py",)), Clash(first=2, second=3, files=("a.py",))),
    )
    assert several[3].reason == "after !1, !2: both change a.py; priority medium before low"


def test_the_doors_of_the_room_give_the_same_order() -> None:
    """The suggested order alone, and its lines with advice and reasons."""
    changes = [change(1), change(2), change(3, Priority.CRITICAL)]
    clashes = (Clash(first=1, second=3, files=("a.py",)),)
    broken = (Breaking(changes=(3, 2), tests=("test_a",)),)
    assert [each.merge_request for each in suggested(changes, clashes)] == [2, 3, 1]
    assert lines(changes, clashes, broken) == tuple(advised(changes, clashes, broken).values())


def test_changes_that_break_are_told_with_all_who_take_part() -> None:
    """Or with the target branch alone."""
    broken = (
        Breaking(changes=(1, 2, 3), tests=("test_a", "test_b")),
        Breaking(changes=(4,), tests=("test_c",)),
    )
    lines = advised([change(number) for number in (1, 2, 3, 4)], (), broken)
    assert lines[3].reason == "together with !1 and !2 test_a, test_b fail"
    assert lines[4].reason == "test_c fails with what the target branch has by now"


@st.composite
def nights(draw: st.DrawFn) -> tuple[list[TriedChange], list[Clash]]:
    """Changes in any order, some built on others, with any pairs in conflict."""
    count = draw(st.integers(1, 12))
    below = [draw(st.none() | st.integers(1, number - 1)) if number > 1 else None for number in range(1, count + 1)]  # fmt: skip
    priorities = draw(st.lists(st.sampled_from(Priority), min_size=count, max_size=count))
    changes = [change(number, priorities[number - 1], below=below[number - 1]) for number in range(1, count + 1)]  # fmt: skip
    numbers = st.integers(1, count)
    pairs = draw(st.sets(st.tuples(numbers, numbers).filter(lambda pair: pair[0] < pair[1]), max_size=12))
    return draw(st.permutations(changes)), [Clash(first=one, second=two) for one, two in sorted(pairs)]


@settings(max_examples=100, deadline=None)
@given(nights())
def test_every_change_has_one_place_and_stands_behind_what_it_is_built_on(
    night: tuple[list[TriedChange], list[Clash]],
) -> None:
    """Whatever conflicts there are, stacks are kept, nothing is lost, and equal input gives equal output."""
    changes, clashes = night
    preferred = preferences(changes, clashes)
    order = arranged(changes, preferred)
    assert sorted(each.merge_request for each in order) == sorted(each.merge_request for each in changes)
    places = {each.merge_request: place for place, each in enumerate(order)}
    assert all(each.below is None or places[each.below] < places[each.merge_request] for each in order)
    assert order == arranged(changes, preferred)
