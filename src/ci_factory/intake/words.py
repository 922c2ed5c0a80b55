"""Plain words: those of a ticket, of paths and of commit messages, compared by how rare they are."""

import functools
import heapq
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

_WORD = re.compile(r"[A-Za-z][a-z]+|[A-Z]{2,}(?![a-z])")
_SHORTEST = 3
_MOST = 400
"""Words of one text that are compared."""
_COMMON, _FEW = 0.1, 20
"""A word in more than this share of the texts, when there are more than a few, tells nothing about which is meant."""
_NO_WORDS = frozenset(
    re.findall(
        r"\w+",
        "about add added adds after all also and any are because been before but can change changed changes does done "
        "each every file files fix fixed fixes for from get has have how into its make makes more must need needs new "
        "not now one only other our out over place same see set should some src test tests than that the their them "
        "then there these they this those through update updated use used uses was were what when where which while "
        "who why will with without work works would you your",
    )
)
"""Words that tell nothing about where a change is made."""


def words(text: str) -> tuple[str, ...]:
    """The telling words of a text, in lower case and without a plural's s, each once; `PriceList` is two."""
    found = (word.lower() for word in _WORD.findall(text))
    telling = (_singular(word) for word in found if len(word) >= _SHORTEST and word not in _NO_WORDS)
    return tuple(dict.fromkeys(telling))[:_MOST]


@functools.lru_cache(maxsize=4)
def in_paths(files: frozenset[str]) -> Mapping[str, tuple[str, ...]]:
    """Word -> files with it in their path, sorted; the same tree is read once."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(files):
        for word in words(path):
            found[word].append(path)
    return {word: tuple(paths) for word, paths in found.items()}


class Likeness:
    """Cosine of tf-idf vectors between a text and many known ones (Salton and Buckley, 1988), each word counted once."""

    def __init__(self, texts: Iterable[str]) -> None:
        """Index the texts by their words."""
        bags = [words(text) for text in texts]
        self._places: dict[str, list[int]] = defaultdict(list)
        for place, bag in enumerate(bags):
            for word in bag:
                self._places[word].append(place)
        self._weight = {word: math.log(1 + len(bags) / len(at)) for word, at in self._places.items()}
        self._common = max(_FEW, len(bags) * _COMMON)
        self._unseen = math.log(1 + len(bags))
        self._lengths = [self._length(bag) for bag in bags]

    def to(self, text: str, most: int) -> list[tuple[int, float]]:
        """(place, likeness 0 to 1) of the texts that are most like it, the most alike first, the first of equals."""
        bag = words(text)
        length = self._length(bag)
        shared: dict[int, float] = defaultdict(float)
        for word in bag:
            places = self._places.get(word, ())
            for place in places if len(places) <= self._common else ():
                shared[place] += self._weight[word] ** 2
        alike = [(-value / (length * self._lengths[place]), place) for place, value in shared.items()]
        return [(place, -less) for less, place in heapq.nsmallest(most, alike)]

    def _length(self, bag: Iterable[str]) -> float:
        return math.sqrt(math.fsum(self._weight.get(word, self._unseen) ** 2 for word in bag))


def _singular(word: str) -> str:
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > _SHORTEST else word
