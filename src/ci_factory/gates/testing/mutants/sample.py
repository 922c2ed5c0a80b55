"""A bounded sample of mutants, spread over lines and operators; the same change gives the same sample. Pure."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable

from ci_factory.gates.testing.mutants.mutant import Mutant


def sample(mutants: Iterable[Mutant], size: int, seed: str, works: Callable[[Mutant], bool]) -> list[Mutant]:
    """At most `size`: again and again from the line, and then the operator, of which the fewest were taken.

    Only those that are programs (`works`) are taken.
    """
    left = sorted(mutants, key=lambda each: _rank(each, seed))
    lines: Counter[tuple[str, int]] = Counter()
    kinds: Counter[str] = Counter()
    taken: list[Mutant] = []
    while left and len(taken) < size:
        best = min(left, key=lambda each: (lines[each.path, each.line], kinds[each.operator]))
        left.remove(best)
        if not works(best):
            continue
        taken.append(best)
        lines[best.path, best.line] += 1
        kinds[best.operator] += 1
    return sorted(taken, key=lambda each: (each.path, each.line, each.start, each.after))


def _rank(mutant: Mutant, seed: str) -> str:
    text = f"{seed}\0{mutant.path}\0{mutant.line}\0{mutant.operator}\0{mutant.start}\0{mutant.text}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
