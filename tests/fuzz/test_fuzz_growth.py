"""Long inputs: two seconds at most for a megabyte, whatever is repeated in it."""

from collections.abc import Iterator
from itertools import islice

import pytest

from tests.fuzz.guard import findings
from tests.fuzz.target import CUT, Target
from tests.fuzz.targets import TARGETS

_EVERYWHERE = (" ", "\n", "a", "0", "\u00e9", "\x00")


def _long(target: Target, size: int) -> Iterator[tuple[str, bytes]]:
    """Words repeated, alone and behind the beginning of a good input, whose format they then fit; last, pairs of words."""
    starts = [b"", *(data[: len(data) // 2] for _, data in islice(target.inputs(), 2))]
    pairs = (first + second for first, second in zip(target.words, target.words[1:], strict=False))
    for word in (*target.words, *_EVERYWHERE, *pairs):
        bare = word.encode("utf-8", "surrogatepass")
        for start in starts:
            yield f"{start[:20]!r} and {word!r}", start + bare * (size // len(bare))


@pytest.mark.parametrize("name", TARGETS)
def test_a_long_input_is_read_in_time(name: str) -> None:
    """A fifth of a megabyte of the format's first word ends in 2 s of processor time, in bounded memory."""
    assert findings(TARGETS[name], islice(_long(TARGETS[name], TARGETS[name].grows // 5), 1)) == []


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", TARGETS)
def test_every_long_input_is_read_in_time(name: str) -> None:
    """The same of a megabyte of every word and pair of words, also behind good beginnings."""
    assert findings(TARGETS[name], _long(TARGETS[name], TARGETS[name].grows)) == []


def test_a_name_that_no_system_can_hold_is_no_crash() -> None:
    """Git keeps file names that are longer than an argument of a program may be; the policy refuses them by name."""
    entry = b"100644" + CUT + b"a/" * 70_000 + CUT + b"content"
    assert findings(TARGETS["git-tree"], [("a long name", entry)]) == []
