"""Path patterns by strangers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_factory.model import globs

SEGMENTS = st.sampled_from(["a", "b", "c.py", "*", "**", "*.py", "[ab]", "a?", "[!a]", "[z-a]", "***x*y*z*"])
PATTERNS = st.lists(SEGMENTS, min_size=1, max_size=9).map("/".join)
PATHS = st.lists(st.sampled_from(["a", "b", "c.py", "ab", "d"]), min_size=1, max_size=5).map("/".join)


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("src/*.py", "src/a.py", True),
        ("src/*.py", "src/sub/a.py", False),
        ("src/**", "src/sub/a.py", True),
        ("src/", "src/sub/a.py", True),
        ("src/", "src", False),
        ("**/a.py", "a.py", True),
        ("**/a.py", "x/y/a.py", True),
        ("src/**/a.py", "src/a.py", True),
        ("a?c/[!x].py", "abc/y.py", True),
        ("a?c/[!x].py", "abc/x.py", False),
        ("[a-c].py", "b.py", True),
        ("[z-a].py", "b.py", False),
        ("a+b.py", "a+b.py", True),
        ("[", "[", True),
    ],
)
def test_patterns_match_as_documented(pattern: str, path: str, *, expected: bool) -> None:
    """Stars stay within a segment, two stars cross folders, a slash at the end means everything below."""
    assert globs.matches(pattern, path) is expected


@pytest.mark.parametrize(
    ("given_", "cleaned"),
    [
        ("./src//a.py ", "src/a.py"),
        ("*.py", "**/*.py"),
        ("src/", "src/"),
        ("../a", ""),
        (" ", ""),
        ("a/../b", ""),
    ],
)
def test_cleaning_keeps_the_meaning(given_: str, cleaned: str) -> None:
    """Dots and doubled slashes go; what leaves the root is nothing."""
    assert globs.clean(given_) == cleaned


@given(PATTERNS, PATHS)
def test_a_match_lies_below_the_prefix(pattern: str, path: str) -> None:
    """What a pattern matches is its prefix or below it: the index may look there only."""
    prefix = globs.parse(pattern).prefix
    if globs.matches(pattern, path):
        assert not prefix or path == prefix or path.startswith(f"{prefix}/")


@given(st.text(alphabet="ab/*?[]!-^\\&~|.", max_size=40), PATHS)
def test_no_pattern_breaks_the_matcher(pattern: str, path: str) -> None:
    """Any text is a pattern; none raises."""
    globs.matches(pattern, path)
    globs.parse(globs.clean(pattern))


def test_a_pattern_too_wild_to_match_quickly_covers_its_folder() -> None:
    """Backtracking is refused beforehand; the answer errs on the side of overlap."""
    wild = "src/" + "*a" * 40
    assert globs.parse(wild).whole
    assert globs.matches(wild, "src/" + "a" * 200 + "b")
    assert not globs.matches(wild, "docs/a")
