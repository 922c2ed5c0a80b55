"""GitLab's CODEOWNERS."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_factory.review import codeowners

FILE = r"""
# comment
* @everyone
*.rb @ruby @group/rails
/docs/ docs@example.org
/config/* @ops
lib/ @lib   # inline comment
path\ with\ spaces/ @space
\#file @hash
README.md @@maintainer

[Database][2] @dba @sql
model/db/
config/db/ @ops
!model/db/generated/

^[Optional] @opt
*.css

[database]
schema.sql
"""


@pytest.mark.parametrize(
    ("path", "owners"),
    [
        ("main.c", ("@everyone",)),
        ("a/b.rb", ("@ruby", "@group/rails")),
        ("docs/deep/x.md", ("docs@example.org",)),
        ("other/docs/x.md", ("@everyone",)),
        ("config/app.yml", ("@ops",)),
        ("config/deep/app.yml", ("@everyone",)),
        ("src/lib/x.c", ("@lib",)),
        ("path with spaces/x", ("@space",)),
        ("#file", ("@hash",)),
        ("docs/README.md", ("@@maintainer",)),
        ("model/db/x.py", ("@everyone", "@dba", "@sql")),
        ("model/db/generated/x.py", ("@everyone",)),
        ("config/db/x.yml", ("@everyone", "@ops")),
        ("a.css", ("@everyone", "@opt")),
        ("schema.sql", ("@everyone",)),
    ],
)
def test_the_last_match_of_each_section_owns(path: str, owners: tuple[str, ...]) -> None:
    """Patterns, defaults of a section, optional sections, exclusions, escapes."""
    assert codeowners.parse(FILE).owners(path) == owners


def test_an_empty_file_owns_nothing() -> None:
    """No rules, no owners."""
    assert codeowners.parse("").owners("a") == ()


def test_a_huge_file_is_bounded() -> None:
    """Lines beyond the bound and of absurd length do not count."""
    rules = codeowners.parse("a @b\n" * 100_000 + "z @z\n")
    assert rules.owners("z") == ()
    assert codeowners.parse("*" * 1_000_000).owners("z") == ()


@given(st.text(alphabet="*/[]^!\\# @ab.\n\t2", max_size=200), st.sampled_from(["a", "a/b", "b/a.b"]))
def test_no_file_breaks_the_reader(text: str, path: str) -> None:
    """Whatever stands in it, owners are words that look like owners."""
    for owner in codeowners.parse(text).owners(path):
        assert "@" in owner
        assert " " not in owner
