"""Changes tried with git: which pairs, against every pair; stacks, drift, and the candidate."""

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ci_factory.model.gate import Verdict
from ci_factory.model.merge_truth import TriedChange
from ci_factory.model.ticket import Priority
from ci_factory.system.git import Git, Person
from ci_factory.workflow.merge_trials import Trials, trial_repository

ME = Person("Tess", "tess@example.com")
WHEN = datetime(2026, 3, 2, tzinfo=UTC)
Files = dict[str, str]
BASE: Files = {
    "a": "1\n2\n3\n4\n5\n6\n7\n8\n",
    "d/x": "".join(f"x{n}\n" for n in range(9)),
    "d/y": "".join(f"y{n}\n" for n in range(9)),
    "d/e/z": "".join(f"z{n}\n" for n in range(9)),
    "f/w": "".join(f"w{n}\n" for n in range(9)),
}


class Workbench:
    """A repository in which changes are made without a worktree."""

    def __init__(self, git: Git) -> None:
        self.git = git
        self._numbers = iter(range(1, 1_000_000))
        self.main = self.commit(BASE)

    def commit(self, files: Files, *parents: str) -> str:
        """A commit with exactly these files."""
        index = {"GIT_INDEX_FILE": str(self.git.folder / f"index-{next(self._numbers)}")}
        rows = [f"100644 {self._blob(text)}\t{path}\0" for path, text in files.items()]
        self.git.text("update-index", "-z", "--add", "--index-info", stdin="".join(rows).encode(), env=index)
        tree = self.git.text("write-tree", env=index)
        return self.git.commit_tree(tree, parents=parents, message="m", author=ME, committer=ME, when=WHEN)

    def _blob(self, text: str) -> str:
        return self.git.text("hash-object", "-w", "--stdin", stdin=text.encode())

    def trials(self, folder: Path, tip: str, stack: ExitStack) -> Trials:
        """Trials on a commit, in a repository of their own."""
        return Trials(stack.enter_context(trial_repository(self.git, folder)), tip)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    """A repository with some files in folders."""
    folder = tmp_path_factory.mktemp("merge-trials")
    git = Git(folder)
    git.text("init", "--quiet", "--bare", ".")
    return Workbench(git)


@pytest.fixture
def made(bench: Workbench, tmp_path: Path) -> Iterator[Callable[[str], Trials]]:
    """`made(tip)`: trials on that commit."""
    with ExitStack() as stack:
        yield lambda tip: bench.trials(tmp_path / "trials", tip, stack)


def change(number: int, head: str, **fields: object) -> TriedChange:
    """A change that passed its gates."""
    known = {"ticket_id": f"t{number}", "branch": f"factory/t{number}", "lines": 1, "in_batch": True}
    known |= {"verdict": Verdict.PASS, "priority": Priority.MEDIUM}
    return TriedChange.model_validate({"merge_request": number, "head": head, **known, **fields})


def edited(files: Files, seed: int) -> Files:
    """The files after some random edits: lines, additions, removals, renames of files and of folders, a file in a folder's place."""
    chance, found = random.Random(seed), dict(files)  # noqa: S311 - the same seed, the same edits
    for _ in range(chance.randint(1, 3)):
        path = chance.choice(sorted(found))
        folder = path.rpartition("/")[0]
        match chance.choice(("line", "line", "add", "below", "remove", "rename", "folder", "flat")):
            case "line":
                rows = found[path].splitlines(keepends=True)
                rows[chance.randrange(len(rows))] = f"{chance.randint(1, 3)} new\n"
                found[path] = "".join(rows)
            case "add":
                found[f"{folder}/n{chance.randint(1, 2)}".lstrip("/")] = f"{chance.randint(1, 2)}\n"
            case "below":
                found[f"g{chance.randint(1, 2)}/n"] = "new\n"
            case "remove" if len(found) > 1:
                del found[path]
            case "rename":
                found[f"{folder}/r{chance.randint(1, 2)}".lstrip("/")] = found.pop(path)
            case "folder" if folder:
                top = folder.split("/")[0]
                found = {(f"moved{each}" if each.startswith(f"{top}/") else each): text for each, text in found.items()}  # fmt: skip
            case _ if f"g{path[-1]}/n" not in found:
                found["g1"] = "a file where others have a folder\n"
    heads = {each.rpartition("/")[0] for each in found}
    return {path: text for path, text in found.items() if path not in heads}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seeds=st.lists(st.integers(0, 10**6), min_size=2, max_size=5), moved=st.none() | st.integers(0, 10**6))
def test_pairs_that_are_not_tried_do_not_conflict(
    bench: Workbench, tmp_path_factory: pytest.TempPathFactory, seeds: list[int], moved: int | None
) -> None:
    """Asking git about every pair finds the same conflicts, renames, folders and a branch that went on included."""
    tip = bench.main if moved is None else bench.commit(edited(BASE, moved), bench.main)
    changes = [
        change(place, bench.commit(edited(BASE, seed), bench.main)) for place, seed in enumerate(seeds, start=1)
    ]  # fmt: skip
    with ExitStack() as stack:
        trials = bench.trials(tmp_path_factory.mktemp("trials"), tip, stack)
        _, arrivals = trials.arrive(changes)
        found = {clash.pair for clash in trials.pairs(arrivals).clashes}
        every = {
            frozenset({one.change.merge_request, two.change.merge_request})
            for one, two in combinations(arrivals, 2)
            if not trials.git.merge(one.commit, two.change.head).clean
        }
    assert found == every


def test_a_stack_is_one_chain_and_explains_the_conflicts_above_it(
    bench: Workbench, made: Callable[[str], Trials]
) -> None:
    """A change and what is built on it are no pair; whoever conflicts with the lower one conflicts through it."""
    lower = bench.commit(BASE | {"a": BASE["a"].replace("4", "lower")}, bench.main)
    upper = bench.commit(BASE | {"a": BASE["a"].replace("4", "lower"), "n": "new\n"}, lower)
    other = bench.commit(BASE | {"a": BASE["a"].replace("4", "other")}, bench.main)
    trials = made(bench.main)
    tried, arrivals = trials.arrive([change(1, lower), change(2, upper), change(3, other)])
    clashes = {clash.pair: clash for clash in trials.pairs(arrivals).clashes}
    assert [each.below for each in tried] == [None, 1, None]
    assert {*clashes} == {frozenset({1, 3}), frozenset({2, 3})}
    assert clashes[frozenset({1, 3})].files == ("a",)
    assert clashes[frozenset({1, 3})].through is None
    assert clashes[frozenset({2, 3})].through == 1


def test_what_the_target_branch_brought_since_counts(bench: Workbench, made: Callable[[str], Trials]) -> None:
    """A change that conflicts with the newest commit is named by itself, and is in no pair."""
    late = bench.commit(BASE | {"a": BASE["a"].replace("4", "late")}, bench.main)
    fine = bench.commit(BASE | {"n": "new\n"}, bench.main)
    tip = bench.commit(BASE | {"a": BASE["a"].replace("4", "main")}, bench.main)
    trials = made(tip)
    tried, arrivals = trials.arrive([change(1, late), change(2, fine)])
    assert [each.conflicts for each in tried] == [("a",), ()]
    assert [each.change.merge_request for each in arrivals] == [2]
    assert trials.pairs(arrivals).clashes == ()


def test_the_candidate_holds_what_merges_and_says_why_the_rest_is_left_out(
    bench: Workbench, made: Callable[[str], Trials]
) -> None:
    """A conflict with what stands before it; a stack on something left out; histories come in only with their changes."""
    one = bench.commit(BASE | {"a": BASE["a"].replace("4", "one")}, bench.main)
    two = bench.commit(BASE | {"a": BASE["a"].replace("4", "two")}, bench.main)
    three = bench.commit(BASE | {"a": BASE["a"].replace("4", "two"), "n": "new\n"}, two)
    four = bench.commit(BASE | {"m": "new\n"}, bench.main)
    trials = made(bench.main)
    tried, _ = trials.arrive([change(1, one), change(2, two), change(3, three), change(4, four)])
    candidate = trials.candidate(tried)
    assert candidate.merged == (1, 4)
    assert {each.merge_request: each.reason for each in candidate.left_out} == {
        2: "it conflicts with what stands before it in a",
        3: "it is built on !2, which is left out",
    }
    assert candidate.commit
    assert trials.git.show(candidate.commit, "m") == "new\n"
    assert "one" in (trials.git.show(candidate.commit, "a") or "")
    only = trials.candidate(tried[2:], {2: "its gates failed"})
    assert only.merged == (4,)


def test_a_head_without_common_history_is_told_and_spoils_nothing(
    bench: Workbench, made: Callable[[str], Trials]
) -> None:
    """Git refuses that one; the others are tried all the same."""
    stranger = bench.commit({"a": "alone\n"})
    fine = bench.commit(BASE | {"n": "new\n"}, bench.main)
    tried, arrivals = made(bench.main).arrive([change(1, stranger), change(2, fine)])
    assert "no history" in tried[0].problem
    assert not tried[0].arrives
    assert [each.change.merge_request for each in arrivals] == [2]


def test_a_head_that_nobody_has_any_more_is_left_as_it_is(
    bench: Workbench, made: Callable[[str], Trials]
) -> None:
    """Whoever asks knows that its branch moved; the others are tried."""
    fine = bench.commit(BASE | {"n": "new\n"}, bench.main)
    gone = change(1, "0" * 40, problem="its branch is elsewhere by now")
    trials = made(bench.main)
    tried, arrivals = trials.arrive([gone, change(2, fine)])
    assert tried[0] == gone
    assert [each.change.merge_request for each in arrivals] == [2]


def test_nothing_is_left_in_the_project_repository(bench: Workbench, tmp_path: Path) -> None:
    """Objects of the trials go with their own repository."""
    one = bench.commit(BASE | {"a": BASE["a"].replace("4", "alpha")}, bench.main)
    two = bench.commit(BASE | {"f/w": "changed\n"}, bench.main)
    before = bench.git.text("count-objects")
    with ExitStack() as stack:
        trials = bench.trials(tmp_path / "trials", bench.main, stack)
        candidate = trials.candidate(trials.arrive([change(1, one), change(2, two)])[0])
        assert candidate.merged == (1, 2)
    assert bench.git.text("count-objects") == before
    assert not (tmp_path / "trials").exists()
