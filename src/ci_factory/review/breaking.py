"""Finds the smallest set of changes that make a test fail together. Pure but for what it asks.

The changes stand in an order, all of them fail, none of them passes. Bisection finds the first change with which what
stands before it fails: it is needed. It stays, and the search goes on before it for the next one that is needed, until what
was kept fails by itself. That is at most `(s + 1) (log2 n + 1)` questions for a set of s among n, so a pair among 200 takes
about a dozen, and no question is asked twice. Where failing is monotonic (who fails still fails with more changes) no member
of the set can be left out; where it is not, the set still fails as it is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ci_factory.errors import FactoryError

Fails = Callable[[tuple[int, ...]], bool]
"""Whether these changes, merged in this order, make the test fail."""


class OutOfRuns(FactoryError):
    """There was no run, or no time, left."""


class Unfinished(FactoryError):
    """The search ended early; what it knows to be needed is told."""

    def __init__(self, needed: tuple[int, ...], why: str) -> None:
        """Take what was found so far."""
        super().__init__(why)
        self.needed = needed


def smallest(items: Sequence[int], fails: Fails) -> tuple[int, ...]:
    """The members of a smallest failing set, in the order of `items`, which fail together.

    Raises:
        Unfinished: `fails` raised `OutOfRuns`.
    """
    asked = _Asked(fails, {tuple(items): True, (): False})
    kept: tuple[int, ...] = ()
    rest = tuple(items)
    try:
        while not asked.fails(kept):
            length = asked.shortest(rest, kept)
            kept, rest = (rest[length - 1], *kept), rest[: length - 1]
    except OutOfRuns as error:
        raise Unfinished(kept, error.what) from error
    return kept


@dataclass(frozen=True)
class _Asked:
    """Asks nothing twice."""

    ask: Fails
    answers: dict[tuple[int, ...], bool]

    def fails(self, subset: tuple[int, ...]) -> bool:
        if subset not in self.answers:
            self.answers[subset] = self.ask(subset)
        return self.answers[subset]

    def shortest(self, rest: tuple[int, ...], kept: tuple[int, ...]) -> int:
        """The size of a beginning of `rest` that fails with `kept`, while one less does not; none fails, all do."""
        least, most = 0, len(rest)
        while most - least > 1:
            middle = (least + most) // 2
            least, most = (least, middle) if self.fails((*rest[:middle], *kept)) else (middle, most)
        return most
