"""Which pairs git is asked about, and which of two conflicts people have to look at."""

from ci_factory.model.merge_truth import Clash
from ci_factory.review.merging import Footprint, explained, folders_of, suspects


def touching(number: int, *paths: str, **fields: frozenset[str] | frozenset[int]) -> Footprint:
    """A change of these paths."""
    return Footprint(number, frozenset(paths), **fields)  # type: ignore[arg-type]  # names of fields


def test_changes_of_one_path_are_suspects_in_the_order_given() -> None:
    """Three that meet are three pairs; one that touches something else is in none."""
    prints = [touching(9, "a.py"), touching(2, "a.py", "b.py"), touching(5, "c.py"), touching(7, "a.py")]
    assert suspects(prints) == [(9, 2), (9, 7), (2, 7)]


def test_a_change_and_what_it_is_built_on_are_no_suspects() -> None:
    """One holds the other; a change that it holds and that is not here changes nothing."""
    prints = [touching(1, "a.py"), touching(2, "a.py", holds=frozenset({1, 99})), touching(3, "a.py")]
    assert suspects(prints) == [(1, 3), (2, 3)]


def test_a_file_and_a_folder_of_the_same_name_meet() -> None:
    """One adds the file, the other adds something deep below it."""
    file = touching(1, "shop", added=frozenset({"shop"}))
    below = touching(2, "shop/cart/a.py", added=frozenset({"shop/cart/a.py"}))
    assert suspects([file, below]) == [(1, 2)]


def test_a_file_in_a_folder_that_the_other_emptied_meets_it() -> None:
    """Git takes the folder for renamed; a change that does both by itself meets nobody."""
    emptied = touching(1, "old/a.py", "new/a.py", vanished=frozenset({"old"}))
    adding = touching(2, "old/b.py", added=frozenset({"old/b.py"}))
    both = touching(3, "x/b.py", added=frozenset({"x/b.py"}), vanished=frozenset({"x"}))
    assert suspects([emptied, adding, both]) == [(1, 2)]


def test_folders_are_told_from_the_deepest_without_the_root() -> None:
    """A file in the root lies in none."""
    assert list(folders_of("a/b/c.py")) == ["a/b", "a"]
    assert list(folders_of("c.py")) == []


def test_a_conflict_is_explained_by_the_lowest_change_that_has_all_of_its_files() -> None:
    """3 is built on 2 and 1; 1 conflicts with 9 in the same file, so there is nothing new about 3 and 9."""
    clashes = [
        Clash(first=1, second=9, files=("a.py", "b.py")),
        Clash(first=2, second=9, files=("a.py",)),
        Clash(first=9, second=3, files=("a.py",)),
    ]
    holds = {2: frozenset({1}), 3: frozenset({1, 2})}
    assert [each.through for each in explained(clashes, holds)] == [None, 1, 1]


def test_a_conflict_in_a_file_of_its_own_is_not_explained() -> None:
    """The change below conflicts elsewhere."""
    clashes = [Clash(first=1, second=9, files=("a.py",)), Clash(first=2, second=9, files=("a.py", "c.py"))]
    assert [each.through for each in explained(clashes, {2: frozenset({1})})] == [None, None]
