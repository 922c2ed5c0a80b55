"""Text by strangers, made safe."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_factory.model.text import escape_markdown, hidden_characters, plain

HOSTILE = st.text(
    alphabet=st.one_of(
        st.sampled_from(
            "\\`*_[]{}()<>|~$^#!&@%/-+=: \n\r\t\x1b\x9b\u2028\u202e\u200b\ufeff.0123ab\U000e0041"
        ),
        st.characters(),
    ),
    max_size=200,
)
LIMITS = st.integers(min_value=1, max_value=80)


@given(HOSTILE, LIMITS)
def test_plain_is_one_bounded_line_of_visible_characters(text: str, limit: int) -> None:
    """Whatever comes in, a terminal gets one line, no longer than asked, with nothing to obey."""
    line = plain(text, limit)
    assert len(line) <= limit
    assert line.splitlines() in ([], [line])
    assert not [c for c in line if unicodedata.category(c).startswith("C")]


@given(HOSTILE)
def test_plain_twice_is_plain_once(text: str) -> None:
    """Cleaning a clean line changes nothing."""
    assert plain(plain(text, 60), 60) == plain(text, 60)


@given(HOSTILE, LIMITS)
def test_markdown_signs_are_all_escaped(text: str, limit: int) -> None:
    """After escapes and entities are read away, no sign is left that Markdown, HTML or GitLab would act upon."""
    line = escape_markdown(text, limit=limit)
    rest = re.sub(r"\\[!-/:-@\[-`{-~]|&(?:lt|gt|amp|#8203);", "", line)
    assert not re.search(r"[\\`*_\[\]{}()<>|~$^#!&%]", rest)
    assert not re.search(r"@\w|\w@(?!&#8203;)|://|www\.", line, re.IGNORECASE)
    assert not re.match(r"[-+=/:#>]|\d+[.)]|\s", line)
    assert len(line.splitlines()) <= 1


@given(st.text(alphabet="abc xyz,.'\"", max_size=60))
def test_plain_words_stay_as_they_are(text: str) -> None:
    """Text without signs is not made uglier."""
    assert escape_markdown(text, limit=100) == " ".join(text.split())


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("/merge", r"\/merge"),
        ("hello\u2028/approve", "hello /approve"),
        ("@all look", "@&#8203;all look"),
        ("Closes #1, see !2 and &3", r"Closes \#&#8203;1, see \!&#8203;2 and &amp;&#8203;3"),
        ("a|b", r"a\|b"),
        ("<details>", "&lt;details&#8203;&gt;"),
        ("![x](https://evil.example/a)", r"\!\[&#8203;x\]\(https:&#8203;//evil.example/a\)"),
        ("1. first", r"1\. first"),
        ("- item", r"\- item"),
        ("Done!", r"Done\!"),
    ],
)
def test_known_tricks_lose_their_effect(text: str, escaped: str) -> None:
    """Quick actions, mentions, references, tables, HTML, images and lists become text."""
    assert escape_markdown(text, limit=200) == escaped


def test_ansi_and_log_sections_leave_nothing() -> None:
    """Colours, titles and log sections vanish as a whole, not only their first byte."""
    text = "\x1b[31mred\x1b[0m \x1b]0;title\x07ok section_start:1:x\r\x1b[0K end"
    assert plain(text, 80) == "red ok 1:x end"


def test_a_megabyte_is_cut_quickly_and_visibly() -> None:
    """Long text is cut with an ellipsis, also when its start shows nothing."""
    assert plain("x" * 1_000_000, 10) == "x" * 9 + "…"
    assert plain("\u200b" * 1_000_000, 10) == "…"


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("plain text,\ttabs\r\nand lines", ()),
        ("family \U0001f468\u200d\U0001f469\u200d\U0001f467 and heart \u2764\ufe0f", ()),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", ()),
        ("ig\u200bnore", ("zero-width",)),
        ("a\u200db", ("zero-width",)),
        ("abc\u202edcba", ("bidirectional control",)),
        ("hi\U000e0068\U000e0069", ("tag",)),
        ("bell\x07", ("control",)),
    ],
)
def test_hidden_characters_are_named_by_kind(text: str, kinds: tuple[str, ...]) -> None:
    """What hides is named; emoji and scripts that need joiners are not accused."""
    assert hidden_characters(text) == kinds
