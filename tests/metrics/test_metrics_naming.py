"""What texts name: read strictly, and quickly whatever they are."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_factory.metrics import naming
from ci_factory.model import trailers


@given(st.text(alphabet=st.sampled_from("a1.-/!#: \nfRT"), max_size=300))
@settings(max_examples=100)
def test_any_text_can_be_read(text: str) -> None:
    """What is found are bounded lists of names that stand in the text."""
    for named in (naming.mentions(text, "a/a"), naming.mends(text, "a/a"), naming.reverts(text, "a/a")):
        assert all(f"!{iid}" in text or f"/{iid}" in text for iid in named.requests)
        assert all(each in text for each in (*named.commits, *named.tickets))
        assert max(map(len, named)) <= 2 * naming.MOST


@pytest.mark.parametrize(
    "piece",
    ["a.", "a/", "-a/b", "!1", "#1a", "https://a/", "https://a/b/-/", "Fixes: ", "a1b2c3d", "fixup! "],
)
def test_texts_that_are_made_to_take_long_do_not(piece: str) -> None:
    """A hundred thousand characters of anything take a moment."""
    text, before = piece * (100_000 // len(piece)), time.process_time()
    naming.mentions(text, "a/b", "a")
    naming.mends(text)
    naming.reverts(text)
    naming.closes(text)
    trailers.read(text)
    assert time.process_time() - before < 2


def test_trailers_are_read_strictly() -> None:
    """One of each, batch and ticket that can be such; a second value takes the first one's credit."""
    assert trailers.generation("x\n\nGeneration-ID: b-1/7\n") == ("b-1", "7")
    assert trailers.generation("* feat: x\n\nGeneration-ID: b-1/7\n\n* fixup\n") == ("b-1", "7")
    assert trailers.generation("Generation-ID: b-1/7\nGeneration-ID: b-1/7") == ("b-1", "7")
    for bad in (
        "Generation-ID: b/1\nGeneration-ID: b/2",
        "Generation-ID: ../1",
        "Generation-ID: b/../1",
        "Generation-ID:b/1",
        "",
    ):
        assert trailers.generation(bad) is None, bad
