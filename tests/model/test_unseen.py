"""What readers of a ticket do not see is taken out of its text; what they see stays, to the letter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_factory.model.unseen import shown

PIECES = (
    "<!--",
    "-->",
    "`",
    "``",
    "```\n",
    "~~~\n",
    "\n",
    "[x]: ",
    "[x]",
    "(t)",
    '"',
    "<a b=c>",
    "<?",
    "?>",
    "x ",
    "[^1]: ",
    "    ",
)


@pytest.mark.parametrize(
    ("text", "expected", "pieces"),
    [
        ("a <!-- x --> b", "a  b", 1),
        ("a\n<!-- never closed\nrest", "a\n", 1),
        ("- <!-- never closed in a list", "- ", 1),
        ("a word <!-- never closed", "a word <!-- never closed", 0),
        ("[//]: # (said to nobody)\ntext", "text", 1),
        ('[//]: #\n  "over\nlines"\ntext', "text", 1),
        ('see [a][r]\n\n[r]: http://x.example "a title"\n', "see [a][r]\n\n[r]: http://x.example\n", 0),
        (
            "x [^1]\n\n[^1]: used\n    more\n\n[^2]: unused\n    more\nend",
            "x [^1]\n\n[^1]: used\n    more\n\nend",
            1,
        ),
        ("<style>x</style><SCRIPT>y</script >z</script>b", "b", 2),
        ("<!DOCTYPE x>a<![CDATA[x]]>b<?php x ?>c", "abc", 3),
        ('<img src="a" alt="x">', "<img>", 0),
    ],
)
def test_what_no_reader_sees_is_taken_out(text: str, expected: str, pieces: int) -> None:
    """Comments, definitions that nothing uses, scripts and attributes go; how many pieces that were is told."""
    assert shown(text) == (expected, pieces)


@pytest.mark.parametrize(
    "text",
    [
        "`<!--` and <b> and List<String> and a < b",
        "```html\n<!-- shown -->\n[x]: y\n```\n",
        "~~~~\n<!-- shown\n~~~\n~~~~\n",
        "`` a ` <!-- b --> ``",
        "- [x] done\n- [ ] to do\n",
        "a[0]: 1\n<https://x.example/?a=b>",
    ],
)
def test_what_readers_see_stays(text: str) -> None:
    """Code, plain signs and check boxes are as they were."""
    assert shown(text) == (text, 0)


@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), max_size=20).map("".join))
def test_a_second_look_adds_nothing_to_read(text: str) -> None:
    """Whatever comes in, what comes out is no longer, and holds no whole comment outside of code."""
    once, _ = shown(text)
    assert len(once) <= len(text)
    assert "<!-- x -->" not in shown(f"{once}\n\n<!-- x -->")[0] or "`" in once or "~~~" in once
