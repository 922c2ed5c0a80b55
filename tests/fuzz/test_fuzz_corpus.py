"""What is kept of fuzzing, tried again: good inputs, and those that once broke a promise."""

from functools import partial

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz.guard import findings, tried
from tests.fuzz.target import Target
from tests.fuzz.targets import TARGETS

_KEPT = {name: [b"", *(data for _, data in each.inputs())] for name, each in TARGETS.items()}
_MOST = 4096


@pytest.mark.parametrize("name", TARGETS)
def test_no_kept_input_breaks_a_promise(name: str) -> None:
    """A parser takes each of its kept inputs or says no in words, in 2 s of processor time and little memory."""
    assert findings(TARGETS[name], [("empty", b""), *TARGETS[name].inputs()]) == []


def _edit(draw: st.DrawFn, target: Target, data: bytes) -> bytes:
    """One of the changes that make bad inputs out of good ones."""
    start = draw(st.integers(0, len(data)))
    end = draw(st.integers(start, min(len(data), start + 64)))
    words = st.sampled_from([word.encode("utf-8", "surrogatepass") for word in target.words] or [b""])
    fresh = draw(
        st.one_of(
            words, words.map(lambda word: word * 30), st.binary(max_size=8), st.just(data[start:end] * 3)
        )
    )
    return data[:start] + fresh + data[end:]


@st.composite
def _broken(draw: st.DrawFn) -> tuple[Target, bytes]:
    """A target, and one of its kept inputs after some edits."""
    target = TARGETS[draw(st.sampled_from(sorted(TARGETS)))]
    data = draw(st.sampled_from(_KEPT[target.name]))[:_MOST]
    for _ in range(draw(st.integers(1, 4))):
        data = _edit(draw, target, data)
    return target, data


def _keeps_its_promise(broken: tuple[Target, bytes]) -> None:
    target, data = broken
    assert tried(target, data) == "", target.name


_settings = partial(
    settings,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@_settings(max_examples=400)
@seed(9)
@given(_broken())
def test_edited_inputs_break_no_promise(broken: tuple[Target, bytes]) -> None:
    """Words of the format, repetitions and odd bytes in a good input make no parser crash or hang."""
    _keeps_its_promise(broken)


@pytest.mark.long
@_settings(max_examples=40_000)
@given(_broken())
def test_many_edited_inputs_break_no_promise(broken: tuple[Target, bytes]) -> None:
    """The same with a hundred times as many, others each time."""
    _keeps_its_promise(broken)
